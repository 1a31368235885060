/** What operators build on is written down: the page of metrics names each with its kind, its labels and its words, and none that is not there. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type MetricDeclaration, metricTable } from '../../../src/adapters/metrics/metric-table.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/metrics.md'), 'utf8')

test('every metric is documented as it is', () => {
  const rows = page.split('\n').filter((line) => /^\| `\w+` \| (counter|gauge|histogram) \|/.test(line))
  const declared = Object.entries<MetricDeclaration>(metricTable).map(
    ([name, { type, help, labels }]) => `| \`${name}\` | ${type} | ${labels.join(', ')} | ${help} |`,
  )
  expect(rows).toStrictEqual(declared)
})

test('every metric that the page speaks of exists', () => {
  const names = [...page.matchAll(/steward_\w+/g)].map(([name]) => name)
  expect(names.filter((name) => !Object.hasOwn(metricTable, name))).toStrictEqual([])
})
