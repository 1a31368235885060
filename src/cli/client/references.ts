/**
 * How a person names a thing: by its name where it has one, by its id, or by the end of its id as tables show it. What is found by none of these is
 * handed to the API as it is, which knows best what does not exist.
 */
import { usageError } from '../exit-code.ts'
import type { StewardClient } from './client.ts'
import { fetchList } from './lists.ts'

type Kind = Readonly<{ noun: string; path: string; hasName: boolean; all?: Readonly<Record<string, string>> }>

export const kinds = {
  anomaly: { noun: 'anomaly', path: '/api/v1/anomalies', hasName: false },
  approval: { noun: 'approval', path: '/api/v1/approvals', hasName: false },
  command: { noun: 'command', path: '/api/v1/commands', hasName: false },
  fingerprint: { noun: 'fingerprint', path: '/api/v1/fingerprints', hasName: false },
  host: { noun: 'host', path: '/api/v1/hosts', hasName: true },
  incident: { noun: 'incident', path: '/api/v1/incidents', hasName: false },
  key: { noun: 'key', path: '/api/v1/keys', hasName: true },
  operation: { noun: 'operation', path: '/api/v1/operations', hasName: false },
  target: { noun: 'target', path: '/api/v1/targets', hasName: true },
} as const satisfies Record<string, Kind>

const FULL_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const END_OF_ID = /^[0-9a-f-]{4,35}$/
/** Among how many of the newest the end of an id is looked for. */
const LOOKED_AT = 500

type Named = Readonly<{ id: string; name?: string }>

export async function idOf(client: StewardClient, kind: Kind, given: string): Promise<string> {
  if (FULL_ID.test(given)) return given
  if (kind.hasName) {
    const query = kind.path === kinds.key.path ? {} : { name: given }
    const { items } = await fetchList<Named>(client, kind.path, query, { limit: kind.path === kinds.key.path ? LOOKED_AT : 1 })
    const named = items.find(({ name }) => name === given)
    if (named !== undefined) return named.id
  }
  if (!END_OF_ID.test(given)) return given
  const { items } = await fetchList<Named>(client, kind.path, {}, { limit: LOOKED_AT })
  const ending = items.filter(({ id }) => id.endsWith(given))
  if (ending.length > 1) throw usageError(`${ending.length} ids end in ${given}; write more of it`)
  return ending[0]?.id ?? given
}

export const pathOf = (kind: Kind, id: string, rest = ''): string => `${kind.path}/${encodeURIComponent(id)}${rest}`
