/** The servers that are registered now, from the log itself: what decides about duplicates and differences must not lag behind. */
import type { RegisteredServer } from '../../domain/server/state.ts'
import type { EventLog } from '../event-log.ts'

/** In the order of their names. */
export async function knownServers(log: EventLog): Promise<readonly RegisteredServer[]> {
  const { state: holders } = await log.states.registry('servers')
  const ids = new Set([...holders.values()].flat())
  const known: RegisteredServer[] = []
  for (const id of ids) {
    const { state } = await log.states.server(id)
    // A name is claimed before its server is registered, so it may have no server yet.
    if (state.situation === 'registered') known.push(state)
  }
  return known.sort((a, b) => (a.name < b.name ? -1 : 1))
}
