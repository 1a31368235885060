import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_DEPTH, parseJsonc } from '../../../src/domain/discovery/jsonc.ts'

const value = (text: string) => {
  const parsed = parseJsonc(text)
  return parsed.kind === 'value' ? parsed.value : parsed.problem
}

test('comments and commas before a bracket are no part of the value', () => {
  const text = '// head\n{ "a": [1, /* one, */ 2, /* two */ ], // tail, }\n "b": {"c": "// no comment, }" , } /* end */ , }'
  expect(value(text)).toStrictEqual({ a: [1, 2], b: { c: '// no comment, }' } })
  expect(value('[1, // last\n]')).toStrictEqual([1])
})

test('whatever is JSON is read as JSON.parse reads it', () => {
  fc.assert(fc.property(fc.json({ maxDepth: 6 }), (text) => void expect(value(text)).toStrictEqual(JSON.parse(text))))
})

test('what is no JSON is named by its place, and none of its text is repeated', () => {
  const problem = value('{\n  "token": CANARY-1\n}')
  expect(problem).toMatchObject({ rule: 'not-json', line: 2, column: 12 })
  expect(JSON.stringify(problem)).not.toContain('CANARY')
  expect(value('{"a": "CANARY')).toMatchObject({ rule: 'not-json', line: 1, column: 7 })
  expect(value('["\\q"]')).toMatchObject({ rule: 'not-json' })
  expect(value('{} /* no end')).toMatchObject({ rule: 'not-json', line: 1, column: 4 })
  expect(value('')).toMatchObject({ rule: 'not-json', line: 1, column: 1 })
})

test.each([
  '[,]',
  '[1,,]',
  '[1 2]',
  '{"a" 1}',
  '{"a":}',
  '{a: 1}',
  '{"a": 1 "b": 2}',
  '[1}',
  '{"a"}',
  '{"a":1,,}',
  '1 2',
  '[1',
  '01',
  'NaN',
  "{'a': 1}",
  '{,}',
  '[1]]',
  ',',
  ':',
])('%j is no JSON, comments or not', (text) => expect(value(text)).toMatchObject({ rule: 'not-json' }))

test('nesting has a bound, told where it is passed', () => {
  expect(value('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH))).toBeInstanceOf(Array)
  expect(value('['.repeat(500_000))).toMatchObject({ rule: 'nested-too-deep', column: MAX_DEPTH + 1 })
})

test('a member that stands twice is told, and the last one counts', () => {
  const parsed = parseJsonc('{"a": 1,\n "a" /* again */ : 2, "b": ["a", "a"]}')
  expect(parsed).toMatchObject({ kind: 'value', value: { a: 2 }, problems: [{ rule: 'member-twice', line: 2, column: 2 }] })
})

test('a file of nothing but comments and commas takes no more than linear time', () => {
  const begun = performance.now()
  expect(value(`[1,${'/**/'.repeat(250_000)}]`)).toStrictEqual([1])
  expect(value(`["a"${' /**/ '.repeat(150_000)}]`)).toStrictEqual(['a'])
  // Quadratic, either would take minutes.
  expect(performance.now() - begun).toBeLessThan(5_000)
})
