/**
 * Which file to read next, and whether something was lost before it. Pure: what a survey found and what was read before decide, nothing else.
 * Reading a file twice is harmless; reading one not at all is not. So in doubt a rotated file is read.
 */
import type { GapReason, LogCursor } from '../../domain/ports/remote-host.ts'
import { beginningOf, type FileIdentity } from './log-head.ts'
import { compareChanged, type LogFile, type Survey } from './log-survey.ts'

export type Choice =
  /** `known`: the file is the one of the cursor, and keeps its name. */
  | Readonly<{ kind: 'read'; file: LogFile; offset: number; known: LogCursor | undefined; mode: 'live' | 'finished' }>
  /** Begin behind the newest line. */
  | Readonly<{ kind: 'read-from-end'; file: LogFile }>
  /** Bytes after the cursor are gone. Choose again from `next`. */
  | Readonly<{ kind: 'gap'; reason: GapReason; next: LogCursor | undefined }>
  /** There is nothing to read. */
  | Readonly<{ kind: 'wait' }>

/** What was read before. */
export type Progress = Readonly<{
  cursor: LogCursor | undefined
  /** The file of the cursor was read to its end; when it had last changed, as far as is known. */
  done: Readonly<{ changed: string }> | undefined
  /** The last files that were read to their end in this run. */
  finished: readonly FileIdentity[]
  start: 'oldest' | 'end'
}>

export function choose({ here, beside }: Survey, { cursor, done, finished, start }: Progress): Choice {
  const rotated = beside.filter((file) => file.rotated && !finished.some((read) => isSame(read, file)))
  if (cursor === undefined) {
    if (start === 'oldest') return fromBeginning(rotated[0] ?? here, here)
    return here === undefined ? { kind: 'wait' } : { kind: 'read-from-end', file: here }
  }
  if (cursor.inode === '') return fromBeginning(here, here)

  const newerThan = (moment: string) => rotated.filter(({ changed }) => compareChanged(changed, moment) >= 0)
  if (done !== undefined) return fromBeginning(newerThan(done.changed)[0] ?? here, here)
  const all = here === undefined ? beside : [here, ...beside]
  const mine = all.find((file) => file.inode === cursor.inode && isContinued(file, cursor)) ?? copyOf(cursor, beside)
  if (mine !== undefined) {
    // The last one before the present file may still have its writer, so it is left only when the present one speaks.
    const over = mine !== here && newerThan(mine.changed).some((file) => file !== mine)
    return { kind: 'read', file: mine, offset: cursor.offset, known: cursor, mode: over ? 'finished' : 'live' }
  }
  if (here !== undefined && here.inode === cursor.inode) {
    return { kind: 'gap', reason: here.size < cursor.offset ? 'truncated' : 'replaced', next: beginningOf(here) }
  }
  // Nothing was read of that file, and it is gone: nothing of it was ever promised.
  const oldest = rotated[0] ?? here
  const next = oldest === undefined ? undefined : beginningOf(oldest)
  return { kind: 'gap', reason: rotated.length > 0 ? 'rotated-away' : 'replaced', next }
}

function fromBeginning(file: LogFile | undefined, here: LogFile | undefined): Choice {
  if (file === undefined) return { kind: 'wait' }
  return { kind: 'read', file, offset: 0, known: undefined, mode: file === here ? 'live' : 'finished' }
}

const isContinued = (file: LogFile, { offset, head }: LogCursor): boolean =>
  file.size >= offset && (head.lengthBytes === 0 || file.headSha256 === head.sha256)

/** Rotation by copytruncate leaves the text under another inode. The newest copy is the longest. */
const copyOf = (cursor: LogCursor, beside: readonly LogFile[]): LogFile | undefined =>
  cursor.head.lengthBytes === 0 ? undefined : beside.findLast((file) => file.rotated && isContinued(file, cursor))

const isSame = (a: FileIdentity, b: FileIdentity): boolean => a.device === b.device && a.inode === b.inode
