/**
 * A screen under construction: headings, paragraphs, fields, tables, blocks of foreign text. Whatever is put on it passes the sanitiser here, so no
 * screen can forget it; only line breaks and colours of ours are left when it is written.
 */
import { forTerminal, terminalBlock } from '../../domain/text/terminal.ts'
import type { Paint, Tone } from './paint.ts'
import { type Cell, type Column, cellOf, layTable } from './table.ts'
import { chop, cut, pad, textWidth, wrap } from './text-width.ts'

export type Field = readonly [label: string, value: Cell | undefined | null]

export interface Page {
  blank(): void
  heading(text: string, tone?: Tone): void
  /** A paragraph, wrapped. */
  text(text: string, tone?: Tone): void
  /** `label` stands before the first line, the others begin below its end. */
  item(label: string, text: Cell, labelTone?: Tone): void
  /** As `item`, on one line: what does not fit is cut off. */
  line(label: string, text: Cell, labelTone?: Tone): void
  /** Those without a value are left out. */
  fields(fields: readonly Field[]): void
  /** `otherwise` instead of a table without rows. */
  table(columns: readonly Column[], rows: readonly (readonly Cell[])[], otherwise: string): void
  /** Several lines of somebody else's text, each behind a bar of ours. */
  block(text: string): void
  /** As `block`; added and removed lines are told apart. */
  diff(text: string): void
}

export type PageOptions = Readonly<{
  /** Undefined: no terminal; lines are as long as they are. */
  width: number | undefined
  paint: Paint
}>

const GUTTER = '  │ '
const BELOW = '    '

export function createPage({ width, paint }: PageOptions): Page & { lines: readonly string[] } {
  const lines: string[] = []
  const wrapped = (text: string, room: number | undefined): string[] => (room === undefined ? [text] : wrap(text, Math.max(20, room)))

  const item = (label: string, text: Cell, labelTone: Tone = 'dim'): void => {
    const cell = cellOf(text)
    const safeLabel = forTerminal(label)
    const indent = textWidth(safeLabel)
    // A label from outside may be longer than the screen; then the text stands below it.
    if (width !== undefined && indent > width / 2) {
      for (const line of wrapped(safeLabel.trimEnd(), width)) lines.push(paint(labelTone, line))
      for (const line of wrapped(forTerminal(cell.text), width - BELOW.length)) lines.push(BELOW + paint(cell.tone, line))
      return
    }
    const [first = '', ...more] = wrapped(forTerminal(cell.text), width === undefined ? undefined : width - indent)
    lines.push((paint(labelTone, safeLabel) + paint(cell.tone, first)).trimEnd())
    for (const line of more) lines.push(' '.repeat(indent) + paint(cell.tone, line))
  }
  const block = (text: string, toneOfLine: (line: string) => Tone): void => {
    // Tabs would move behind the edge.
    for (const line of terminalBlock(text, '').replaceAll('\t', '    ').split('\n')) {
      for (const part of width === undefined ? [line] : chop(line, width - GUTTER.length)) {
        // The bar is there on every line, so that nothing behind it passes for a line of ours.
        lines.push((paint('dim', GUTTER) + paint(toneOfLine(line), part)).trimEnd())
      }
    }
  }
  return {
    lines,
    blank: () => void lines.push(''),
    heading: (text, tone = 'strong') => {
      for (const line of wrapped(forTerminal(text), width)) lines.push(paint(tone, line))
    },
    text: (text, tone = 'plain') => {
      for (const line of wrapped(forTerminal(text), width)) lines.push(paint(tone, line))
    },
    item,
    line(label, text, labelTone = 'dim') {
      const cell = cellOf(text)
      const safeLabel = forTerminal(label)
      const safeText = forTerminal(cell.text)
      const room = width === undefined ? undefined : width - textWidth(safeLabel)
      if (room !== undefined && room < 1) lines.push(paint(labelTone, cut(safeLabel, width ?? 0)))
      else lines.push((paint(labelTone, safeLabel) + paint(cell.tone, room === undefined ? safeText : cut(safeText, room))).trimEnd())
    },
    fields(fields) {
      const given = fields.flatMap(([label, value]) =>
        value === undefined || value === null || cellOf(value).text === '' ? [] : [{ label, value }],
      )
      const indent = given.reduce((most, { label }) => Math.max(most, textWidth(label)), 0) + 2
      for (const { label, value } of given) item(pad(label, indent), value)
    },
    table(columns, rows, otherwise) {
      if (rows.length === 0) {
        lines.push(paint('dim', otherwise))
        return
      }
      const safe = rows.map((row) =>
        row.map((each) => {
          const { text, tone } = cellOf(each)
          return { text: forTerminal(text), tone }
        }),
      )
      lines.push(...layTable(columns, safe, { width, paint }))
    },
    block: (text) => block(text, () => 'plain'),
    diff: (text) => block(text, (line) => (/^\+(?!\+\+)/.test(line) ? 'good' : /^-(?!--)/.test(line) ? 'bad' : 'dim')),
  }
}
