/** How many columns a text takes on a terminal: wide letters take two, marks on letters none. Cutting and padding count these, not characters. */

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
const MARK = /\p{M}/u
const PLAIN = /^[\x20-\x7e]*$/

const widthOf = (character: string): number => (MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1)

export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  for (const character of text) width += widthOf(character)
  return width
}

/** At most `width` columns; what is missing is told by a dot-dot-dot. */
export function cut(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  return width <= 1 ? takeColumns(text, width).head : `${takeColumns(text, width - 1).head}…`
}

export const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - textWidth(text)))

/** Lines of at most `width` columns, broken at blanks where there are any. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && textWidth(line) + 1 + textWidth(word) <= width) {
      line += ` ${word}`
      continue
    }
    if (line !== '') lines.push(line)
    let rest = word
    while (textWidth(rest) > width) {
      const { head, tail } = takeColumns(rest, width)
      lines.push(head)
      rest = tail
    }
    line = rest
  }
  if (line !== '' || lines.length === 0) lines.push(line)
  return lines
}

/**
 * Lines of at most `width` columns that put together are the text again, for what is shown exactly as it is. Broken behind a blank where one stands in
 * the last third of a line.
 */
export function chop(text: string, width: number): string[] {
  const lines: string[] = []
  let rest = text
  while (textWidth(rest) > width) {
    const { head } = takeColumns(rest, width)
    const blank = head.lastIndexOf(' ') + 1
    const line = rest[head.length] !== ' ' && blank > (head.length * 2) / 3 ? head.slice(0, blank) : head
    lines.push(line)
    rest = rest.slice(line.length)
  }
  return [...lines, rest]
}

/** Always takes one character at least, so that a loop over what is left ends. */
function takeColumns(text: string, width: number): { head: string; tail: string } {
  let used = 0
  let length = 0
  for (const character of text) {
    used += widthOf(character)
    if (used > width && length > 0) break
    length += character.length
  }
  return { head: text.slice(0, length), tail: text.slice(length) }
}
