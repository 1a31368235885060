/**
 * Measures what servers are to alert of, on the instance that supervises them, and tells their aggregates, which decide. Counting a call waits for
 * nothing. What nobody asked to hear of is not measured.
 */
import type { Clock } from '../../domain/ports/clock.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { GatewayUsage } from '../../domain/ports/mcp.ts'
import type { GroupUsage, ProcessUsage } from '../../domain/ports/process-usage.ts'
import { ALERT_WINDOW_MS, LEAST_CALLS, type Measured } from '../../domain/server/alerts.ts'
import type { RegisteredServer } from '../../domain/server/state.ts'
import { isError, reachedServer } from '../../domain/usage/call.ts'
import { type CallWindow, createCallWindow } from '../../domain/usage/call-window.ts'
import type { HandleCommand } from '../aggregate-commands.ts'
import type { Supervisor } from './supervisor.ts'

export type ServerAlertsOptions = Readonly<{
  supervisor: Pick<Supervisor, 'server' | 'all' | 'supervises'>
  processUsage: ProcessUsage
  handle: HandleCommand
  ids: Ids
  clock: Clock
  logger: Logger
}>

export interface ServerAlerts {
  /** Takes a finished call. */
  count(call: Pick<GatewayUsage, 'serverId' | 'startedAtMs' | 'durationMs' | 'outcome'>): void
  /** Looks at intervals until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

const LOOK_EVERY_MS = 30_000

export function createServerAlerts({ supervisor, processUsage, handle, ids, clock, logger }: ServerAlertsOptions): ServerAlerts {
  const windows = new Map<string, CallWindow>()
  /** When this instance began to see all calls. */
  let seesSinceMs: number | undefined

  return {
    count({ serverId, startedAtMs, durationMs, outcome }) {
      const alerts = supervisor.server(serverId)?.state?.config.alerts
      if (alerts === undefined || (alerts.errorRate === undefined && alerts.p95Ms === undefined) || !reachedServer(outcome)) return
      const window = windows.get(serverId) ?? createCallWindow(ALERT_WINDOW_MS)
      windows.set(serverId, window)
      window.add({ endedAtMs: startedAtMs + durationMs, durationMs, isError: isError(outcome) })
    },
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined)
        if (signal.aborted) return
        await look().catch((error: unknown) =>
          logger.warn({ error }, 'what servers are to alert of could not be recorded; it is tried again'),
        )
      }
    },
  }

  async function look(): Promise<void> {
    if (!supervisor.supervises()) {
      seesSinceMs = undefined
      windows.clear()
      return
    }
    const nowMs = Date.parse(clock.now())
    seesSinceMs ??= nowMs
    const watched = supervisor.all().flatMap(({ state }) => (state !== undefined && isWatched(state) ? [state] : []))
    const isHere = new Set(watched.map(({ serverId }) => serverId))
    for (const serverId of windows.keys()) if (!isHere.has(serverId)) windows.delete(serverId)
    const groups = watched.flatMap(({ config, run }) => (config.alerts.memoryBytes === undefined ? [] : (run?.process?.pid ?? [])))
    const taken = await processUsage.ofGroups(new Set(groups))
    for (const server of watched) {
      const { serverId } = server
      const measured = { ...measuredCalls(serverId, nowMs), ...measuredMemory(server, taken) }
      const cause = { actor: 'steward', commandId: ids.fresh(), fresh: true, correlationId: serverId, causationId: serverId }
      await handle(
        { aggregate: 'server', id: serverId, command: { type: 'ReportServerMeasures', data: { measured, now: clock.now() } } },
        cause,
      )
    }
  }

  /** Few calls are nothing to alert of; but whoever has just begun to look does not know of the calls before. */
  function measuredCalls(serverId: string, nowMs: number): Measured {
    const { calls, errors, p95Ms } = windows.get(serverId)?.read(nowMs) ?? { calls: 0, errors: 0, p95Ms: null }
    if (calls >= LEAST_CALLS) return { errorRate: errors / calls, p95Ms }
    return nowMs - (seesSinceMs ?? nowMs) < ALERT_WINDOW_MS ? {} : { errorRate: null, p95Ms: null }
  }
}

const isWatched = ({ config, alerts }: RegisteredServer): boolean => alerts.size > 0 || Object.keys(config.alerts).length > 0

/** What does not run uses none. Of what runs, not every machine can tell. */
function measuredMemory({ run }: RegisteredServer, taken: ReadonlyMap<number, GroupUsage>): Measured {
  const pid = run?.process?.pid
  if (pid === undefined) return { memoryBytes: null }
  const used = taken.get(pid)
  return used === undefined ? {} : { memoryBytes: used.memoryBytes }
}
