/** As much of a terminal as `top` uses: what somebody sees after these bytes. What it does not know fails the test. */
const ESC = '\x1b'
const PART = new RegExp(`${ESC}\\[([?0-9;]*)([A-Za-z])|[^${ESC}]+`, 'g')

export type Seen = Readonly<{ lines: readonly string[]; isAlternate: boolean; isCursorShown: boolean }>

export function seenAfter(bytes: string): Seen {
  let lines: string[] = []
  let row = 0
  let isAlternate = false
  let isCursorShown = true
  for (const [part, parameters = '', final] of bytes.matchAll(PART)) {
    switch (final === undefined ? 'text' : `${/^\?/.test(parameters) ? parameters : ''}${final}`) {
      case 'text':
        if (!isAlternate) break
        lines[row] = (lines[row] ?? '') + part
        break
      case '?1049h':
        isAlternate = true
        break
      case '?1049l':
        isAlternate = false
        break
      case '?25l':
        isCursorShown = false
        break
      case '?25h':
        isCursorShown = true
        break
      case 'H':
        row = Math.max(0, Number(parameters.split(';')[0] || 1) - 1)
        // Whatever is drawn goes to the end of its line.
        lines[row] = ''
        break
      case 'J':
        lines = parameters === '2' ? [] : lines.slice(0, row)
        break
      case 'K':
      case 'm':
        break
      default:
        throw new Error(`the terminal does not know ${JSON.stringify(part)}`)
    }
  }
  return { lines: Array.from(lines, (line) => line ?? ''), isAlternate, isCursorShown }
}
