/**
 * Bytes into lines, with the exact offset of each. Memory is bounded: of a line that is too long only the beginning is kept, and offsets stay true.
 */
export type Line = Readonly<{
  text: string
  offset: number
  /** Where the next line begins. */
  endOffset: number
  cut: boolean
}>

export type LineSplitter = Readonly<{
  /** The lines that these bytes complete. */
  push(bytes: Buffer): Line[]
  /** The last line of a file that ends without a newline. */
  flush(): Line[]
  /** Behind the last whole line. */
  offset(): number
}>

const NEWLINE = 0x0a

export function createLineSplitter({ offset, maxLineBytes }: { offset: number; maxLineBytes: number }): LineSplitter {
  let start = offset
  /** Of the line that is not complete yet: what is kept, and how long it is. */
  let kept: Buffer[] = []
  let keptBytes = 0
  let lengthBytes = 0

  function keep(bytes: Buffer): void {
    lengthBytes += bytes.length
    const room = bytes.subarray(0, maxLineBytes - keptBytes)
    if (room.length === 0) return
    kept.push(room)
    keptBytes += room.length
  }

  function complete(terminatorBytes: number): Line {
    const cut = lengthBytes > keptBytes
    const bytes = Buffer.concat(kept)
    const endOffset = start + lengthBytes + terminatorBytes
    const line = { text: (cut ? withoutHalfCharacter(bytes) : bytes).toString('utf8'), offset: start, endOffset, cut }
    start = endOffset
    kept = []
    keptBytes = 0
    lengthBytes = 0
    return line
  }

  return {
    push(bytes) {
      const lines: Line[] = []
      let from = 0
      for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
        keep(bytes.subarray(from, at))
        lines.push(complete(1))
        from = at + 1
      }
      if (from < bytes.length) keep(bytes.subarray(from))
      return lines
    },
    flush: () => (lengthBytes === 0 ? [] : [complete(0)]),
    offset: () => start,
  }
}

/** Cutting must not make an invalid character of a valid one: drops an unfinished sequence of UTF-8 at the end. */
function withoutHalfCharacter(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return bytes
    if (byte >= 0xc0) return lengthOf(byte) > back ? bytes.subarray(0, bytes.length - back) : bytes
  }
  return bytes
}

const lengthOf = (lead: number): number => (lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2)
