import { expect, test } from 'vitest'
import type { Json } from '../../../src/domain/ports/json.ts'
import { ARGUMENTS_LIMIT, argumentsExcerpt } from '../../../src/domain/usage/excerpt.ts'

test('what is short and harmless stays as it is', () => {
  expect(argumentsExcerpt({ path: '/tmp', deep: { list: [1, null, true, 'x'] } })).toEqual({
    text: '{"path":"/tmp","deep":{"list":[1,null,true,"x"]}}',
  })
})

test('secrets go, by name and by shape, at every depth', () => {
  const { text } = argumentsExcerpt({
    a: [{ password: 'canary' }],
    authorization: { any: 'canary' },
    note: 'token=canary sk-canarycanarycanary',
  })
  expect(text).not.toContain('canary')
})

test('size, breadth and depth cost no more than what is kept', () => {
  let deep: Json = 'x'
  for (let depth = 0; depth < 20_000; depth++) deep = [deep]
  const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`name-${index}`, 'x'.repeat(100)]))
  const began = performance.now()
  for (const args of [{ deep }, { wide }, wide, { text: 'x'.repeat(10_000_000) }]) {
    expect(argumentsExcerpt(args).text.length).toBeLessThanOrEqual(ARGUMENTS_LIMIT + 1)
  }
  // Generous: the unbounded way takes seconds.
  expect(performance.now() - began).toBeLessThan(500)
})

test('a member of the name __proto__ is a member like any other', () => {
  const args = JSON.parse('{"__proto__":{"polluted":true}}')
  expect(argumentsExcerpt(args).text).toBe('{"__proto__":{"polluted":true}}')
  expect({}).not.toHaveProperty('polluted')
})
