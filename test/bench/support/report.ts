/** What every benchmark prints: the machine, the settings, medians in a table, and ratios within the same run. */
import { execFileSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'

/** One line that says where the figures come from. */
export function machineLine(): string {
  const [cpu] = cpus()
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return `machine: ${cpus().length} x ${cpu?.model.trim() || 'unknown CPU'}, ${memory}, ${kernel()}, Node ${process.version}`
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Linear between neighbours. `fraction` 0.95 for P95. */
export function quantile(values: readonly number[], fraction: number): number {
  if (values.length === 0) throw new RangeError('no values')
  const sorted = [...values].sort((a, b) => a - b)
  const place = (sorted.length - 1) * fraction
  const [below, above] = [sorted[Math.floor(place)] ?? 0, sorted[Math.ceil(place)] ?? 0]
  return below + (above - below) * (place - Math.floor(place))
}

/** Columns as wide as their widest cell; the first to the left, figures to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    widths.map((width, column) => (column === 0 ? (row[column] ?? '').padEnd(width) : (row[column] ?? '').padStart(width))).join('  ')
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

/** `12 345`, or with decimals below 100. */
export function figure(value: number): string {
  if (value < 100) return value.toFixed(2)
  return Math.round(value).toLocaleString('en').replaceAll(',', ' ')
}

/** A figure to reach, as one line that says whether it was reached. */
export function goal(name: string, value: number, atLeast: number): string {
  return `${value >= atLeast ? 'reached' : 'MISSED'}: ${name} ${figure(value)} (at least ${figure(atLeast)})`
}

function kernel(): string {
  try {
    return execFileSync('uname', ['-sr'], { encoding: 'utf8' }).trim()
  } catch {
    return process.platform
  }
}
