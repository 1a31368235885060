/** The lives of managed servers: when each began to serve, when it ceased to, and why. Uptime is a sum over them. */
import { unreachable } from '../domain/decider.ts'
import type { Instant } from '../domain/instant.ts'
import type { FailureReason } from '../domain/server/events.ts'
import { DAY_MS } from '../domain/usage/windows.ts'
import { defineProjection } from './projection.ts'

export type ServerRunRow = Readonly<{
  runId: string
  serverId: string
  startingAt: Instant
  /** Null: it has not served yet, or never came so far. */
  runningAt: Instant | null
  /** It serves no more, though its process may not have ended yet. */
  ceasedAt: Instant | null
  endedAt: Instant | null
  /** Null: it was asked to end, or has not ended. */
  failureReason: FailureReason | null
}>

export const serverRuns = defineProjection({
  name: 'server-runs',
  version: 1,
  table: 'server_runs',
  columns: {
    runId: 'text',
    serverId: 'text',
    startingAt: 'timestamptz',
    runningAt: 'timestamptz',
    ceasedAt: 'timestamptz',
    endedAt: 'timestamptz',
    failureReason: 'text',
  },
  primaryKey: 'runId',
  nullable: ['runningAt', 'ceasedAt', 'endedAt', 'failureReason'],
  indexes: [{ columns: ['serverId', 'startingAt'] }, { columns: ['endedAt'] }],
  expires: [{ column: 'endedAt', afterMs: ({ usageMs }) => usageMs + DAY_MS }],
  eventTypes: ['ServerStarting', 'ServerRunning', 'ServerStopping', 'ServerStopped', 'ServerFailed'],
  keys: ({ data }) => [data.runId],
  fold(row: ServerRunRow | undefined, event): ServerRunRow | 'none' {
    const { runId, serverId, at } = event.data
    if (event.type === 'ServerStarting') {
      return { runId, serverId, startingAt: at, runningAt: null, ceasedAt: null, endedAt: null, failureReason: null }
    }
    if (row === undefined) return 'none'
    switch (event.type) {
      case 'ServerRunning':
        return { ...row, runningAt: at }
      case 'ServerStopping':
        return { ...row, ceasedAt: at }
      case 'ServerStopped':
        return { ...row, ceasedAt: row.ceasedAt ?? at, endedAt: at }
      case 'ServerFailed':
        return { ...row, ceasedAt: row.ceasedAt ?? at, endedAt: at, failureReason: event.data.reason }
      default:
        return unreachable(event)
    }
  },
})
