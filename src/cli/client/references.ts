/**
 * How a person names a thing: by its name where it has one, by its id, or by the end of its id as tables show it. What is found by none of these is
 * handed to the API as it is, which knows best what does not exist.
 */
import { usageError } from '../exit-code.ts'
import type { StewardClient } from './client.ts'
import { fetchList } from './lists.ts'

type Kind = Readonly<{ path: string; hasName: boolean }>

export const kinds = {
  anomaly: { path: '/api/v1/anomalies', hasName: false },
  approval: { path: '/api/v1/approvals', hasName: false },
  command: { path: '/api/v1/commands', hasName: false },
  event: { path: '/api/v1/events', hasName: false },
  fingerprint: { path: '/api/v1/fingerprints', hasName: false },
  host: { path: '/api/v1/hosts', hasName: true },
  incident: { path: '/api/v1/incidents', hasName: false },
  key: { path: '/api/v1/keys', hasName: true },
  operation: { path: '/api/v1/operations', hasName: false },
  target: { path: '/api/v1/targets', hasName: true },
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

/** An approval, or the newest of an incident: who has just read about the incident has that id at hand. */
export async function approvalOf(client: StewardClient, given: string): Promise<string> {
  const id = await idOf(client, kinds.approval, given)
  if (id !== given) return id
  const incidentId = await idOf(client, kinds.incident, given)
  if (!FULL_ID.test(incidentId)) return id
  const { items } = await fetchList<Named>(client, kinds.approval.path, { incident_id: incidentId }, { limit: 1 })
  return items[0]?.id ?? id
}

export const pathOf = (kind: Kind, id: string, rest = ''): string => `${kind.path}/${encodeURIComponent(id)}${rest}`

/** `target-web` and `incident-9c1d02ab` for the stream of that target and that incident. Other names are taken as they are. */
export async function streamOf(client: StewardClient, given: string): Promise<string> {
  const [, category = '', rest = ''] = /^([a-z]+)-(.+)$/.exec(given) ?? []
  const kind = Object.entries(kinds).find(([name]) => name === category)?.[1]
  return kind === undefined ? given : `${category}-${await idOf(client, kind, rest)}`
}
