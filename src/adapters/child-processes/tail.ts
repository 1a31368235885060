/** The end of a stream of bytes, in at most so many bytes; a quiet program costs nothing. */

export type Tail = Readonly<{
  push(bytes: Buffer): void
  /** Whole lines only, unless the last line alone is too long. */
  text(): string
}>

const NEWLINE = 0x0a
const FIRST_BYTES = 4_096

export function createTail(maxBytes: number): Tail {
  let ring: Buffer = Buffer.alloc(0)
  let kept = 0
  let cut = false

  function push(bytes: Buffer): void {
    const news = bytes.length > maxBytes ? bytes.subarray(bytes.length - maxBytes) : bytes
    if (kept + bytes.length > maxBytes) cut = true
    if (kept + news.length > ring.length) makeRoom(news.length)
    news.copy(ring, kept)
    kept += news.length
  }

  /** Twice as much as is kept, so that moving what stays is rare. */
  function makeRoom(forBytes: number): void {
    const staying = ring.subarray(Math.max(0, kept + forBytes - maxBytes), kept)
    const needed = staying.length + forBytes
    const size = Math.min(Math.max(FIRST_BYTES, needed * 2), maxBytes * 2)
    const roomier = size > ring.length ? Buffer.allocUnsafeSlow(size) : ring
    staying.copy(roomier, 0)
    kept = staying.length
    ring = roomier
  }

  return {
    push,
    text() {
      const bytes = ring.subarray(Math.max(0, kept - maxBytes), kept)
      const newline = cut ? bytes.indexOf(NEWLINE) : -1
      return (newline === -1 || newline === bytes.length - 1 ? bytes : bytes.subarray(newline + 1)).toString('utf8')
    },
  }
}
