/** Whoever records a figure knows only the port, whose names are strings. This finds the names in the source and holds them to the table. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isMetricName, metricTable } from '../../../src/adapters/metrics/metric-table.ts'

const root = join(import.meta.dirname, '../../../src')
const CALL = /\.(count|observe|set)\(\s*(['"`])((?:steward|process)_[^'"`]*)\2/g
const KIND_OF = { count: 'counter', observe: 'histogram', set: 'gauge' } as const

type Use = Readonly<{ where: string; method: keyof typeof KIND_OF; name: string }>

const isMethod = (text: string | undefined): text is keyof typeof KIND_OF => text !== undefined && Object.hasOwn(KIND_OF, text)

const usesIn = (where: string, source: string): Use[] =>
  [...source.matchAll(CALL)].flatMap(([, method, , name = '']) => (isMethod(method) ? [{ where, method, name }] : []))

const misuse = ({ where, method, name }: Use): string[] => {
  if (!isMetricName(name)) return [`${where}: ${name} is not declared`]
  return metricTable[name].type === KIND_OF[method] ? [] : [`${where}: ${name} is a ${metricTable[name].type}, not for ${method}`]
}

test('every figure that the source records is declared, and recorded as what it is', () => {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const uses = files.flatMap((file) => usesIn(file, readFileSync(join(root, file), 'utf8')))
  expect(uses.length).toBeGreaterThan(5)
  expect(uses.flatMap(misuse)).toStrictEqual([])
})

test('every figure that is declared is recorded by somebody: by its name in a call, or as a gauge of a source', () => {
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('metric-table.ts'))
    .map((file) => readFileSync(join(root, file), 'utf8'))
  const unused = Object.keys(metricTable).filter((name) => !sources.some((source) => records(source, name)))
  expect(unused).toStrictEqual([])
})

/** A name in a type, or in a comment, records nothing. */
const records = (source: string, name: string): boolean =>
  new RegExp(`\\.(?:count|observe|set)\\(\\s*['"\`]${name}['"\`]`).test(source) ||
  new RegExp(`gauge: '${name}'( as const)?,|instruments\\.get\\('${name}'\\)|select '${name}'|\\('${name}', `).test(source)

test('the check can fail', () => {
  const source = "metrics.count('steward_invented_total')\nmetrics.set(\n  'steward_appended_events_total', 1)"
  expect(usesIn('x.ts', source).flatMap(misuse)).toStrictEqual([
    'x.ts: steward_invented_total is not declared',
    'x.ts: steward_appended_events_total is a counter, not for set',
  ])
})
