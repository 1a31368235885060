/** Lines out of bytes: whatever the pieces they come in, and whenever the reader pauses. */
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readLines } from '../../../src/adapters/child-processes/line-reader.ts'

test('the same lines come, whatever the pieces and the pauses', async () => {
  const piece = fc.uint8Array({ minLength: 1, maxLength: 12 })
  const pauses = fc.array(fc.boolean(), { minLength: 1, maxLength: 7 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(piece, fc.constant(Uint8Array.of(10)), fc.constant(Uint8Array.of(10, 10))), { maxLength: 30 }),
      pauses,
      async (pieces, pauseAt) => {
        const expected = Buffer.concat(pieces)
          .toString('latin1')
          .split('\n')
          .slice(0, -1)
          .map((line) => Buffer.from(line, 'latin1').toString('utf8'))
        expect(await linesOf(pieces, pauseAt)).toEqual({ lines: expected, why: 'closed' })
      },
    ),
    { numRuns: 300 },
  )
})

test('a line of exactly the limit is a line, one byte more is too long, and no line follows it', async () => {
  expect(await linesOf([Buffer.from('12345678\nab\n')], [false], 8)).toEqual({ lines: ['12345678', 'ab'], why: 'closed' })
  expect(await linesOf([Buffer.from('ab\n1234'), Buffer.from('56789\ncd\n')], [false], 8)).toEqual({ lines: ['ab'], why: 'too-long' })
  expect(await linesOf([Buffer.from('ab\n123456789')], [false], 8)).toEqual({ lines: ['ab'], why: 'too-long' })
})

test('while paused nothing comes, also not from what was read already', async () => {
  const source = new PassThrough()
  const lines: string[] = []
  const reading = readLines(source, { maxLineBytes: 100, tooLong: () => undefined })
  reading.read({
    line(text) {
      lines.push(text)
      reading.pause()
    },
    ended: () => undefined,
  })
  source.write('a\nb\nc\n')
  await new Promise((resolve) => setImmediate(resolve))
  expect(lines).toEqual(['a'])
  reading.resume()
  expect(lines).toEqual(['a', 'b'])
})

test('an output has one reader', () => {
  const reading = readLines(new PassThrough(), { maxLineBytes: 100, tooLong: () => undefined })
  const reader = { line: () => undefined, ended: () => undefined }
  reading.read(reader)
  expect(() => reading.read(reader)).toThrow('the output of a program has one reader')
})

/** Pauses at the lines that `pauseAt` says, again and again, and goes on a turn later. */
async function linesOf(pieces: readonly Uint8Array[], pauseAt: readonly boolean[], maxLineBytes = 1_000): Promise<object> {
  const source = new PassThrough()
  const lines: string[] = []
  const ended = Promise.withResolvers<string>()
  const reading = readLines(source, { maxLineBytes, tooLong: () => undefined })
  reading.read({
    line(text) {
      lines.push(text)
      if (pauseAt[lines.length % pauseAt.length] !== true) return
      reading.pause()
      setImmediate(reading.resume)
    },
    ended: ended.resolve,
  })
  for (const piece of pieces) {
    source.write(piece)
    if (piece.length % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  source.end()
  return { why: await ended.promise, lines }
}
