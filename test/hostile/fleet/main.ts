/**
 * `npm run hostile:fleet`: 1 000 cycles of start, stop and kill, half of them by the best means of this machine and half by the mark alone.
 * `-- --cycles 200 --seed 7 --method rlimit` for another number, history or means. Ends with 1 when anything was left or ran twice.
 */
import { parseArgs } from 'node:util'
import { machineLine, quantile } from '../../bench/support/report.ts'
import { type CyclesReport, runCycles } from './cycles.ts'

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    method: { type: 'string' },
    lanes: { type: 'string', default: '2' },
  },
})

const methods = values.method === undefined ? ['auto', 'rlimit'] : [values.method]
const cycles = Math.ceil(Number(values.cycles) / methods.length)
console.log(machineLine())
let failed = false
for (const method of methods) {
  const startedMs = performance.now()
  const report = await runCycles({ cycles, seed: Number(values.seed), method, lanes: Number(values.lanes) })
  print(report, (performance.now() - startedMs) / 1_000)
  failed ||= report.orphans.length + report.doubles.length > 0
}
process.exit(failed ? 1 : 0)

function print({ cycles, orphans, doubles, goneAfterMs, limits }: CyclesReport, seconds: number): void {
  const counts = Object.entries(cycles).map(([what, count]) => `${what} ${count}`)
  console.log(
    `held by ${limits}: ${cycles === undefined ? 0 : Object.values(cycles).reduce((sum, count) => sum + count, 0)} cycles in ${seconds.toFixed(0)} s (${counts.join(', ')})`,
  )
  if (goneAfterMs.length > 0) {
    console.log(
      `  gone after Steward's death: median ${quantile(goneAfterMs, 0.5).toFixed(0)} ms, longest ${Math.max(...goneAfterMs).toFixed(0)} ms`,
    )
  }
  console.log(`  orphans: ${orphans.length}, doubles: ${doubles.length}`)
  for (const text of [...orphans, ...doubles]) console.log(`    ${text}`)
}
