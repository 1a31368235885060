import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvField, csvRow } from '../../../src/domain/text/csv.ts'
import { forHtml } from '../../../src/domain/text/html.ts'
import { markdownBlock, markdownCode } from '../../../src/domain/text/markdown.ts'
import { forTerminal, terminalBlock } from '../../../src/domain/text/terminal.ts'
import { hostileTexts, UNSAFE_CHARACTER } from '../../support/hostile-text.ts'

/** Any UTF-16, with what is dangerous in it far more often than chance would have it. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constantFrom(
        '\x1b',
        '\x07',
        '\x9b',
        '\n',
        '\r',
        '\t',
        '\0',
        '\u202e',
        '\u200b',
        '\ud800',
        '\udc00',
        '`',
        '"',
        '<',
        '&',
        '=',
        '|',
        '\u0301',
      ),
      fc.constantFrom(...hostileTexts.filter(({ text }) => text.length < 200).map(({ text }) => text)),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''))

const holdsForAll = (rule: (text: string) => void): void => {
  for (const { text } of hostileTexts) rule(text)
  fc.assert(fc.property(anyText, rule), { numRuns: 500 })
}

const withoutLineBreaksAndTabs = (text: string): string => text.replace(/[\n\t]/g, '')

test('the corpus is large, and every name is used once', () => {
  expect(hostileTexts.length).toBeGreaterThanOrEqual(60)
  expect(new Set(hostileTexts.map(({ name }) => name)).size).toBe(hostileTexts.length)
})

describe('terminal', () => {
  test('no character of a line has an effect', () => {
    holdsForAll((text) => {
      expect(forTerminal(text)).not.toMatch(UNSAFE_CHARACTER)
    })
  })

  test('as bytes: nothing below a blank, no DEL, no C1 in UTF-8', () => {
    holdsForAll((text) => {
      const bytes = [...Buffer.from(forTerminal(text), 'utf8')]
      expect(bytes.some((byte, index) => byte < 0x20 || byte === 0x7f || (bytes[index - 1] === 0xc2 && byte < 0xa0))).toBe(false)
    })
  })

  test('every line of a block stands behind the gutter', () => {
    holdsForAll((text) => {
      const block = terminalBlock(text, '| ')
      expect(withoutLineBreaksAndTabs(block)).not.toMatch(UNSAFE_CHARACTER)
      expect(block.split('\n').every((line) => line.startsWith('| '))).toBe(true)
    })
  })

  test.each([
    ['\x1b[31mred', '\\x1b[31mred'],
    ['a\r\nb\tc', 'a\\r\\nb\\tc'],
    ['\x9b2J', '\\x9b2J'],
    ['user\u202egnp', 'user\\u{202e}gnp'],
    ['a\ud800', 'a\\u{d800}'],
    ['Grüße, 世界 👋 C:\\new', 'Grüße, 世界 👋 C:\\new'],
    ['क्षि é e\u0301', 'क्षि é e\u0301'],
  ])('%j is shown as %j', (text, shown) => {
    expect(forTerminal(text)).toBe(shown)
  })

  test('marks beyond four on one letter are spelled out', () => {
    expect(forTerminal(`a${'\u0301'.repeat(6)}`)).toBe(`a${'\u0301'.repeat(4)}\\u{301}\\u{301}`)
  })

  test('what was made visible stays as it is', () => {
    holdsForAll((text) => {
      expect(forTerminal(forTerminal(text))).toBe(forTerminal(text))
    })
  })
})

describe('HTML', () => {
  test('no tag, no attribute and no entity of theirs', () => {
    holdsForAll((text) => {
      const html = forHtml(text)
      expect(html).not.toMatch(/[<>"'`=]/)
      expect(html.replace(/&(amp|lt|gt|quot|#39|#96|#61);/g, '')).not.toContain('&')
      expect(withoutLineBreaksAndTabs(html)).not.toMatch(UNSAFE_CHARACTER)
    })
  })

  test('ordinary text reads as it was written', () => {
    expect(forHtml('a < b & "c"')).toBe('a &lt; b &amp; &quot;c&quot;')
  })
})

describe('Markdown', () => {
  test('a span ends where we end it', () => {
    holdsForAll((text) => {
      const span = markdownCode(text)
      expect(span).not.toMatch(UNSAFE_CHARACTER)
      if (span === '(empty)') return
      const fence = /^`+/.exec(span)?.[0] ?? ''
      const inside = span.slice(fence.length, -fence.length)
      expect(span.endsWith(` ${fence}`)).toBe(true)
      expect((inside.match(/`+/g) ?? []).every((run) => run.length !== fence.length)).toBe(true)
    })
  })

  test('in a table, no bar ends the cell', () => {
    holdsForAll((text) => {
      expect(markdownCode(text, { inTable: true })).not.toContain('|')
    })
  })

  test('a block ends where we end it', () => {
    holdsForAll((text) => {
      const lines = markdownBlock(text).split('\n')
      const fence = lines.at(-1) ?? ''
      expect(lines[0]).toBe(`${fence}text`)
      expect(lines.slice(1, -1).some((line) => line.includes(fence))).toBe(false)
      expect(withoutLineBreaksAndTabs(lines.join('\n'))).not.toMatch(UNSAFE_CHARACTER)
    })
  })
})

describe('CSV', () => {
  test('a cell is one quoted cell, and never begins a formula', () => {
    holdsForAll((text) => {
      const field = csvField(text)
      expect(field).toMatch(/^"(?:[^"]|"")*"$/)
      expect(field.slice(1)).not.toMatch(/^\s*[=+\-@|%＝＋－＠]/)
      expect(field.replaceAll('\n', '')).not.toMatch(UNSAFE_CHARACTER)
    })
  })

  test('figures stay figures, and nothing stays empty', () => {
    expect(csvRow(['a"b', -1, 10n, true, null, undefined])).toBe('"a""b",-1,10,true,,\r\n')
  })
})
