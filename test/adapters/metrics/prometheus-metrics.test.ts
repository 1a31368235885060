import { afterEach, describe, expect, test } from 'vitest'
import { type MetricDeclaration, type MetricName, metricTable } from '../../../src/adapters/metrics/metric-table.ts'
import { createMetrics, type MetricsOptions, type PrometheusMetrics } from '../../../src/adapters/metrics/prometheus-metrics.ts'
import type { Figure, FigureSource, Metrics } from '../../../src/domain/ports/metrics.ts'

const open: PrometheusMetrics[] = []
function start(options: Partial<MetricsOptions> = {}): PrometheusMetrics {
  const metrics = createMetrics({ version: '1.2.3', ...options })
  open.push(metrics)
  return metrics
}
afterEach(() => {
  for (const metrics of open.splice(0)) metrics[Symbol.dispose]()
})

const lineOf = async (metrics: PrometheusMetrics, beginning: string): Promise<string | undefined> =>
  (await metrics.render()).split('\n').find((line) => line.startsWith(beginning))

const linesOf = async (metrics: PrometheusMetrics, beginning: string, ending = /$/): Promise<string[]> =>
  (await metrics.render()).split('\n').filter((line) => line.startsWith(beginning) && ending.test(line))

test('counts, observes and sets under the declared name', async () => {
  const metrics = start()
  metrics.count('steward_approvals_total', { outcome: 'granted' })
  metrics.count('steward_approvals_total', { outcome: 'granted' }, 2)
  metrics.observe('steward_append_seconds', 0.004, { outcome: 'ok' })
  metrics.set('steward_projection_lag_seconds', 1.5, { projection: 'incidents' })
  expect(await lineOf(metrics, 'steward_approvals_total')).toBe('steward_approvals_total{outcome="granted"} 3')
  expect(await lineOf(metrics, 'steward_append_seconds_bucket{le="0.005"')).toBe('steward_append_seconds_bucket{le="0.005",outcome="ok"} 1')
  expect(await lineOf(metrics, 'steward_projection_lag_seconds')).toBe('steward_projection_lag_seconds{projection="incidents"} 1.5')
  expect(await lineOf(metrics, 'steward_build_info')).toBe('steward_build_info{version="1.2.3"} 1')
})

test('says how the process is: memory, CPU, event loop', async () => {
  const metrics = start()
  expect(Number((await lineOf(metrics, 'process_resident_memory_bytes'))?.split(' ')[1])).toBeGreaterThan(10_000_000)
  const first = Number((await lineOf(metrics, 'process_cpu_seconds_total'))?.split(' ')[1])
  const second = Number((await lineOf(metrics, 'process_cpu_seconds_total'))?.split(' ')[1])
  expect(first).toBeGreaterThan(0)
  expect(second).toBeGreaterThanOrEqual(first)
  expect(await lineOf(metrics, 'steward_event_loop_lag_seconds{statistic="p99"}')).toMatch(/ \d+(\.\d+)?(e-\d+)?$/)
})

test.each<[string, (metrics: Metrics) => void]>([
  ['undeclared', (metrics) => metrics.count('steward_invented_total')],
  ['wrong-kind', (metrics) => metrics.count('steward_timers_pending')],
  ['wrong-labels', (metrics) => metrics.count('steward_approvals_total')],
  ['wrong-labels', (metrics) => metrics.count('steward_approvals_total', { outcome: 'granted', who: 'mira' })],
  ['not-a-figure', (metrics) => metrics.set('steward_timers_pending', Number.NaN)],
  ['not-a-figure', (metrics) => metrics.count('steward_appended_events_total', {}, -1)],
])('a figure that does not fit (%s) breaks nothing and is counted as dropped', async (reason, record) => {
  const metrics = start()
  record(metrics)
  expect(await linesOf(metrics, 'steward_metric_samples_dropped_total', / 1$/)).toStrictEqual([
    `steward_metric_samples_dropped_total{reason="${reason}"} 1`,
  ])
})

