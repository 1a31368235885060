import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLineSplitter, type Line } from '../../../src/adapters/ssh/line-splitter.ts'

const byte = fc.oneof({ weight: 1, arbitrary: fc.constant(0x0a) }, { weight: 6, arbitrary: fc.nat(255) })
const bytes = fc.array(byte, { maxLength: 200 }).map((values) => Buffer.from(values))

function split(text: Buffer, pieces: readonly number[], maxLineBytes: number): Line[] {
  const splitter = createLineSplitter({ offset: 1_000, maxLineBytes })
  const lines: Line[] = []
  let from = 0
  for (const length of [...pieces, text.length]) {
    lines.push(...splitter.push(text.subarray(from, from + length)))
    from += length
    if (from >= text.length) break
  }
  return [...lines, ...splitter.flush()]
}

test('however the bytes arrive, the lines are the same', () =>
  fc.assert(
    fc.property(bytes, fc.array(fc.integer({ min: 1, max: 9 })), (text, pieces) => {
      expect(split(text, pieces, 1_000)).toStrictEqual(split(text, [], 1_000))
    }),
  ))

test('the bytes between two offsets are the line and its newline', () =>
  fc.assert(
    fc.property(bytes, (text) => {
      const lines = split(text, [], 1_000)
      let next = 1_000
      for (const line of lines) {
        expect(line.offset).toBe(next)
        expect(
          text
            .subarray(line.offset - 1_000, line.endOffset - 1_000)
            .toString('utf8')
            .replace(/\n$/, ''),
        ).toBe(line.text)
        next = line.endOffset
      }
      expect(next).toBe(1_000 + text.length)
    }),
  ))

test('a long line keeps its beginning, its neighbours and its place', () => {
  const lines = split(Buffer.from(`ab\n${'x'.repeat(50)}\ncd\n`), [7, 7, 7], 10)
  expect(lines).toStrictEqual([
    { text: 'ab', offset: 1_000, endOffset: 1_003, cut: false },
    { text: 'x'.repeat(10), offset: 1_003, endOffset: 1_054, cut: true },
    { text: 'cd', offset: 1_054, endOffset: 1_057, cut: false },
  ])
})

test('cutting makes no invalid character', () => {
  for (const character of ['é', '€', '😀']) {
    for (let limit = 1; limit <= 8; limit += 1) {
      const [line] = split(Buffer.from(`${character.repeat(8)}\n`), [], limit)
      expect(line?.text).toBe(character.repeat(Math.floor(limit / Buffer.byteLength(character))))
    }
  }
})
