import { expect, test } from 'vitest'
import { after, type Before, type LiveMessage, messagesOf, nothingBefore } from '../../../src/api/live/messages.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { StreamName } from '../../../src/domain/ports/event-store.ts'
import type { CallOutcome } from '../../../src/domain/usage/call.ts'
import { failed, now, registered, running, scheduled, serverId, starting, stopped, told, wanted } from '../../domain/server/given.ts'
import { History, sample } from '../../projections/support/events.ts'

/** What each event of a history tells. */
function tell(stream: StreamName, ...events: readonly DomainEvent[]): readonly (readonly LiveMessage[])[] {
  const history = new History()
  let before: Before = nothingBefore(stream)
  return events.map((event) => {
    const recorded = history.add(stream, event)
    const messages = messagesOf(recorded, before)
    before = after(before, recorded)
    return messages
  })
}
const types = (messages: readonly (readonly LiveMessage[])[]) => messages.map((each) => each.map(({ type }) => type))

test('a change of state says what it was and what it is, in the documents’ words', () => {
  const [appeared, asked, begun, up] = tell('server-s-1', registered(), wanted, starting(), running())
  expect(appeared).toMatchObject([{ type: 'server_status_change', channel: 'servers', data: { old_status: null, new_status: 'stopped' } }])
  expect(asked).toStrictEqual([])
  expect(begun).toStrictEqual([
    {
      channel: 'servers',
      type: 'server_status_change',
      data: {
        ...{ server_id: serverId, name: 'everything', old_status: 'stopped', new_status: 'starting' },
        ...{ old_state: 'stopped', new_state: 'starting', enabled: true, timestamp: now },
      },
    },
  ])
  expect(types([up ?? []])).toStrictEqual([['server_status_change', 'server_health_update', 'server_metrics_update']])
  expect(up?.[1]?.data).toMatchObject({
    health: {
      is_healthy: true,
      status: 'healthy',
      old_status: 'unknown',
      last_check: now,
      error_count: 0,
      consecutive_failures: 0,
      response_time_ms: null,
    },
  })
})

test('maintenance is stopped to those who know no such word, and is told by its own', () => {
  const entered: DomainEvent = { type: 'MaintenanceEntered', data: told }
  const messages = tell('server-s-1', registered(), entered).flat()
  expect(messages.at(-1)?.data).toMatchObject({ old_status: 'stopped', new_status: 'stopped', new_state: 'maintenance' })
})

test('a health check that fails alerts, and so does what is beyond its threshold; what is well again does not', () => {
  const facts = { live: true, ready: true, capable: false }
  const messages = tell(
    'server-s-1',
    ...[registered(), wanted, starting(), running()],
    { type: 'ServerHealthChanged', data: { serverId, from: 'healthy', to: 'degraded', facts, at: now } },
    { type: 'ServerHealthChanged', data: { serverId, from: 'degraded', to: 'unhealthy', facts: { ...facts, says: 'no answer' }, at: now } },
    { type: 'ServerHealthChanged', data: { serverId, from: 'unhealthy', to: 'healthy', facts: { ...facts, capable: true }, at: now } },
    { type: 'ServerAlertRaised', data: { serverId, alert: 'errorRate', value: 0.25, threshold: 0.1, at: now } },
    { type: 'ServerAlertCleared', data: { serverId, alert: 'errorRate', value: 0.05, at: now } },
  )
  const alerts = messages.flat().filter(({ type }) => type === 'error_alert')
  expect(alerts.map(({ data: { error, reason, severity } }) => ({ error, reason, severity }))).toStrictEqual([
    { error: 'it answers, and does not list its tools', reason: 'health-check-failed', severity: 'warning' },
    { error: 'no answer', reason: 'health-check-failed', severity: 'error' },
    { error: '25 % of its calls failed; the alert is set to 10 %', reason: 'error-rate', severity: 'warning' },
  ])
})

