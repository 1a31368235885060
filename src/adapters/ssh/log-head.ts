/**
 * The first bytes of a log file: they name its generation and prove, after an outage, that a file is the one that was read.
 * The name depends on the first line only (or on the first 1024 bytes of a longer one), so it is the same whenever the file is looked at.
 */
import { createHash } from 'node:crypto'
import type { LogCursor } from '../../domain/ports/remote-host.ts'

export const HEAD_BYTES = 1024
const NEWLINE = 0x0a

export type FileIdentity = Readonly<{ device: string; inode: string }>

export type LogHeadReader = Readonly<{
  /** Bytes of the file from `offset` on; only those that continue the head are taken. */
  extend(offset: number, bytes: Buffer): void
  /** Undefined until the first line is whole: before, there is nothing to report either. */
  generation(): string | undefined
  /** A place in this file. */
  cursor(offset: number): LogCursor
}>

/** Whether a file that begins with these bytes is the one of the cursor. */
export const isHeadOf = ({ head }: LogCursor, first: Buffer): boolean =>
  head.lengthBytes === 0 || sha256(first.subarray(0, head.lengthBytes)) === head.sha256

/** `known`: the file is one that was read before, under this name, and keeps it. */
export function createLogHead(file: FileIdentity, first: Buffer, known?: LogCursor): LogHeadReader {
  let head = first.subarray(0, HEAD_BYTES)

  function generation(): string | undefined {
    if (known !== undefined && known.head.lengthBytes > 0) return known.generation
    const newline = head.indexOf(NEWLINE)
    if (newline === -1 && head.length < HEAD_BYTES) return undefined
    return `${file.device}-${file.inode}-${sha256(newline === -1 ? head : head.subarray(0, newline + 1)).slice(0, 16)}`
  }

  return {
    extend(offset, bytes) {
      if (head.length >= HEAD_BYTES || offset > head.length) return
      head = Buffer.concat([head, bytes.subarray(head.length - offset)]).subarray(0, HEAD_BYTES)
    },
    generation,
    cursor(offset) {
      // Only what lies before the cursor can be relied on not to change.
      const lengthBytes = Math.min(offset, head.length)
      const { device, inode } = known !== undefined && known.head.lengthBytes > 0 ? known : file
      return {
        generation: generation() ?? nameless({ device, inode }),
        device,
        inode,
        offset,
        head: { lengthBytes, sha256: sha256(head.subarray(0, lengthBytes)) },
      }
    },
  }
}

/** The beginning of a file of which nothing was read yet. */
export const beginningOf = (file: FileIdentity): LogCursor => ({
  generation: nameless(file),
  ...file,
  offset: 0,
  head: { lengthBytes: 0, sha256: sha256(Buffer.alloc(0)) },
})

/** There was no file at all: whatever appears is read from its beginning. */
export const beforeEverything: LogCursor = beginningOf({ device: '', inode: '' })

function nameless({ device, inode }: FileIdentity): string {
  return `${device}-${inode}-0`
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
