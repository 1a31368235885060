/** The table at the end, within 80 columns. */
import type { Outcome } from './part.ts'

export type Row = Readonly<{ name: string; fault: string; outcome: Outcome }>

export function tableOf(rows: readonly Row[]): string[] {
  const cells = [HEADER, ...rows.map(cellsOf)]
  const widths = HEADER.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const lines = cells.map((row) =>
    row.map((cell, column) => (RIGHT.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join(' '),
  )
  const [header = '', ...body] = lines
  return [header.trimEnd(), '─'.repeat(header.length), ...body.map((line) => line.trimEnd())]
}

const HEADER = ['', '', 'fault', ' detected', '  fixed', ' actions', ' outcome', ' events']
const RIGHT = new Set([3, 4, 5, 7])

function cellsOf({ name, fault, outcome: { detectedAfterMs, fixedAfterMs, actions, says, events, problems } }: Row): string[] {
  return [
    problems.length === 0 ? '✓' : '✗',
    name,
    fault,
    seconds(detectedAfterMs),
    seconds(fixedAfterMs),
    count(actions),
    ` ${says}`,
    count(events),
  ]
}

const count = (n: number | undefined): string => (n === undefined ? '-' : String(n))
/** What is seen by the end of a process is seen within milliseconds: 0.0 s would say nothing. */
const seconds = (ms: number | undefined): string => (ms === undefined ? '-' : ms < 100 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`)
