/**
 * What one event tells on each channel, in the documents' words. Pure: the same event after the same history gives the same messages in the same
 * order, so that who comes back can be given exactly those that he has not had.
 */
import type { Recorded } from '../../domain/events.ts'
import { type BulkOperation, isBulk } from '../../domain/operation/events.ts'
import { operation } from '../../domain/operation/operation.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import { type AlertKind, alertText } from '../../domain/server/alerts.ts'
import type { ServerEvent } from '../../domain/server/events.ts'
import { server } from '../../domain/server/server.ts'
import type { Server } from '../../domain/server/state.ts'
import { statusWords } from '../../domain/server/status-words.ts'
import { isError, reachedServer, successRate } from '../../domain/usage/call.ts'
import type { ToolCallsRecord } from '../../domain/usage/events.ts'
import type { Permission } from '../permissions.ts'
import type { Channel } from './channels.ts'

type Data = Readonly<Record<string, unknown>>

/** `data` is plain JSON, for everybody on the channel. `whole`: with what only those may see who have the permission. */
export type LiveMessage = Readonly<{
  channel: Channel
  type: LiveMessageType
  data: Data
  whole?: Readonly<{ permission: Permission; data: Data }>
}>
export type LiveMessageType =
  | 'server_status_change'
  | 'server_health_update'
  | 'server_metrics_update'
  | 'new_event'
  | 'error_alert'
  | 'incident_update'
  | 'bulk_operation_progress'

export type ServerState = Server
export type OperationState = ReturnType<typeof operation.evolve>

/** What the stream of the event amounted to before it. Undefined: nobody needs to know. */
export type Before = Readonly<{ kind: 'server'; state: ServerState }> | Readonly<{ kind: 'operation'; state: OperationState }> | undefined

export const nothingBefore = (stream: string): Before => {
  if (stream.startsWith('server-')) return { kind: 'server', state: server.initialState }
  if (stream.startsWith('operation-')) return { kind: 'operation', state: operation.initialState }
  return undefined
}

/** Streams whose events tell something without anything before them. */
export const tellsByItself = (stream: string): boolean => stream.startsWith('incident-') || stream.startsWith('toolcalls-')

/** The same after the event. */
export function after(before: Before, event: Recorded): Before {
  if (before === undefined) return undefined
  // Only its aggregate writes to a stream, so the name of the stream is the proof.
  if (before.kind === 'server') return { kind: 'server', state: server.evolve(before.state, event as Recorded<ServerEvent>) }
  type OperationEvent = Parameters<typeof operation.evolve>[1]
  return { kind: 'operation', state: operation.evolve(before.state, event as Recorded & OperationEvent) }
}

/** All but `new_event`, which every event is. */
export function messagesOf(event: Recorded, before: Before): readonly LiveMessage[] {
  const then = after(before, event)
  if (before?.kind === 'server' && then?.kind === 'server') return ofServer(event as Recorded<ServerEvent>, before.state, then.state)
  if (then?.kind === 'operation') return ofOperation(event, then.state)
  return event.type === 'ToolCallsRecorded' ? ofCalls(event.data, event.recordedAt) : ofIncident(event)
}

function ofServer(event: Recorded<ServerEvent>, before: Server, now: Server): readonly LiveMessage[] {
  const messages: LiveMessage[] = []
  const of = { server_id: event.data.serverId, name: now.situation === 'absent' ? null : now.name }
  const timestamp = event.data.at
  const [old, fresh] = [standingOf(before), standingOf(now)]
  if (fresh !== null && old?.key !== fresh.key) {
    const data = { ...of, old_status: old?.status ?? null, new_status: fresh.status, old_state: old?.state ?? null, new_state: fresh.state }
    messages.push({ channel: 'servers', type: 'server_status_change', data: { ...data, enabled: fresh.enabled, timestamp } })
  }
  if (fresh !== null && old !== null && old.health !== fresh.health) {
    const facts = event.type === 'ServerHealthChanged' ? { ...event.data.facts } : null
    const health = {
      ...{ is_healthy: fresh.health === 'healthy', status: fresh.health, old_status: old.health, last_check: timestamp },
      ...{ error_count: fresh.crashes, consecutive_failures: fresh.failedStarts, response_time_ms: facts?.responseMs ?? null },
    }
    messages.push({ channel: 'health', type: 'server_health_update', data: { ...of, health, facts, timestamp } })
  }
  const metrics = metricsOf(event)
  if (metrics) messages.push({ channel: 'metrics', type: 'server_metrics_update', data: { ...of, metrics, timestamp } })
  const alert = alertOf(event)
  if (alert) messages.push({ channel: 'errors', type: 'error_alert', data: { ...of, ...alert, timestamp } })
  return messages
}

