/** The end of an error stream. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTail } from '../../../src/adapters/child-processes/tail.ts'

test('what is kept is the end of what came, and never more than the bound', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 30 }), { maxLength: 40 }), (pieces) => {
      const tail = createTail(50)
      for (const piece of pieces) tail.push(Buffer.from(piece))
      const all = pieces.join('')
      const text = tail.text()
      expect(text.length).toBeLessThanOrEqual(50)
      expect(all.endsWith(text)).toBe(true)
      if (all.length <= 50) expect(text).toBe(all)
      else if (text.length < 49) expect(all.slice(-50).indexOf('\n')).toBe(49 - text.length)
    }),
  )
})

test('the first line is whole, unless it alone is longer than the bound', () => {
  const tail = createTail(20)
  tail.push(Buffer.from('a long first line\nsecond\nthird\n'))
  expect(tail.text()).toBe('second\nthird\n')
  tail.push(Buffer.from('x'.repeat(100)))
  expect(tail.text()).toBe('x'.repeat(20))
})
