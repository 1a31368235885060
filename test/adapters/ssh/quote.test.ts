import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quoteArgument, quoteCommand } from '../../../src/adapters/ssh/quote.ts'

/** Everything that means something to some shell, and some things that should not. */
const spiteful = fc.constantFrom(
  "'",
  '"',
  '\\',
  '$',
  '`',
  '!',
  '*',
  '?',
  '~',
  '#',
  '&',
  ';',
  '|',
  '<',
  '>',
  '(',
  ')',
  '{',
  '\n',
  '\t',
  ' ',
  '-',
  '=',
  '%',
  'é',
  '😀',
  '\x01',
  '\x7f',
)
const argument = fc
  .oneof(fc.string({ unit: 'binary', maxLength: 50 }), fc.string({ unit: spiteful, maxLength: 30 }))
  .map((text) => text.replaceAll('\0', '').toWellFormed())

test('any argument vector goes through a real shell byte for byte', () => {
  fc.assert(
    fc.property(fc.array(fc.array(argument, { maxLength: 8 }), { minLength: 1, maxLength: 20 }), (vectors) => {
      // One shell for many vectors: a line per vector, arguments ended by NUL, vectors by an empty marker of their own.
      const script = vectors.map((args) => `printf '%s\\0' ${quoteCommand(['begin', ...args, 'end'])}`).join('\n')
      const printed = execFileSync('sh', ['-s'], { input: script }).toString('utf8')
      expect(printed.split('\0').slice(0, -1)).toStrictEqual(vectors.flatMap((args) => ['begin', ...args, 'end']))
    }),
    { numRuns: 100 },
  )
})

test('an empty argument stays an argument', () => expect(quoteCommand(['echo', ''])).toBe("'echo' ''"))

test('what no argument can carry is refused by name', () => {
  expect(() => quoteArgument('a\0b')).toThrow('must not hold a NUL character')
  expect(() => quoteArgument('\udc00')).toThrow('must be well-formed Unicode')
  expect(() => quoteCommand(Array.from({ length: 30 }, () => 'x'.repeat(5_000)))).toThrow(
    /^a command line must not exceed \d+ bytes: it has \d+$/,
  )
})
