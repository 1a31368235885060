/** What screens are made of: tables that fit, blocks that keep their text, JSON that hides nothing, times that a person reads at a glance. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonText } from '../../src/cli/screen/json-text.ts'
import { ago, duration, since } from '../../src/cli/screen/moment.ts'
import { createPage } from '../../src/cli/screen/page.ts'
import { paintFor } from '../../src/cli/screen/paint.ts'
import { type Column, layTable } from '../../src/cli/screen/table.ts'
import { chop, cut, textWidth, wrap } from '../../src/cli/screen/text-width.ts'
import { UNSAFE_CHARACTER } from '../support/hostile-text.ts'

const paint = paintFor({ isTTY: false }, {})
const ID = '0199f0a0-0000-7000-8000-00000abcdef1'
const columns: readonly Column[] = [
  { head: 'ID', kind: 'id' },
  { head: 'STATE' },
  { head: 'WHAT', kind: 'text' },
  { head: 'N', align: 'right' },
]

describe('a table', () => {
  test('shows everything where there is no terminal', () => {
    const [head, row] = layTable(columns, [[ID, 'open', 'x'.repeat(300), '7']], { width: undefined, paint })
    expect(head).toMatch(/^ID {36}STATE {2}WHAT/)
    expect(row).toBe(`${ID}  open   ${'x'.repeat(300)}  7`)
  })
  test('shortens ids to their ends first, then cuts texts', () => {
    expect(layTable(columns, [[ID, 'open', 'nginx is out of files', '7']], { width: 60, paint })[1]).toBe(
      '0abcdef1  open   nginx is out of files  7',
    )
    expect(layTable(columns, [[ID, 'open', 'nginx is out of file descriptors', '7']], { width: 40, paint })[1]).toBe(
      '0abcdef1  open   nginx is out of fil…  7',
    )
  })
  test('fits every width, whatever is in it', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ''))
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, cell, cell), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 40, max: 120 }),
        (rows, width) => {
          for (const line of layTable(columns, rows, { width, paint })) expect(textWidth(line)).toBeLessThanOrEqual(width)
        },
      ),
    )
  })
})

describe('text', () => {
  test('wide letters take two columns, marks on letters none', () => {
    expect(['日本', 'e\u0301', '🚀', 'a'].map(textWidth)).toEqual([4, 1, 2, 1])
    expect(cut('日本語', 5)).toBe('日本…')
  })
  test('wrapped, it keeps every word and no line is too long', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z日]{1,30}$/), { minLength: 1 }), fc.integer({ min: 8, max: 40 }), (words, width) => {
        const lines = wrap(words.join(' '), width)
        expect(lines.join('').replaceAll(' ', '')).toBe(words.join(''))
        for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(width)
      }),
    )
  })
  test('chopped, it is still the same text, blanks included', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(' ', 'a', '日', 'e\u0301') }), fc.integer({ min: 2, max: 20 }), (text, width) => {
        expect(chop(text, width).join('')).toBe(text)
      }),
    )
  })
})

describe('a page', () => {
  const lines = (make: (page: ReturnType<typeof createPage>) => void, width?: number): readonly string[] => {
    const page = createPage({ width, paint })
    make(page)
    return page.lines
  }
  test('puts every line of a foreign text behind a bar, and keeps its indentation', () => {
    expect(lines((page) => page.block('a\n    b\n[info] fine'), 80)).toEqual(['  │ a', '  │     b', '  │ [info] fine'])
  })
  test('puts a text below a label that leaves no room for it', () => {
    expect(lines((page) => page.item('l'.repeat(30), 'text'), 40)).toEqual(['l'.repeat(30), '    text'])
  })
  test('leaves out fields without a value', () => {
    expect(
      lines((page) =>
        page.fields([
          ['a', null],
          ['bcd', 'x'],
          ['e', ''],
        ]),
      ),
    ).toEqual(['bcd  x'])
  })
})

test('JSON is the same value, with nothing in it that a terminal acts on', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = jsonText(value)
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      expect(UNSAFE_CHARACTER.test(text.replaceAll('\n', ''))).toBe(false)
    }),
  )
})

test('colours are for terminals whose owner wants them', () => {
  expect(paintFor({ isTTY: true }, {})('bad', 'x')).not.toBe('x')
  for (const [stream, env] of [
    [{ isTTY: false }, {}],
    [{ isTTY: true }, { NO_COLOR: '1' }],
    [{ isTTY: true }, { TERM: 'dumb' }],
  ] as const) {
    expect(paintFor(stream, env)('bad', 'x')).toBe('x')
  }
})

test('times are told as a person tells them', () => {
  const now = Date.parse('2026-11-21T12:00:00Z')
  expect(ago('2026-11-21T11:56:20Z', now)).toBe('3 min ago')
  expect(ago('2026-11-21T14:00:00Z', now)).toBe('in 2 h')
  expect([ago(null, now), ago('soon', now), ago('2026-11-21T12:00:00Z', now)]).toEqual(['-', 'soon', 'now'])
  expect([0, 950, 1_240, 59_000, 200_000, 7_200_000, 187_200_000].map(duration)).toEqual([
    '0 ms',
    '950 ms',
    '1.2 s',
    '59 s',
    '3 min 20 s',
    '2 h',
    '2 d 4 h',
  ])
  expect(since('2026-11-21T11:00:00Z', '2026-11-21T11:00:00.300Z')).toBe('+0.3 s')
})