test('a failure alerts with its reason, and so does the end of trying', () => {
  const crash = failed({ wasRunning: true, failedStarts: 0, crashes: 1 })
  const off: DomainEvent = { type: 'ServerDisabled', data: { ...told, because: 'failures' } }
  const byHand: DomainEvent = { type: 'ServerDisabled', data: { ...told, because: 'operator' } }
  const messages = tell('server-s-1', registered(), wanted, starting(), running(), crash, scheduled(1), off)
  const alerts = messages.flat().filter(({ type }) => type === 'error_alert')
  expect(alerts).toMatchObject([
    {
      channel: 'errors',
      data: { server_id: serverId, error: 'it ended with code 1', reason: 'exited', severity: 'error', timestamp: now },
    },
    { channel: 'errors', data: { severity: 'critical', reason: 'disabled-by-failures' } },
  ])
  expect(types(tell('server-s-1', registered(), byHand)).flat()).not.toContain('error_alert')
})

test('the end of a run is told once', () => {
  const stopping: DomainEvent = { type: 'ServerStopping', data: { serverId, runId: 'r-1', at: now } }
  const words = tell('server-s-1', registered(), wanted, starting(), running(), stopping, stopped())
    .flat()
    .filter(({ type }) => type === 'server_status_change')
    .map(({ data }) => data['new_status'])
  expect(words).toStrictEqual(['stopped', 'starting', 'running', 'stopping', 'stopped'])
})

test('an operation tells how far it is, with what is under way', () => {
  const started = sample('OperationStarted', {}, 1)
  const { operationId } = started.data
  const [one = '', two = ''] = 'items' in started.data ? started.data.items.map(({ id }) => id) : []
  const progress = tell(
    `operation-${operationId}`,
    started,
    sample('OperationItemStarted', { item: one }),
    sample('OperationItemStarted', { item: two }),
    sample('OperationItemSucceeded', { item: one }),
    sample('OperationItemFailed', { item: two }),
    sample('OperationEnded'),
  ).map(([message]) => message?.data)
  expect(progress[0]).toMatchObject({
    operation: 'restart',
    kind: 'servers-restart',
    state: 'running',
    total: 2,
    completed: 0,
    failed: 0,
    current_server: null,
  })
  expect(progress[1]).toMatchObject({ current_server: 'files' })
  expect(progress[3]).toMatchObject({ completed: 1, succeeded: 1, current_server: two })
  expect(progress.at(-1)).toMatchObject({ state: 'partly', total: 2, completed: 2, succeeded: 1, failed: 1, current_server: null })
})

test('a batch of calls tells its own figures, without who called what; a batch of which nothing reached the server tells nothing', () => {
  const call = { callId: 'c', tool: 'add', principal: 'mira/key-1', startedAt: now, requestBytes: 1, responseBytes: 1 }
  const batch = (...calls: readonly Readonly<{ durationMs: number; outcome: CallOutcome }>[]): DomainEvent => ({
    type: 'ToolCallsRecorded',
    data: { serverId, day: '2026-11-21', calls: calls.map((each) => ({ ...call, ...each })) },
  })
  const messages = tell(
    `toolcalls-${serverId}-2026-11-21`,
    batch({ durationMs: 10, outcome: 'ok' }, { durationMs: 20, outcome: 'tool-error' }, { durationMs: 99, outcome: 'refused' }),
    batch({ durationMs: 1, outcome: 'refused' }),
  )
  expect(messages[0]).toMatchObject([
    {
      ...{ channel: 'metrics', type: 'server_metrics_update' },
      data: { server_id: serverId, metrics: { request_count: 2, error_count: 1, success_rate: 0.5, avg_response_time_ms: 15 } },
    },
  ])
  expect(JSON.stringify(messages)).not.toContain('mira')
  expect(messages[1]).toStrictEqual([])
})

test('an operation without items, and streams that nobody watches, tell nothing of their own', () => {
  expect(tell('operation-1', sample('OperationStarted'), sample('OperationSucceeded')).flat()).toStrictEqual([])
  expect(tell('target-1', sample('TargetPaused')).flat()).toStrictEqual([])
  expect(tell('incident-1', sample('IncidentOpened')).flat()).toMatchObject([
    { channel: 'incidents', data: { incident_id: '1', event: 'IncidentOpened' } },
  ])
})
