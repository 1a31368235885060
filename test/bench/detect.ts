/**
 * How fast the line matcher reads: every pattern of the catalogue over what real daemons printed, on one core; and what twice as many patterns cost.
 * Prints machine, settings, medians and ratios; fails when a figure is missed. `npm run bench:detect`
 */
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadFaults } from '../../src/adapters/fault-files/fault-files.ts'
import { compileLogMatcher } from '../../src/adapters/log-matcher/log-matcher.ts'
import type { Detection, Fault } from '../../src/domain/catalogue/fault.ts'
import type { LogMatcher } from '../../src/domain/ports/log-matcher.ts'

const LINES = 200_000
const BATCH_LINES = 500
const ROUNDS = 9
const LEAST_LINES_PER_SECOND = 500_000
const MOST_FOR_TWICE_THE_PATTERNS = 1.3

const captured = fileURLToPath(new URL('../fixtures/captured-logs/', import.meta.url))
const faults = await loadFaults(fileURLToPath(new URL('../../faults/', import.meta.url)), compileLogMatcher)
const real = readdirSync(captured)
  .filter((name) => name.endsWith('.log'))
  .flatMap((name) => readFileSync(join(captured, name), 'utf8').split('\n'))
  .filter((line) => line !== '')

/** As the follower hands them over: in batches. */
const batches = Array.from({ length: Math.ceil(LINES / BATCH_LINES) }, (_, batch) =>
  Array.from({ length: BATCH_LINES }, (_, index) => real[(batch * BATCH_LINES + index) % real.length] ?? ''),
)
const lines = batches.length * BATCH_LINES
const bytes = batches.flat().reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0)

/** The same patterns about other words: letters of each literal are shifted, so none shares a literal with the first set. */
const shifted = (faults: readonly Fault[], by: number): readonly Fault[] =>
  faults.map((fault) => ({ ...fault, detect: fault.detect.map((detection) => shiftDetection(detection, by)) }))

const shiftDetection = (detection: Detection, by: number): Detection =>
  detection.kind !== 'log'
    ? detection
    : { ...detection, match: detection.match.replaceAll(/(?<![\\<{[A-Za-z])[a-z]{4,}/g, (word) => shift(word, by)) }

const shift = (word: string, by: number): string =>
  [...word].map((letter) => String.fromCharCode(97 + ((letter.charCodeAt(0) - 97 + by) % 26))).join('')

/** Processor time of this thread: what else runs on the machine does not count. */
function run(matcher: LogMatcher): { ms: number; hits: number } {
  let hits = 0
  const before = process.threadCpuUsage()
  for (const batch of batches) hits += matcher.match(batch).length
  const { user, system } = process.threadCpuUsage(before)
  return { ms: (user + system) / 1_000, hits }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const patternsOf = (set: readonly Fault[]): number => set.flatMap(({ detect }) => detect.filter(({ kind }) => kind === 'log')).length

const sets = [
  { name: 'the catalogue', faults },
  { name: 'twice as many', faults: [...faults, ...shifted(faults, 3)] },
  { name: 'eight times', faults: [...faults, ...[3, 5, 7, 9, 11, 13, 15].flatMap((by) => shifted(faults, by))] },
].map((set) => ({ ...set, matcher: compileLogMatcher(set.faults), times: [] as number[], hits: 0 }))

// Interleaved, so that a slow moment of the machine meets every set.
for (let round = -2; round < ROUNDS; round += 1) {
  for (const set of sets) {
    const { ms, hits } = run(set.matcher)
    set.hits = hits
    if (round >= 0) set.times.push(ms)
  }
}

console.log(`machine   ${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, Node ${process.version}`)
console.log(
  `settings  ${lines} lines (${(bytes / 1e6).toFixed(1)} MB) from ${real.length} captured ones, batches of ${BATCH_LINES}, ${ROUNDS} rounds, processor time of one thread`,
)
console.log('command   npm run bench:detect\n')
const base = median(sets[0]?.times ?? [])
for (const { name, faults: set, times, hits } of sets) {
  const ms = median(times)
  const rate = Math.round((lines / ms) * 1_000)
  console.log(
    `${name.padEnd(14)} ${String(patternsOf(set)).padStart(4)} patterns  ${ms.toFixed(1).padStart(7)} ms  ${rate.toLocaleString('en').padStart(10)} lines/s  ${(ms / base).toFixed(2)}x  ${hits} matches`,
  )
}

const rate = (lines / base) * 1_000
const ratio = median(sets[1]?.times ?? []) / base
const reached = rate >= LEAST_LINES_PER_SECOND && ratio <= MOST_FOR_TWICE_THE_PATTERNS
console.log(
  `\n${reached ? 'reached' : 'MISSED'}: at least ${LEAST_LINES_PER_SECOND.toLocaleString('en')} lines/s, at most ${MOST_FOR_TWICE_THE_PATTERNS}x for twice the patterns`,
)
process.exitCode = reached ? 0 : 1