function standingOf(server: Server) {
  if (server.situation === 'absent') return null
  const { situation, state, enabled, health, crashes, failedStarts } = server
  const status = situation === 'retired' ? 'retired' : statusWords({ enabled, state, health }).management
  return { status, state, enabled, health, crashes, failedStarts, key: `${situation} ${state} ${enabled}` }
}

/** Of its life; what its calls amount to is told with the records of the calls. */
function metricsOf(event: ServerEvent): JsonObject | undefined {
  switch (event.type) {
    case 'ServerRunning':
      return { uptime_seconds: 0, started_in_ms: event.data.startedInMs, failed_starts: 0 }
    case 'ServerFailed':
      return { failed_starts: event.data.failedStarts, crashes: event.data.crashes }
    default:
      return undefined
  }
}

/** Of the calls of one batch alone, which ended within the last second or so: whoever wants a sum adds them up. */
function ofCalls({ serverId, calls }: ToolCallsRecord, timestamp: string): readonly LiveMessage[] {
  const sent = calls.filter(({ outcome }) => reachedServer(outcome))
  if (sent.length === 0) return []
  const errors = sent.filter(({ outcome }) => isError(outcome)).length
  const totalMs = sent.reduce((sum, { durationMs }) => sum + durationMs, 0)
  const metrics = {
    ...{ request_count: sent.length, error_count: errors, success_rate: successRate({ calls: sent.length, errors }) },
    avg_response_time_ms: Math.round((totalMs / sent.length) * 1_000) / 1_000,
  }
  return [{ channel: 'metrics', type: 'server_metrics_update', data: { server_id: serverId, metrics, timestamp } }]
}

const ALERT_REASONS = { errorRate: 'error-rate', p95Ms: 'slow', memoryBytes: 'memory' } as const satisfies Record<AlertKind, string>

type Alert = Readonly<{ error: string; reason: string; severity: 'warning' | 'error' | 'critical' }>

function alertOf(event: ServerEvent): Alert | undefined {
  switch (event.type) {
    case 'ServerFailed':
      return { error: event.data.says.text, reason: event.data.reason, severity: 'error' }
    case 'ServerDisabled':
      return event.data.because === 'failures'
        ? { error: event.data.reason, reason: 'disabled-by-failures', severity: 'critical' }
        : undefined
    case 'ServerRestartBudgetExhausted':
      return {
        error: `it crashed ${event.data.crashes} times and is not restarted`,
        reason: 'restart-budget-exhausted',
        severity: 'critical',
      }
    case 'ServerHealthChanged': {
      const { to, facts } = event.data
      if (to !== 'unhealthy' && to !== 'degraded') return undefined
      const error = facts.says ?? (to === 'degraded' ? 'it answers, and does not list its tools' : 'it does not answer')
      return { error, reason: 'health-check-failed', severity: to === 'unhealthy' ? 'error' : 'warning' }
    }
    case 'ServerAlertRaised': {
      const { alert, value, threshold } = event.data
      return { error: alertText(alert, { value, threshold }), reason: ALERT_REASONS[alert], severity: 'warning' }
    }
    case 'ToolQuarantined':
      return {
        error: `the definition of ${event.data.tool} is ${event.data.reason}; it waits for a person`,
        reason: 'tool-quarantined',
        severity: 'warning',
      }
    default:
      return undefined
  }
}

function ofOperation(event: Recorded, now: OperationState): readonly LiveMessage[] {
  if (!('items' in now)) return []
  const items = [...now.items.values()]
  const count = (state: string): number => items.filter((item) => item.state === state).length
  const [succeeded, failed, unknown] = [count('succeeded'), count('failed'), count('unknown')]
  const under = items.filter(({ state }) => state === 'started').at(-1)
  const at = 'at' in event.data ? event.data.at : event.recordedAt
  const first = event.type === 'OperationStarted' && isBulk(event.data)
  return [
    {
      channel: 'operations',
      type: 'bulk_operation_progress',
      data: {
        ...{ operation_id: now.operationId, operation: documentWord(now.kind), kind: now.kind, state: first ? 'running' : now.situation },
        ...{ total: items.length, completed: succeeded + failed + unknown, succeeded, failed, unknown },
        current_server: under === undefined ? null : (under.name ?? under.id),
        timestamp: typeof at === 'string' ? at : event.recordedAt,
      },
    },
  ]
}

/** `servers-restart`: restart. What the documents call delete is retiring here. */
const documentWord = (kind: BulkOperation): string => (kind === 'servers-retire' ? 'delete' : kind.slice('servers-'.length))

function ofIncident(event: Recorded): readonly LiveMessage[] {
  if (!event.stream.startsWith('incident-')) return []
  const data = { incident_id: event.stream.slice('incident-'.length), event: event.type, timestamp: event.recordedAt }
  return [{ channel: 'incidents', type: 'incident_update', data }]
}
