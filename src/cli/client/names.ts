/** Names of hosts and targets for screens that only have their ids. Whoever may not see them sees the ids. */
import { ApiRefusal } from './api-refusal.ts'
import type { StewardClient } from './client.ts'
import { fetchList } from './lists.ts'
import { kinds } from './references.ts'

export type NameOf = (id: string) => string

type Named = Readonly<{ id: string; name: string }>

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

/** For one thing: just those two. */
export async function namesAround(
  client: StewardClient,
  { targetId, hostId }: Readonly<{ targetId: string; hostId: string }>,
): Promise<NameOf> {
  const one = async (path: string): Promise<readonly Named[]> => orNothing(async () => [await client.get<Named>(path)], [])
  const found = await Promise.all([
    one(`${kinds.target.path}/${encodeURIComponent(targetId)}`),
    one(`${kinds.host.path}/${encodeURIComponent(hostId)}`),
  ])
  const names = new Map(found.flat().map(({ id, name }) => [id, name]))
  return (id) => names.get(id) ?? id
}

async function orNothing<Value>(ask: () => Promise<Value>, nothing: Value): Promise<Value> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof ApiRefusal && (error.status === 403 || error.status === 404)) return nothing
    throw error
  }
}
