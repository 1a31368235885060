/** Breaks text into lines that fit a screen. A word longer than a line is cut, so nothing ever runs over the edge. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    let rest = word
    if (line !== '' && line.length + 1 + rest.length <= width) {
      line += ` ${rest}`
      continue
    }
    if (line !== '') lines.push(line)
    while (rest.length > width) {
      lines.push(rest.slice(0, width))
      rest = rest.slice(width)
    }
    line = rest
  }
  if (line !== '' || lines.length === 0) lines.push(line)
  return lines
}

/** Wrapped, each line behind spaces; the first behind `label`, which takes the same room. */
export function wrapBehind(label: string, text: string, width: number): string[] {
  const room = Math.max(20, width - label.length)
  return wrap(text, room).map((line, index) => (index === 0 ? label : ' '.repeat(label.length)) + line)
}
