/** One look at the fleet: everything that a picture is made of, asked for at once. */
import { ApiRefusal } from '../client/api-refusal.ts'
import type { StewardClient } from '../client/client.ts'
import { fetchList } from '../client/lists.ts'
import { kinds } from '../client/references.ts'
import type { Analytics, Health, Server, ServerVitals, Status, StewardEvent } from '../client/shapes.ts'
import { alarmingEvents, type FleetPicture, pictureOf } from './fleet-picture.ts'

export const periods = ['1h', '24h', '7d', '30d', '90d'] as const satisfies readonly Analytics['period'][]

export type LookOptions = Readonly<{ period: Analytics['period']; nowMs: () => number }>

/** How many alerts of the past. */
const PAST_ALERTS = 50

export async function lookAtFleet(client: StewardClient, { period, nowMs }: LookOptions): Promise<FleetPicture> {
  const [servers, analytics, status, health, vitals, events] = await Promise.all([
    fetchList<Server>(client, kinds.server.path, {}, { all: true }),
    client.get<Analytics>('/api/v1/analytics', { period }),
    client.get<Status>('/api/v1/status'),
    unlessRefused(() => client.get<Health>('/health'), null, 503),
    client.get<ServerVitals>(`${kinds.server.path}/vitals`),
    unlessRefused(
      async () =>
        (await fetchList<StewardEvent>(client, kinds.event.path, { types: alarmingEvents.join(',') }, { limit: PAST_ALERTS })).items,
      [],
      403,
    ),
  ])
  return pictureOf({ url: client.url, nowMs: nowMs(), servers: servers.items, analytics, status, health, vitals, events })
}

/** A part that may be missing: figures of a machine whose Steward is unhealthy, events that this key may not see. */
async function unlessRefused<Value, Otherwise>(
  ask: () => Promise<Value>,
  otherwise: Otherwise,
  status: number,
): Promise<Value | Otherwise> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof ApiRefusal && error.status === status) return otherwise
    throw error
  }
}
