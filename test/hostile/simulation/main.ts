/** `npm run simulate -- --seeds 5000`, or `--seed 42` for one history with its crashes. */
import { parseArgs } from 'node:util'
import { simulate } from './world.ts'

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '300' }, seed: { type: 'string' }, from: { type: 'string', default: '1' } },
})

if (values.seed !== undefined) {
  const report = await simulate(Number(values.seed))
  console.log(JSON.stringify(report, null, 2))
  process.exit(report.violations.length === 0 ? 0 : 1)
}

const first = Number(values.from)
const count = Number(values.seeds)
const outcomes = new Map<string, number>()
let failed = 0
let crashes = 0
let events = 0
for (let seed = first; seed < first + count; seed++) {
  const report = await simulate(seed)
  crashes += report.crashes.length
  events += report.events
  for (const outcome of report.outcomes) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  if (report.violations.length === 0) continue
  failed += 1
  console.log(`seed ${seed}: ${report.violations.join('; ')}`)
}
console.log(`${count} histories, ${crashes} crashes, ${events} events, ${failed} with a violation`)
for (const [outcome, times] of [...outcomes].sort((a, b) => b[1] - a[1])) console.log(`  ${outcome}: ${times}`)
process.exit(failed === 0 ? 0 : 1)
