import { afterEach, expect, test } from 'vitest'
import { type MetricDeclaration, metricTable } from '../../../src/adapters/metrics/metric-table.ts'
import { createMetrics, type PrometheusMetrics } from '../../../src/adapters/metrics/prometheus-metrics.ts'
import type { Metrics } from '../../../src/domain/ports/metrics.ts'

const open: PrometheusMetrics[] = []
function start(options: { maxSeriesPerMetric?: number } = {}): PrometheusMetrics {
  const metrics = createMetrics({ version: '1.2.3', ...options })
  open.push(metrics)
  return metrics
}
afterEach(() => {
  for (const metrics of open.splice(0)) metrics[Symbol.dispose]()
})

const lineOf = async (metrics: PrometheusMetrics, beginning: string): Promise<string | undefined> =>
  (await metrics.render()).split('\n').find((line) => line.startsWith(beginning))

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
  expect(await lineOf(metrics, 'steward_metric_samples_dropped_total')).toBe(`steward_metric_samples_dropped_total{reason="${reason}"} 1`)
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
  expect(await lineOf(metrics, 'steward_metric_samples_dropped_total')).toBe(
    'steward_metric_samples_dropped_total{reason="too-many-series"} 7',
  )
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
