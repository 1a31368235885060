import { expect, test } from 'vitest'
import { createHasher } from '../../../src/adapters/hash/sha256.ts'
import { admit, type Breaker, broke, closedBreaker } from '../../../src/domain/server/breaker.ts'
import type { ToolDefinition } from '../../../src/domain/server/tool.ts'
import { hashTool } from '../../../src/domain/server/tool-hash.ts'
import { after, now } from './given.ts'

const limits = { failuresToOpen: 5, openMs: 60_000 }
const open: Breaker = Array.from({ length: 5 }).reduce<Breaker>((breaker) => broke(breaker, now, limits), closedBreaker)

test('five failures in a row open it, and one answer in between begins the count anew', () => {
  expect(open.situation).toBe('open')
  const four = Array.from({ length: 4 }).reduce<Breaker>((breaker) => broke(breaker, now, limits), closedBreaker)
  expect(admit(four, now, limits).admitted).toBe(true)
})

test('after a minute one call tries, and the others wait for it', () => {
  expect(admit(open, after(59_999), limits)).toMatchObject({ admitted: false, retryAfterMs: 1 })
  const trying = admit(open, after(60_000), limits)
  expect(trying).toMatchObject({ admitted: true, breaker: { situation: 'half-open' } })
  expect(admit(trying.breaker, after(60_001), limits).admitted).toBe(false)
  expect(broke(trying.breaker, after(61_000), limits)).toStrictEqual({ situation: 'open', since: after(61_000) })
})

test('how many failures open it, and for how long, is a setting', () => {
  const quick = { failuresToOpen: 1, openMs: 1_000 }
  expect(admit(broke(closedBreaker, now, quick), after(999), quick)).toMatchObject({ admitted: false, retryAfterMs: 1 })
  expect(admit(broke(closedBreaker, now, quick), after(1_000), quick).admitted).toBe(true)
})

test('a try that never comes back lets another one try after a minute', () =>
  expect(admit(admit(open, after(60_000), limits).breaker, after(120_000), limits).admitted).toBe(true))

test('the hash of a definition is the same in every order, and another for every other word', () => {
  const hash = createHasher()
  const of = (definition: ToolDefinition) => hashTool(definition, hash).hash
  const schema = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } } }
  const base: ToolDefinition = { name: 'read', title: 'Read', description: 'reads', inputSchema: schema }
  expect(
    of({
      inputSchema: { properties: { b: { type: 'number' }, a: { type: 'string' } }, type: 'object' },
      description: 'reads',
      title: 'Read',
      name: 'read',
    }),
  ).toBe(of(base))
  const others: readonly ToolDefinition[] = [
    { ...base, name: 'read2' },
    { ...base, title: 'Read!' },
    { ...base, description: 'reads\u200b' },
    { ...base, inputSchema: { ...schema, required: ['a'] } },
    { ...base, outputSchema: schema },
    { ...base, annotations: { readOnlyHint: true } },
  ]
  expect(new Set([base, ...others].map(of)).size).toBe(7)
  expect(of({ ...base, description: '\ud800' })).toMatch(/^[0-9a-f]{64}$/)
})