test('a label cannot grow without bound', async () => {
  const metrics = start({ maxSeriesPerMetric: 3 })
  for (let n = 0; n < 10; n++) metrics.count('steward_approvals_total', { outcome: `o${n}` })
  metrics.count('steward_approvals_total', { outcome: 'o0' })
  const lines = (await metrics.render()).split('\n').filter((line) => line.startsWith('steward_approvals_total'))
  expect(lines).toStrictEqual([
    'steward_approvals_total{outcome="o0"} 2',
    'steward_approvals_total{outcome="o1"} 1',
    'steward_approvals_total{outcome="o2"} 1',
  ])
  expect(await linesOf(metrics, 'steward_metric_samples_dropped_total', / [1-9]/)).toStrictEqual([
    'steward_metric_samples_dropped_total{reason="too-many-series"} 7',
  ])
})

test('two instances share nothing', async () => {
  const one = start()
  const other = start()
  one.count('steward_appended_events_total')
  expect(await lineOf(other, 'steward_appended_events_total')).toBe('steward_appended_events_total 0')
})

test.each(Object.entries<MetricDeclaration>(metricTable))('%s follows the naming rules', (name, { type, help, labels, buckets }) => {
  expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
  expect(name.endsWith('_total')).toBe(type === 'counter')
  expect(name).not.toMatch(/_(ms|milliseconds|minutes|hours|kb|mb|percent)(_|$)/)
  expect(help).toMatch(/^[A-Z0-9].*\.$/)
  for (const label of labels) expect(label).toMatch(/^[a-z][a-z0-9_]*$/)
  if (type !== 'histogram') expect(buckets).toBeUndefined()
})

test('a counter whose series are known begins at 0, so that its first increase is one', async () => {
  const metrics = start()
  expect(await linesOf(metrics, 'steward_log_gaps_total')).toHaveLength(3)
  metrics.count('steward_log_gaps_total', { reason: 'truncated' })
  expect(await linesOf(metrics, 'steward_log_gaps_total', / 1$/)).toStrictEqual(['steward_log_gaps_total{reason="truncated"} 1'])
})

describe('gauges that are read for each page', () => {
  const source = (read: FigureSource<MetricName>['read']): FigureSource<MetricName> => ({
    name: 'state',
    gauges: ['steward_approvals_pending', 'steward_targets_frozen'],
    read,
  })
  const frozen = (service: string, value: number): Figure<MetricName> => ({ gauge: 'steward_targets_frozen', labels: { service }, value })
  const pending = (value: number): Figure<MetricName> => ({ gauge: 'steward_approvals_pending', value })

  test('say how it is now; a series that is not told any more is gone', async () => {
    const metrics = start({ maxSeriesPerMetric: 2 })
    const answers = [
      [pending(2), frozen('nginx', 1), frozen('redis', 0)],
      [pending(0), frozen('postgresql', 3)],
    ]
    metrics.readFrom(source(async () => answers.shift() ?? []))
    expect(await linesOf(metrics, 'steward_', /pending|frozen|figures_readable/)).toEqual(
      expect.arrayContaining([
        'steward_approvals_pending 2',
        'steward_targets_frozen{service="nginx"} 1',
        'steward_targets_frozen{service="redis"} 0',
        'steward_figures_readable{source="state"} 1',
      ]),
    )
    expect(await linesOf(metrics, 'steward_targets_frozen')).toStrictEqual(['steward_targets_frozen{service="postgresql"} 3'])
    expect(await linesOf(metrics, 'steward_approvals_pending')).toStrictEqual([])
  })

  test('a counter that its source keeps stands where the source says, and is not added up', async () => {
    const metrics = start()
    const answers = [12.5, 14]
    const labels = { server: 'files' }
    metrics.readFrom({
      ...{ name: 'fleet', gauges: ['steward_server_cpu_seconds_total'] },
      read: async () => [{ gauge: 'steward_server_cpu_seconds_total', labels, value: answers.shift() ?? 14 }],
    })
    const shown = () => linesOf(metrics, 'steward_server_cpu_seconds_total')
    expect(await shown()).toStrictEqual(['steward_server_cpu_seconds_total{server="files"} 12.5'])
    expect(await shown()).toStrictEqual(['steward_server_cpu_seconds_total{server="files"} 14'])
  })

  test('are absent, not 0, before and while they cannot be read; the rest of the page is there', async () => {
    const told: unknown[] = []
    const metrics = start({ onUnreadable: (name, error) => void told.push([name, error]) })
    expect(await linesOf(metrics, 'steward_approvals_pending')).toStrictEqual([])
    const away = new Error('the database is away')
    let isAway = false
    metrics.readFrom(
      source(async () => {
        if (isAway) throw away
        return [pending(1)]
      }),
    )
    for (const [now, lines] of [
      [false, 1],
      [true, 0],
      [true, 0],
      [false, 1],
      [true, 0],
    ] as const) {
      isAway = now
      expect(await linesOf(metrics, 'steward_approvals_pending')).toHaveLength(lines)
      expect(await linesOf(metrics, 'steward_figures_readable')).toStrictEqual([`steward_figures_readable{source="state"} ${lines}`])
      expect(await linesOf(metrics, 'steward_build_info')).toHaveLength(1)
    }
    // Once for each time that it began.
    expect(told.length).toBe(2)
    expect(told[0]).toStrictEqual(['state', away])
  })

  test('are not waited for beyond their time, and a source that hangs is asked once', async () => {
    const metrics = start({ sourceTimeoutMs: 20 })
    const held = Promise.withResolvers<readonly Figure<MetricName>[]>()
    const signals: AbortSignal[] = []
    metrics.readFrom(
      source((signal) => {
        signals.push(signal)
        return held.promise
      }),
    )
    expect(await Promise.all([metrics.render(), metrics.render(), metrics.render()])).toHaveLength(3)
    expect(await linesOf(metrics, 'steward_approvals_pending')).toStrictEqual([])
    expect(await linesOf(metrics, 'process_resident_memory_bytes')).toHaveLength(1)
    expect(signals).toHaveLength(1)
    expect(signals[0]?.aborted).toBe(true)
    held.resolve([])
    await held.promise
    await linesOf(metrics, 'steward_')
    expect(signals.length).toBeGreaterThan(1)
  })

  test('two sources may speak for one gauge, and the failure of one takes nothing from the other', async () => {
    const metrics = start()
    metrics.readFrom({ name: 'switch', gauges: ['steward_healing_stopped'], read: () => Promise.reject(new Error('away')) })
    metrics.readFrom({
      name: 'file',
      gauges: ['steward_healing_stopped'],
      read: async () => [{ gauge: 'steward_healing_stopped', labels: { by: 'file' }, value: 1 }],
    })
    expect(await linesOf(metrics, 'steward_healing_stopped')).toStrictEqual(['steward_healing_stopped{by="file"} 1'])
  })
})

