/**
 * How a person names a thing: by its name where it has one, by its id, or by the end of its id as tables show it (its beginning will do too). What is
 * found by none of these is handed to the API as it is, which knows best what does not exist.
 */
import { usageError } from '../exit-code.ts'
import { ApiRefusal } from './api-refusal.ts'
import type { StewardClient } from './client.ts'
import { fetchList } from './lists.ts'
import type { StewardEvent } from './shapes.ts'

export type Kind = Readonly<{ path: string; hasName: boolean }>

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
  server: { path: '/api/v1/servers', hasName: true },
  target: { path: '/api/v1/targets', hasName: true },
} as const satisfies Record<string, Kind>

export const FULL_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const PART_OF_ID = /^[0-9a-f-]{4,35}$/
/** Among how many of the newest a part of an id is looked for. */
const LOOKED_AT = 500

type Named = Readonly<{ id: string; name?: string; service?: string }>

const idText = ({ id, service }: Named): string => (service === undefined ? id : `${id} (${service})`)
/** That are shown, where several have one name. */
const MOST_NAMED = 10

export async function idOf(client: StewardClient, kind: Kind, given: string): Promise<string> {
  if (FULL_ID.test(given)) return given
  if (kind.hasName) {
    const query = kind.path === kinds.key.path ? {} : { name: given }
    const { items } = await fetchList<Named>(client, kind.path, query, { limit: kind.path === kinds.key.path ? LOOKED_AT : MOST_NAMED })
    const named = items.filter(({ name }) => name === given)
    // The target of a managed server has the name of the server, which may be that of a target on a host as well: never one of them for the other.
    if (named.length > 1 && kind.path === kinds.target.path)
      throw usageError(`several have the name ${given}; take one by its id: ${named.map(idText).join(', ')}`)
    if (named[0] !== undefined) return named[0].id
  }
  if (!PART_OF_ID.test(given)) return given
  const { items } = await fetchList<Named>(client, kind.path, {}, { limit: LOOKED_AT })
  const alike = items.filter(({ id }) => id.endsWith(given) || id.startsWith(given))
  if (alike.length > 1) throw usageError(`${alike.length} ids begin or end with ${given}; write more of it`)
  return alike[0]?.id ?? given
}

/**
 * For an id that goes into a filter or a body, where the API would find nothing or speak of a field: what does not exist is told here, by the name
 * that was given.
 *
 * @throws ApiRefusal NOT_FOUND
 */
export async function existingIdOf(client: StewardClient, kind: Kind, given: string): Promise<string> {
  const id = await idOf(client, kind, given)
  if (FULL_ID.test(id)) return id
  throw new ApiRefusal({
    ...{ status: 404, code: 'NOT_FOUND', message: 'There is no such thing.', details: {}, requestId: undefined },
    path: pathOf(kind, given),
  })
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

/**
 * `target-web` and `incident-9c1d02ab` for the stream of that target and that incident. Of what has no list of its own - the healing of an incident, an
 * effect - the end of the id is looked for in the newest events. Other names are taken as they are.
 */
export async function streamOf(client: StewardClient, given: string): Promise<string> {
  const [, category = '', rest = ''] = /^([a-z]+)-(.+)$/.exec(given) ?? []
  const kind = Object.entries(kinds).find(([name]) => name === category)?.[1]
  if (kind !== undefined) return `${category}-${await idOf(client, kind, rest)}`
  if (!PART_OF_ID.test(rest)) return given
  const { items } = await fetchList<StewardEvent>(client, kinds.event.path, { category, order: 'newest' }, { limit: LOOKED_AT })
  const alike = new Set(items.map(({ stream }) => stream).filter((stream) => stream.startsWith(`${category}-`) && stream.endsWith(rest)))
  if (alike.size > 1) throw usageError(`${alike.size} streams of ${category} end with ${rest}; write more of it`)
  return [...alike][0] ?? given
}
