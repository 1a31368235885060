/** Prometheus' own linter reads what we expose. Needs `promtool` (Debian package `prometheus`). */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { type MetricDeclaration, metricTable } from '../../../src/adapters/metrics/metric-table.ts'
import { createMetrics } from '../../../src/adapters/metrics/prometheus-metrics.ts'
import type { Metrics } from '../../../src/domain/ports/metrics.ts'

const check = (exposition: string) => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: exposition, encoding: 'utf8' })
  return { status, says: `${stdout}${stderr}` }
}

test('promtool finds nothing to complain about, with every metric in use', async () => {
  using metrics = createMetrics({ version: '0.0.0' })
  const anyName: Metrics = metrics
  for (const [name, { type, labels }] of Object.entries<MetricDeclaration>(metricTable)) {
    const given = Object.fromEntries(labels.map((label) => [label, 'a "quoted"\\ value\nwith a line break']))
    if (type === 'counter') anyName.count(name, given)
    else if (type === 'gauge') anyName.set(name, 1, given)
    else anyName.observe(name, 0.2, given)
  }
  expect(check(await metrics.render())).toStrictEqual({ status: 0, says: '' })
})

test('the check can fail', () => {
  expect(check('# TYPE steward_things gauge\nsteward_things 1\n').status).not.toBe(0)
})
