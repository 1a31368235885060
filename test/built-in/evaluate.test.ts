/** Expressions come to what mathematics says they do, and what is wrong with one is told with its place. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evaluate, MOST_CHARACTERS, MOST_LEVELS } from '../../src/built-in/calculator/evaluate.ts'

test.for([
  ['1 + 2 * 3', 7],
  ['(1 + 2) * 3', 9],
  ['10 - 4 - 3', 3],
  ['100 / 10 / 5', 2],
  ['7 % 4 * 2', 6],
  ['2 ^ 3 ^ 2', 512],
  ['-2 ^ 2', -4],
  ['2 ^ -1', 0.5],
  ['(-2) ^ 2', 4],
  ['--3 + +4', 7],
  ['.5 + 1.', 1.5],
  ['1e3 + 2.5E-1', 1000.25],
  ['sqrt(16) + abs(-3)', 7],
  ['min(3, 1 + 1, 7) + max(4)', 6],
  ['round(cos(pi)) + ln(e)', 0],
  ['\t1\n+  2 ', 3],
] as const)('%s is %d', ([text, value]) => {
  expect(evaluate(text)).toStrictEqual({ kind: 'value', value })
})

test.for([
  ['', 1, 'it ends where a number should be'],
  ['2 * (3 + ', 10, 'it ends where a number should be'],
  ['2 * (3 + 4', 11, 'the bracket at 5 is not closed here'],
  ['2 * 3)', 6, '")" was not expected here'],
  ['1 2', 3, '"2" was not expected here'],
  ['1 / (2 - 2)', 3, 'nothing can be divided by 0'],
  ['5 % 0', 3, 'nothing can be divided by 0'],
  ['sqrt(0 - 1)', 1, 'this has no real value'],
  ['10 ^ 400', 4, 'this is larger than any number that can be told'],
  ['1e999', 1, 'this is larger than any number that can be told'],
  ['sqrt 4', 6, 'sqrt needs its values in brackets'],
  ['sqrt(1, 2)', 1, 'sqrt takes 1 values, not 2'],
  ['1 + constructor', 5, expect.stringMatching(/^constructor is not known; there are pi, e, abs/)],
  ['process.exit(1)', 1, expect.stringMatching(/^process is not known/)],
  ['1 + \u202e2', 5, 'U+202E is no number'],
  ['0x10', 2, '"x" was not expected here'],
] as const)('%j is told to be broken at character %d', ([text, position, says]) => {
  expect(evaluate(text)).toStrictEqual({ kind: 'broken', position, says })
})

test('length and depth are bounded: nothing overflows, and at the bound it still works', () => {
  const nested = (levels: number) => `${'('.repeat(levels)}1${')'.repeat(levels)}`
  expect(evaluate(nested(MOST_LEVELS))).toStrictEqual({ kind: 'value', value: 1 })
  expect(evaluate(nested(MOST_LEVELS + 1))).toMatchObject({ kind: 'broken', position: MOST_LEVELS + 2 })
  expect(evaluate(Array(200).fill('1').join('^'))).toMatchObject({ kind: 'broken', says: expect.stringContaining('levels') })
  expect(evaluate(`${'-'.repeat(MOST_CHARACTERS - 1)}1`)).toMatchObject({ kind: 'value' })
  expect(evaluate('1'.repeat(MOST_CHARACTERS + 1))).toMatchObject({ kind: 'broken', says: expect.stringContaining('longer') })
})

test('whatever it is given, it answers with a finite value or a place inside the text', () => {
  const pieces = fc.constantFrom('1', '2.5', '(', ')', '+', '-', '*', '/', '^', '%', ',', ' ', 'min(', 'pi', '\u{1f600}', '$', '\0')
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
      ),
      (text) => {
        const result = evaluate(text)
        if (result.kind === 'value') expect(Number.isFinite(result.value)).toBe(true)
        else expect(result.position).toSatisfy((at: number) => at >= 1 && at <= text.length + 1)
      },
    ),
  )
})

test('sums, differences and products of numbers are those of the language', () => {
  type Told = Readonly<{ text: string; value: number }>
  const { told } = fc.letrec<{ told: Told }>((tie) => ({
    told: fc.oneof(
      { maxDepth: 6 },
      fc.integer({ min: 0, max: 999 }).map((value) => ({ text: String(value), value })),
      fc.tuple(tie('told'), fc.constantFrom('+', '-', '*'), tie('told')).map(([a, operator, b]) => ({
        text: `(${a.text} ${operator} ${b.text})`,
        value: operator === '+' ? a.value + b.value : operator === '-' ? a.value - b.value : a.value * b.value,
      })),
    ),
  }))
  fc.assert(
    fc.property(
      told.filter(({ text }) => text.length <= MOST_CHARACTERS),
      ({ text, value }) => {
        expect(evaluate(text)).toStrictEqual({ kind: 'value', value })
      },
    ),
  )
})
