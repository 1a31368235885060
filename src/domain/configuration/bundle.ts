/**
 * A backup of the configuration: one JSON document that says which log it was made from, at which position, and has a checksum over all of it. Holds
 * references to secrets, never secrets.
 */
import { canonicalJson } from '../canonical-json.ts'
import type { Hash } from '../ports/hash.ts'
import type { Json } from '../ports/json.ts'
import { type DocumentProblem, DocumentReader } from './document-reader.ts'
import { type DescribedServer, readServers } from './read-servers.ts'

export const BUNDLE_SCHEMA = 'mcp-steward/configuration'
export const BUNDLE_VERSION = 1

export type BundleContent = Readonly<{
  schema: typeof BUNDLE_SCHEMA
  schemaVersion: typeof BUNDLE_VERSION
  log: Readonly<{ logId: string; namespace: string; position: string }>
  exportedAt: string
  servers: readonly DescribedServer[]
}>

export type Bundle = BundleContent & Readonly<{ checksum: string }>

/** `sha256:` and SHA-256 over the canonical JSON (RFC 8785) of everything else. */
export function sealBundle(content: BundleContent, hash: Hash): Bundle {
  return { ...content, checksum: checksumOf(asJson({ ...content }), hash) }
}

const checksumOf = (content: Json, hash: Hash): string => `sha256:${hash.sha256(canonicalJson(content))}`

export type OpenedBundle =
  | Readonly<{ kind: 'bundle'; bundle: Bundle; foreign: boolean }>
  | Readonly<{ kind: 'damaged'; problems: readonly DocumentProblem[] }>

const MEMBERS = ['schema', 'schemaVersion', 'log', 'exportedAt', 'servers', 'checksum']

/**
 * @param logId of the log it is to be restored into; a bundle of another one is foreign.
 * @param acceptForeign a person knows that it was made from another log. Its literals are looked at as those of any document from outside.
 */
export function openBundle(
  value: unknown,
  { hash, logId, acceptForeign = false }: Readonly<{ hash: Hash; logId: string; acceptForeign?: boolean }>,
): OpenedBundle {
  const reader = new DocumentReader()
  const damaged = (): OpenedBundle => ({ kind: 'damaged', problems: reader.problems })
  const members = reader.object(value, 'bundle')
  if (!members) return damaged()
  if (members['schema'] !== BUNDLE_SCHEMA) {
    reader.wrong('schema', 'not-a-bundle', `must be ${BUNDLE_SCHEMA}: this is no backup of a configuration`)
    return damaged()
  }
  if (members['schemaVersion'] !== BUNDLE_VERSION) {
    reader.wrong('schemaVersion', 'schema-version', `must be ${BUNDLE_VERSION}: it was made by another version of Steward`)
    return damaged()
  }
  const { checksum, ...content } = members
  if (typeof checksum !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(checksum)) {
    reader.wrong('checksum', 'checksum-missing', 'must be sha256: and 64 hexadecimal digits')
  } else if (isJson(content)) {
    const computed = checksumIn(content, hash)
    if (computed !== checksum) {
      reader.wrong(
        'checksum',
        'checksum-mismatch',
        `the content was changed or cut since it was exported: it has ${computed ?? 'no checksum at all'}`,
      )
    }
  } else reader.wrong('bundle', 'type', 'holds what is no JSON')
  for (const unknown of Object.keys(members).filter((name) => !MEMBERS.includes(name)))
    reader.wrong(unknown, 'unknown-member', 'is not known')
  const log = reader.object(members['log'], 'log', ['logId', 'namespace', 'position'])
  const from = log && {
    logId: reader.text(log['logId'], 'log.logId'),
    namespace: reader.text(log['namespace'], 'log.namespace'),
    position: reader.text(log['position'], 'log.position'),
  }
  if (from?.position !== undefined && !/^\d{1,19}$/.test(from.position))
    reader.wrong('log.position', 'position', 'must be a decimal number')
  const foreign = from?.logId !== undefined && from.logId !== logId
  if (foreign && !acceptForeign) {
    reader.wrong(
      'log.logId',
      'foreign-bundle',
      `was made from log ${from.logId}, and this is ${logId}; say that it is meant to be restored here`,
    )
  }
  const exportedAt = reader.text(members['exportedAt'], 'exportedAt')
  const { servers, problems } = readServers(members['servers'], { literals: foreign ? 'refused' : 'trusted' })
  reader.problems.push(...problems)
  if (reader.problems.length > 0 || typeof checksum !== 'string' || exportedAt === undefined) return damaged()
  if (from?.logId === undefined || from.namespace === undefined || from.position === undefined) return damaged()
  const { namespace, position } = from
  const read: BundleContent = {
    ...{ schema: BUNDLE_SCHEMA, schemaVersion: BUNDLE_VERSION },
    ...{ log: { logId: from.logId, namespace, position }, exportedAt, servers },
  }
  return { kind: 'bundle', bundle: { ...read, checksum }, foreign }
}

function checksumIn(content: Json, hash: Hash): string | undefined {
  try {
    return checksumOf(content, hash)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

const isJson = (value: unknown): value is Json => {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return true
  if (Array.isArray(value)) return value.every(isJson)
  return typeof value === 'object' && Object.values(value).every(isJson)
}

/** Plain JSON all through; interfaces of readonly parts only do not say so. */
const asJson = (content: BundleContent): Json => JSON.parse(JSON.stringify(content))
