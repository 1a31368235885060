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

test('every name of the source documents is documented with what it is', () => {
  const rows = page.split('\n').filter((line) => /^\| `mcp_\w+` \| `steward_/.test(line))
  const declared = Object.entries<MetricDeclaration>(metricTable).flatMap(([name, { documents }]) => {
    if (documents === undefined) return []
    const where = Object.entries(documents.where ?? {}).map(([label, value]) => `${label}="${value}"`)
    const labels = Object.entries(documents.labels).map(([own, theirs]) => (own === theirs ? own : `${theirs} (${own})`))
    return [`| \`${documents.name}\` | \`${name}${where.length === 0 ? '' : `{${where.join(',')}}`}\` | ${labels.join(', ')} |`]
  })
  expect(rows).toStrictEqual(declared)
})

test('every metric that the page speaks of exists', () => {
  const names = [...page.matchAll(/steward_\w+/g)].map(([name]) => name)
  expect(names.filter((name) => !Object.hasOwn(metricTable, name))).toStrictEqual([])
})
