/**
 * Lays a table out. With a width it always fits: ids are shortened to their ends first, then long texts are cut, and at last the line itself.
 * Without one - not a terminal - everything is shown whole, so that other programs find it.
 */
import type { Paint, Tone } from './paint.ts'
import { cut, pad, textWidth } from './text-width.ts'

export type Cell = string | Readonly<{ text: string; tone: Tone }>

export type Column = Readonly<{
  head: string
  /** `id`: its end tells it apart, and may stand for it. `text`: may be cut. Default: `word`, cut only when nothing else is left. */
  kind?: 'id' | 'text' | 'word'
  align?: 'right'
}>

const GAP = '  '
const SHORT_ID = 8
const LEAST_TEXT = 12
const LEAST_WORD = 4

/** The texts must have passed the sanitiser. */
export function layTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { width, paint }: { width: number | undefined; paint: Paint },
): string[] {
  const shortIds = width !== undefined && columns.some(({ kind }) => kind === 'id') && sum(natural(columns, rows)) > width
  const shown = rows.map((row) =>
    columns.map(({ kind }, index) => {
      const { text, tone } = cellOf(row[index])
      return { text: kind === 'id' && shortIds ? shortId(text) : text, tone }
    }),
  )
  const widths = width === undefined ? natural(columns, shown) : fitted(columns, natural(columns, shown), width)
  const line = (cells: readonly Readonly<{ text: string; tone: Tone }>[]): string => {
    let rest = width ?? Number.POSITIVE_INFINITY
    const parts: string[] = []
    for (const [index, { text, tone }] of cells.entries()) {
      const room = Math.min(widths[index] ?? 0, rest)
      if (room <= 0) break
      const fitting = cut(text, room)
      const isLast = index === cells.length - 1
      const filled =
        columns[index]?.align === 'right'
          ? ' '.repeat(Math.max(0, room - textWidth(fitting))) + fitting
          : isLast
            ? fitting
            : pad(fitting, room)
      parts.push(paint(tone, filled))
      rest -= room + GAP.length
    }
    return parts.join(GAP).trimEnd()
  }
  return [line(columns.map(({ head }) => ({ text: head, tone: 'dim' }))), ...shown.map(line)]
}

/** How wide a table would like to be. The texts must have passed the sanitiser. */
export const tableWidth = (columns: readonly Column[], rows: readonly (readonly Cell[])[]): number => sum(natural(columns, rows))

export const shortId = (id: string): string => (id.length > SHORT_ID ? id.slice(-SHORT_ID) : id)

export const cellOf = (cell: Cell | undefined): Readonly<{ text: string; tone: Tone }> =>
  typeof cell === 'string' ? { text: cell, tone: 'plain' } : (cell ?? { text: '', tone: 'plain' })

const natural = (columns: readonly Column[], rows: readonly (readonly Cell[])[]): number[] =>
  columns.map(({ head }, index) => rows.reduce((widest, row) => Math.max(widest, textWidth(cellOf(row[index]).text)), textWidth(head)))

const sum = (widths: readonly number[]): number => widths.reduce((total, width) => total + width, 0) + GAP.length * (widths.length - 1)

/** Takes from the widest of those that may give, one column at a time, until all fit or none may give any more. */
function fitted(columns: readonly Column[], widths: readonly number[], width: number): number[] {
  const result = [...widths]
  const shrink = (may: (column: Column) => boolean, least: number): void => {
    while (sum(result) > width) {
      const givers = result.flatMap((each, index) => {
        const column = columns[index]
        return column !== undefined && may(column) && each > least ? [{ index, each }] : []
      })
      const [widest] = givers.toSorted((a, b) => b.each - a.each)
      if (widest === undefined) return
      const second = givers.filter(({ index }) => index !== widest.index).reduce((most, { each }) => Math.max(most, each), least)
      const surplus = sum(result) - width
      result[widest.index] = Math.max(least, widest.each - Math.max(1, Math.min(surplus, widest.each - second)))
    }
  }
  shrink(({ kind }) => kind === 'text', LEAST_TEXT)
  shrink(({ kind }) => kind !== 'id', LEAST_WORD)
  return result
}
