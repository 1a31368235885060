/** Asks for the states of files, and reads what `read-file-states.sh` prints. A stream that does not parse to its last byte proves nothing: undefined. */
import type { Output, Program } from '../program.ts'
import type { FileKind, FileState, FileStates } from './file-state.ts'
import { decodeFields } from './nul-fields.ts'

export type Watched = Readonly<{ path: string; scope: 'one' | 'tree' }>

/** The most entries that are read of all trees together: what a baseline holds, and what fits into the output of one program. */
const TREE_LIMIT = 2_000

export const readFileStates = (watched: readonly Watched[], limit: number = TREE_LIMIT): Program => ({
  kind: 'script',
  script: 'common/read-file-states.sh',
  args: [String(limit), ...watched.flatMap(({ scope, path }) => [scope, path])],
})

/** Undefined when the output proves nothing. */
export function parseFileStates(output: Output): FileStates | undefined {
  if (output.kind !== 'text' || output.exitCode !== 0) return undefined
  return parseRecords(output.stdout)
}

const kinds: Readonly<Record<string, FileKind>> = { f: 'file', d: 'directory', l: 'link' }

function parseRecords(base64: string): FileStates | undefined {
  const fields = decodeFields(base64)
  if (fields === undefined) return undefined
  const files = new Map<string, FileState>()
  const cut: string[] = []
  let at = 0
  while (at < fields.length) {
    const tag = fields[at]
    const width = widths[tag ?? '']
    if (width === undefined) return undefined
    const record = fields.slice(at + 1, at + width)
    if (record.length !== width - 1) return undefined
    at += width
    const path = record.at(-1) ?? ''
    if (tag === 'S') {
      const state = stateOf(record)
      if (state === undefined) return undefined
      files.set(path, state)
    } else if (tag === 'H') {
      const sha256 = path.slice(0, 64)
      const of = path.slice(66)
      const state = files.get(of)
      if (state === undefined || !/^[0-9a-f]{64}$/.test(sha256)) return undefined
      files.set(of, { ...state, sha256 })
    } else if (tag === 'X') {
      const state = files.get(path)
      if (state === undefined) return undefined
      files.set(path, { ...state, attributes: record[0] ?? '' })
    } else if (tag === 'T') {
      cut.push(path)
    } else {
      files.set(path, nothing(path, tag === 'M' ? 'missing' : 'unseen'))
    }
  }
  return { files: [...files.values()], cut }
}

/** Fields of each record, tag included. */
const widths: Readonly<Record<string, number>> = { S: 10, H: 2, X: 3, M: 2, U: 2, T: 2 }

function stateOf(record: readonly string[]): FileState | undefined {
  const [type = '', mode = '', uid, gid, size, modified, changed, link = '', path = ''] = record
  const numbers = [uid, gid, size, modified, changed].map((text) => Math.floor(Number(text)))
  const [uidNumber, gidNumber, sizeBytes, modifiedAt, changedAt] = numbers
  if (!/^[0-7]{1,4}$/.test(mode) || numbers.some(Number.isNaN)) return undefined
  if (uidNumber === undefined || gidNumber === undefined || sizeBytes === undefined || modifiedAt === undefined || changedAt === undefined)
    return undefined
  return {
    path,
    kind: kinds[type] ?? 'other',
    mode,
    uid: uidNumber,
    gid: gidNumber,
    sizeBytes,
    modifiedAt,
    changedAt,
    link,
    sha256: '',
    attributes: '',
  }
}

const nothing = (path: string, kind: 'missing' | 'unseen'): FileState => ({
  path,
  kind,
  mode: '',
  uid: -1,
  gid: -1,
  sizeBytes: 0,
  modifiedAt: 0,
  changedAt: 0,
  link: '',
  sha256: '',
  attributes: '',
})
