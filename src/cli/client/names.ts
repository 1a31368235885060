/** Names of hosts and targets for screens that only have their ids. Whoever may not see them sees the ids. */
import { ApiRefusal } from './api-refusal.ts'
import type { StewardClient } from './client.ts'
import { fetchList } from './lists.ts'
import { FULL_ID, type Kind, kinds, pathOf } from './references.ts'

export type NameOf = (id: string) => string

type Named = Readonly<{ id: string; name: string; owner?: string }>

/** For a list: all of them at once. */
export async function namesOf(client: StewardClient, kind: typeof kinds.host | typeof kinds.target): Promise<NameOf> {
  const { items } = await orNothing(() => fetchList<Named>(client, kind.path, { state: 'all' }, { limit: 1_000 }), {
    items: [],
    next_cursor: null,
    position: '0',
  })
  const names = new Map(items.map(({ id, name }) => [id, name]))
  return (id) => names.get(id) ?? id
}

/** Of everything that events are about and called by name: hosts and targets. */
export async function namesOfAll(client: StewardClient): Promise<NameOf> {
  const [hosts, targets] = await Promise.all([namesOf(client, kinds.host), namesOf(client, kinds.target)])
  return (id) => (targets(id) === id ? hosts(id) : targets(id))
}

export type Around = Readonly<{ targetId?: string; hostId?: string; keyIds?: readonly string[] }>

/** For one thing: just what it names. A key is called by its owner, for that is who acted. */
export async function namesAround(client: StewardClient, { targetId, hostId, keyIds = [] }: Around): Promise<NameOf> {
  const one = async (kind: Kind, id: string | undefined): Promise<readonly Named[]> =>
    id === undefined || !FULL_ID.test(id) ? [] : orNothing(async () => [await client.get<Named>(pathOf(kind, id))], [])
  const found = await Promise.all([
    one(kinds.target, targetId),
    one(kinds.host, hostId),
    // What stands in the place of a host may be a managed server.
    one(kinds.server, hostId),
    ...[...new Set(keyIds)].slice(0, MOST_KEYS).map((id) => one(kinds.key, id)),
  ])
  const names = new Map(found.flat().map(({ id, name, owner }) => [id, owner ?? name]))
  return (id) => names.get(id) ?? id
}

/** More people than anybody wants to read of. */
const MOST_KEYS = 8

async function orNothing<Value>(ask: () => Promise<Value>, nothing: Value): Promise<Value> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof ApiRefusal && (error.status === 403 || error.status === 404)) return nothing
    throw error
  }
}