describe('under the names of the source documents', () => {
  test('the same figures are shown, with the labels that the documents have', async () => {
    const metrics = start()
    metrics.set('steward_server_healthy', 1, { server: 'files', transport: 'stdio' })
    metrics.count('steward_server_operations_total', { operation: 'start', transport: 'http', outcome: 'failed' }, 2)
    metrics.set('steward_http_streams', 7, { kind: 'events' })
    metrics.set('steward_http_streams', 3, { kind: 'websocket' })
    expect(await linesOf(metrics, 'mcp_')).toStrictEqual([
      'mcp_active_connections 3',
      'mcp_server_health_status{server_name="files",server_type="stdio"} 1',
      'mcp_server_operations_total{operation="start",server_type="http",status="failed"} 2',
    ])
  })

  test('what is gone is gone there too', async () => {
    const metrics = start()
    const source = { servers: ['files', 'memory'] }
    metrics.readFrom({
      name: 'state',
      gauges: ['steward_server_healthy'],
      read: async () =>
        source.servers.map((server) => ({ gauge: 'steward_server_healthy' as const, value: 1, labels: { server, transport: 'stdio' } })),
    })
    expect(await linesOf(metrics, 'mcp_server_health_status')).toHaveLength(2)
    source.servers = ['files']
    expect(await linesOf(metrics, 'mcp_server_health_status')).toHaveLength(1)
  })

  test('none of them is a name of ours', () => {
    const names = Object.values<MetricDeclaration>(metricTable).flatMap(({ documents }) => documents?.name ?? [])
    expect(new Set(names).size).toBe(names.length)
    expect(names.every((name) => name.startsWith('mcp_'))).toBe(true)
  })
})

test('what is told server by server has room for a fleet, and no more', async () => {
  const metrics = start({ maxSeriesPerMetric: 3 })
  for (let index = 0; index < 10_050; index++) metrics.count('steward_tool_calls_total', { server: 'files', tool: `tool-${index}` })
  expect(await linesOf(metrics, 'steward_tool_calls_total{')).toHaveLength(10_000)
  expect(await lineOf(metrics, 'steward_metric_samples_dropped_total{reason="too-many-series"}')).toMatch(/ 50$/)
})
