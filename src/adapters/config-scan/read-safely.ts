/**
 * Reads one small text file that somebody else may have put there: bounded before the first byte, never a pipe or a device, and never anything outside
 * the directories, whatever its links say.
 */
import { constants } from 'node:fs'
import { type FileHandle, open, realpath, stat } from 'node:fs/promises'
import { sep } from 'node:path'
import type { ScanRule } from '../../domain/ports/config-scan.ts'

export type ReadResult =
  | Readonly<{ kind: 'text'; text: string; realPath: string }>
  | Readonly<{ kind: 'problem'; rule: ScanRule; says: string }>

export type ReadLimits = Readonly<{
  /** Real paths. */
  within: readonly string[]
  maxBytes: number
}>

export async function readSafely(path: string, { within, maxBytes }: ReadLimits): Promise<ReadResult> {
  try {
    const real = await realpath(path)
    if (!isBelow(real, within)) return problem('outside-directories', 'leads outside of the directories that may be looked into')
    // Asked before it is opened as well: opening alone can have effects on a device.
    if (!(await stat(real)).isFile()) return problem('not-a-regular-file', 'is a pipe, a socket, a device or a directory')
    await using file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const opened = await file.stat()
    if (!opened.isFile()) return problem('not-a-regular-file', 'is a pipe, a socket, a device or a directory')
    // The name may have come to mean something else between the two calls.
    const named = await stat(await realpath(path))
    if (named.ino !== opened.ino || named.dev !== opened.dev) return problem('changed-while-read', 'was replaced while it was being read')
    if (opened.size > maxBytes) return problem('too-large', `has ${opened.size} bytes; at most ${maxBytes} are read`)
    const bytes = await readUpTo(file, maxBytes + 1)
    if (bytes.length > maxBytes) return problem('too-large', `has more than ${maxBytes} bytes`)
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), realPath: real }
  } catch (error) {
    return problemOf(error)
  }
}

export const isBelow = (path: string, directories: readonly string[]): boolean =>
  directories.some((directory) => path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep))

/** The size that was told may be none, as of files that are made while they are read. */
async function readUpTo(file: FileHandle, most: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  while (length < most) {
    const buffer = Buffer.alloc(Math.min(65_536, most - length))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null)
    if (bytesRead === 0) break
    parts.push(buffer.subarray(0, bytesRead))
    length += bytesRead
  }
  return Buffer.concat(parts)
}

/** What the operating system says, as a rule; its own message may hold anything. */
export function problemOf(error: unknown): Extract<ReadResult, { kind: 'problem' }> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'ELOOP':
      return problem('symlink-loop', 'is a link that leads back to itself')
    case 'EACCES':
    case 'EPERM':
      return problem('permission-denied', 'may not be read by the user that Steward runs as')
    case 'ENOENT':
    case 'ENOTDIR':
      return problem('missing', 'is not there, or is a link to nothing')
    case 'ENXIO':
      return problem('not-a-regular-file', 'is a pipe, a socket, a device or a directory')
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return problem('not-utf-8', 'is not UTF-8 text')
    default:
      return problem('unreadable', `cannot be read${typeof code === 'string' ? ` (${code})` : ''}`)
  }
}

const problem = (rule: ScanRule, says: string) => ({ kind: 'problem', rule, says }) as const
