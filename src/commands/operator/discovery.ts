/**
 * Looks for servers that could be imported: scans, reads, and compares with what is registered. Nothing is recorded, nothing is run; secrets stay where
 * they cannot be printed.
 */
import { type Adjustment, adjustFound } from '../../domain/discovery/adjust-found.ts'
import type { FileFindings, FoundServer, Remark } from '../../domain/discovery/found.ts'
import { readClientFile } from '../../domain/discovery/read-client-file.ts'
import { readNpmPackage } from '../../domain/discovery/read-npm-package.ts'
import { readRegistry } from '../../domain/discovery/read-registry.ts'
import type { ConfigScan, ScannedFile } from '../../domain/ports/config-scan.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { RegisteredServer } from '../../domain/server/state.ts'
import { transportKey } from '../../domain/server/transport-key.ts'
import type { EventLog } from '../event-log.ts'
import { knownServers } from './known-servers.ts'

export type Discovery = Readonly<{
  candidates: readonly Candidate[]
  /** Every file that was read or could not be, with what is wrong with it. */
  files: readonly Readonly<{ path: string; servers: number; problems: readonly Remark[]; notes: readonly Remark[] }>[]
}>

export type Candidate = Readonly<{
  /** The same as long as the entry stands in the same file. */
  id: string
  /** Of what would be registered, without the values of secrets. Another one: it is not what somebody has looked at. */
  digest: string
  found: FoundServer
  duplicateOf: Duplicate | undefined
}>

export type Duplicate = Readonly<{
  of: 'server' | 'candidate'
  id: string
  name: string
  because: 'same-transport' | 'same-name'
}>

export type Discover = (options?: Readonly<{ signal?: AbortSignal }>) => Promise<Discovery>

export type DiscoveryTools = Readonly<{ scan: ConfigScan; log: EventLog; ids: Ids; hash: Hash }>

export const createDiscover =
  ({ scan, log, ids, hash }: DiscoveryTools): Discover =>
  async (options) => {
    const scanned = await scan.scan(options)
    const taken = new Set<string>()
    const files = scanned.map((file) => {
      const { path } = file
      if (file.kind === 'problem') {
        return { path, servers: [], problems: [{ field: '', rule: file.rule, says: file.says }], notes: [] }
      }
      const { format, folder, text } = file
      return { path, ...readFile({ path, format, folder, text }, taken) }
    })
    const known = await knownServers(log)
    const candidates: Candidate[] = []
    for (const found of files.flatMap(({ servers }) => servers)) {
      const id = ids.derived('candidate', found.source.path, found.source.entry)
      const duplicateOf = duplicateAmong(found, { known, candidates, hash })
      candidates.push({ id, digest: digestOf(found, hash), found, duplicateOf })
    }
    return { candidates, files: files.map(({ servers, ...file }) => ({ ...file, servers: servers.length })) }
  }

function readFile({ path, format, folder, text }: Omit<TextFile, 'kind'>, taken: Set<string>): FileFindings {
  switch (format) {
    case 'npm-package':
      return readNpmPackage({ path, folder, text }, taken)
    case 'registry':
      return readRegistry({ path, text }, taken)
    default:
      return readClientFile({ path, format, text }, taken)
  }
}

type TextFile = Extract<ScannedFile, { kind: 'text' }>

/** `secrets` cannot be printed, and their files are named in the configuration, so all of this may be shown. */
export const digestOf = ({ name, source, config, changes, problems }: FoundServer, hash: Hash): string =>
  hash.sha256(JSON.stringify([name, source, config ?? null, changes, problems]))

export function duplicateAmong(
  found: FoundServer,
  { known, candidates = [], hash }: Readonly<{ known: readonly RegisteredServer[]; candidates?: readonly Candidate[]; hash: Hash }>,
): Duplicate | undefined {
  const key = found.config && transportKey(found.config.transport, hash)
  const sameServer = known.find(({ config }) => transportKey(config.transport, hash) === key)
  if (sameServer) return { of: 'server', id: sameServer.serverId, name: sameServer.name, because: 'same-transport' }
  const sameName = known.find(({ name }) => name === found.name)
  if (sameName) return { of: 'server', id: sameName.serverId, name: sameName.name, because: 'same-name' }
  const other = candidates.find(({ found: { config } }) => config && transportKey(config.transport, hash) === key)
  return other && { of: 'candidate', id: other.id, name: other.found.name, because: 'same-transport' }
}

/** A candidate as somebody chose it. */
export type Choice = Readonly<{
  candidateId: string
  /** Of the preview that was looked at. Absent: whatever is there now. */
  digest?: string
  /** Import it although it is a duplicate of one that is registered. Its name must be free in any case. */
  evenIfDuplicate?: boolean
}> &
  Adjustment

export type Chosen =
  | Readonly<{ kind: 'chosen'; found: FoundServer; duplicateOf: Duplicate | undefined }>
  | Readonly<{ kind: 'refused'; name: string | undefined; rule: string; says: string }>

export function choose(
  { candidates }: Discovery,
  choice: Choice,
  { known, hash }: Readonly<{ known: readonly RegisteredServer[]; hash: Hash }>,
): Chosen {
  const candidate = candidates.find(({ id }) => id === choice.candidateId)
  if (!candidate) return { kind: 'refused', name: undefined, rule: 'candidate-unknown', says: 'is not there any more; scan again' }
  const { name } = candidate.found
  if (choice.digest !== undefined && choice.digest !== candidate.digest) {
    return { kind: 'refused', name, rule: 'candidate-changed-since', says: 'is not what was looked at; scan again' }
  }
  const found = adjustFound(candidate.found, choice)
  const duplicateOf = duplicateAmong(found, { known, hash })
  if (duplicateOf && !(choice.evenIfDuplicate && duplicateOf.because === 'same-transport')) return { kind: 'chosen', found, duplicateOf }
  if (found.problems.length > 0) {
    const says = found.problems.map(({ field, rule, says }) => `${field} (${rule}) ${says}`).join('; ')
    return { kind: 'refused', name: found.name, rule: found.problems[0]?.rule ?? 'server-config-invalid', says }
  }
  return { kind: 'chosen', found, duplicateOf: undefined }
}
