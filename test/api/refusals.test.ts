/** The catalogue of errors is complete: every rule by which the domain or a command can refuse has its entry. */
import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isDescribed, refusalOf, refusals } from '../../src/api/refusals.ts'

const source = (pattern: string) => globSync(pattern).map((path) => readFileSync(path, 'utf8'))
const rulesIn = (texts: readonly string[], pattern: RegExp) =>
  texts.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''))

test('every rule that a decider can refuse with is described', () => {
  const rules = rulesIn(source('src/domain/**/*.ts'), /\brefuse\(\s*'([a-z-]+)'/g)
  expect(rules.length).toBeGreaterThan(20)
  expect(rules.filter((rule) => !isDescribed(rule))).toEqual([])
})

test('every rule that a command can refuse with is described', () => {
  const rules = rulesIn(source('src/commands/**/*.ts'), /new CommandRefused\(\{\s*rule: '([a-z-]+)'/g)
  expect(rules.length).toBeGreaterThan(8)
  expect(rules.filter((rule) => !isDescribed(rule))).toEqual([])
})

test('every message is one line for a person, and no code is made twice with another meaning', () => {
  for (const { message } of Object.values(refusals)) expect(message).toMatch(/^[A-Z][^\n]{5,}[.]$/)
  // Two rules may share a code only on purpose, with the same status.
  const shared = { 'anomaly-move-not-allowed': 'invalid-transition' } as const
  const own = Object.keys(refusals).filter((rule) => !Object.hasOwn(shared, rule))
  const codes = own.map((rule) => refusalOf(rule).code)
  expect(new Set(codes).size).toBe(codes.length)
  for (const [rule, other] of Object.entries(shared)) {
    expect(refusalOf(rule)).toMatchObject({ code: refusalOf(other).code, status: refusalOf(other).status })
  }
})

test('a rule that nobody described is a conflict under its own name', () => {
  expect(refusalOf('brand-new-rule')).toMatchObject({ status: 409, code: 'BRAND_NEW_RULE', described: false })
})
