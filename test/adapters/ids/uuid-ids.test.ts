import fc from 'fast-check'
import { validate, version } from 'uuid'
import { expect, test } from 'vitest'
import { createIds } from '../../../src/adapters/ids/uuid-ids.ts'

const ids = createIds({ namespace: 'steward' })

test('fresh ids are UUIDv7 and sort in the order in which they were given', () => {
  const given = Array.from({ length: 5_000 }, () => ids.fresh())
  expect(given.every((id) => validate(id) && version(id) === 7)).toBe(true)
  expect(given).toStrictEqual([...given].sort())
  expect(new Set(given).size).toBe(given.length)
})

test('a derived id never changes from one release to the next', () => {
  expect(ids.derived('principal', 'key')).toBe('20263e5f-9857-5211-9043-2235e2c7486e')
})

test('derived ids are equal exactly when their parts are', () => {
  const parts = fc.array(fc.string({ unit: 'binary', maxLength: 6 }), { maxLength: 4 })
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      expect(version(ids.derived(...a))).toBe(5)
      expect(ids.derived(...a) === ids.derived(...b)).toBe(JSON.stringify(a) === JSON.stringify(b))
    }),
  )
})

test.each([
  [
    ['a', 'b c'],
    ['a b', 'c'],
  ],
  [['a', ''], ['a']],
  [['a","b'], ['a', 'b']],
  [['\ud800'], ['\udfff']],
  [['\ud800'], ['\ufffd']],
])('%j and %j are different parts', (a, b) => {
  expect(ids.derived(...a)).not.toBe(ids.derived(...b))
})

test('two namespaces derive different ids', () => {
  expect(createIds({ namespace: 'demo' }).derived('a')).not.toBe(ids.derived('a'))
})
