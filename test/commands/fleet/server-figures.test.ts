import { expect, test } from 'vitest'
import { createMetrics } from '../../../src/adapters/metrics/prometheus-metrics.ts'
import { createServerFigures } from '../../../src/commands/fleet/server-figures.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { instant, later } from '../../../src/domain/instant.ts'
import { failed, registered, running, serverId, starting, wanted } from '../../domain/server/given.ts'
import { createBench } from '../support/bench.ts'

const at = instant('2026-11-21T10:30:00.000Z')
const stopping: DomainEvent = { type: 'ServerStopping', data: { serverId, runId: 'r-1', at } }
const stopped: DomainEvent = {
  type: 'ServerStopped',
  data: { serverId, runId: 'r-1', exit: { how: 'asked', code: 0, signal: null }, at: later(at, 300) },
}

test('starts, stops, failures and events are counted, in our words and in those of the documents', async () => {
  using metrics = createMetrics({ version: 'test' })
  const bench = createBench()
  await bench.given(`server-${serverId}`, registered())
  const count = createServerFigures({ log: bench.log, metrics })
  for (const event of [
    wanted,
    starting(),
    running(),
    stopping,
    stopped,
    starting(),
    failed({ wasRunning: false, failedStarts: 1, crashes: 0 }),
  ])
    await count(event)
  const page = await metrics.render()
  const name = /steward_server_failures_total\{server="([^"]+)"/.exec(page)?.[1]
  expect(name).toMatch(/^[a-z]/)
  for (const line of [
    'steward_server_operations_total{operation="start",outcome="succeeded",transport="stdio"} 1',
    'steward_server_operations_total{operation="start",outcome="failed",transport="stdio"} 1',
    'mcp_server_operations_total{operation="stop",server_type="stdio",status="succeeded"} 1',
    'steward_server_operation_seconds_sum{operation="stop",transport="stdio"} 0.3',
    'steward_server_events_total{type="ServerFailed",severity="error",category="server_lifecycle"} 1',
    'mcp_events_total{event_type="ServerStarting",severity="info",category="server_lifecycle"} 2',
  ])
    expect(page).toContain(`${line}\n`)
})
