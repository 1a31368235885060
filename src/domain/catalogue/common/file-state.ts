/**
 * The state of a file as far as a rollback must bring it back: kind, bytes, mode, owner, link target, attributes.
 * One vector is read before the snapshot, again after the steps, and again after a restore; comparing them is the proof.
 */

export type FileKind = 'file' | 'directory' | 'link' | 'other' | 'missing' | 'unseen'

export type FileState = Readonly<{
  path: string
  /** `unseen`: the account may not look there, so nothing is known. */
  kind: FileKind
  /** Octal, without leading zeros, as `stat -c %a` prints it. Empty when missing or unseen, like the fields below. */
  mode: string
  uid: number
  gid: number
  sizeBytes: number
  /** Seconds since 1970, fractions cut. */
  modifiedAt: number
  changedAt: number
  link: string
  /** Of regular files that were asked for by name and can be read; else empty. */
  sha256: string
  /** Digest over the extended attributes; empty when the host has no `getfattr`, and then it is not compared. */
  attributes: string
}>

export type FileStates = Readonly<{
  files: readonly FileState[]
  /** Trees of which not all entries were read. */
  cut: readonly string[]
}>

export type FileDifference = Readonly<{ path: string; field: ComparedField; before: string; after: string }>
type ComparedField = (typeof comparedFields)[number]
const comparedFields = ['kind', 'mode', 'uid', 'gid', 'link', 'sha256', 'attributes'] as const

/** What is not as it was. Times are left out: they tell that somebody worked there, not what the file is. Unseen is a difference: it proves nothing. */
export function differences(before: readonly FileState[], after: readonly FileState[]): readonly FileDifference[] {
  const now = new Map(after.map((state) => [state.path, state]))
  return before.flatMap((was) => {
    const is = now.get(was.path)
    if (is === undefined || is.kind === 'unseen') return [{ path: was.path, field: 'kind', before: was.kind, after: 'unseen' } as const]
    return comparedFields.flatMap((field) => {
      const [a, b] = [String(was[field]), String(is[field])]
      const comparable = field !== 'attributes' || (a !== '' && b !== '')
      return a === b || !comparable ? [] : [{ path: was.path, field, before: a, after: b }]
    })
  })
}
