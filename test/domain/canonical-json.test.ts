import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../src/domain/canonical-json.ts'
import type { Json } from '../../src/domain/ports/json.ts'

const json = fc.jsonValue({ stringUnit: 'grapheme', maxDepth: 5 }).map((value): Json => JSON.parse(JSON.stringify(value)))

test('agrees with the reference implementation of RFC 8785', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(canonicalJson(value)).toBe(canonicalize(value))
    }),
  )
})

test('the order in which members were added does not matter', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), json), (members) => {
      const turned = Object.fromEntries(Object.entries(members).reverse())
      expect(canonicalJson(turned)).toBe(canonicalJson(members))
    }),
  )
})

test('what it writes is the same value again', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(JSON.parse(canonicalJson(value))).toStrictEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('the example of RFC 8785, section 3.2.3: members sort by UTF-16 code units', () => {
  const value = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '\ud83d\ude00': 'Emoji',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  }
  expect(Object.values(JSON.parse(canonicalJson(value)))).toStrictEqual(
    // JSON.parse puts the integer-like name first; the text itself has the carriage return first.
    ['One', 'Carriage Return', 'Control', 'Latin Small Letter O With Diaeresis', 'Euro Sign', 'Emoji', 'Hebrew Letter Dalet With Dagesh'],
  )
  expect(canonicalJson(value).startsWith('{"\\r":"Carriage Return","1":"One"')).toBe(true)
})

test.each<[Json, string]>([
  [{ a: Number.NaN }, '$.a is NaN'],
  [[1, Number.POSITIVE_INFINITY], '$[1] is Infinity'],
  [{ a: ['\ud800'] }, '$.a[0] holds a lone surrogate'],
  [{ '\udc00': 1 }, '$ holds a lone surrogate'],
])('%o has no canonical form, and the error names the place', (value, says) => {
  expect(() => canonicalJson(value)).toThrow(says)
})

test('what is no JSON is refused, not turned into something', () => {
  // What reaches the function through a hole in the types.
  const smuggled = (value: unknown): Json => JSON.parse('null', () => value)
  expect(() => canonicalJson(smuggled({ at: new Date(0) }))).toThrow('$.at is no JSON value')
  expect(() => canonicalJson(smuggled([undefined]))).toThrow('$[0] is no JSON value')
  expect(() => canonicalJson(smuggled({ n: 1n }))).toThrow('$.n is no JSON value')
})
