/** Calls that are known to be missing, per server and day: a figure that is too low must say so. */
import type { Instant } from '../domain/instant.ts'
import { instant } from '../domain/instant.ts'
import { DAY_MS } from '../domain/usage/windows.ts'
import { defineProjection } from './projection.ts'

export type UsageLossRow = Readonly<{ lossId: string; serverId: string; day: Instant; calls: number }>

export const usageLosses = defineProjection({
  name: 'usage-losses',
  version: 1,
  table: 'usage_losses',
  columns: { lossId: 'text', serverId: 'text', day: 'timestamptz', calls: 'integer' },
  primaryKey: 'lossId',
  nullable: [],
  expires: [{ column: 'day', afterMs: ({ usageMs }) => usageMs + DAY_MS }],
  eventTypes: ['ToolCallsRecorded'],
  keys: ({ data }) => (data.lost === undefined ? [] : [`${data.serverId}~${data.day}`]),
  fold: (row: UsageLossRow | undefined, { data: { serverId, day, lost = 0 } }, key): UsageLossRow => ({
    lossId: key,
    serverId,
    day: instant(`${day}T00:00:00.000Z`),
    calls: (row?.calls ?? 0) + lost,
  }),
})
