/**
 * `npm run conformance`: the official suite, directly and through the gateway, ten times in a row for each revision. Ends with 1 when anything
 * fails through the gateway that does not fail directly.
 *
 * Options: --runs N, --version 2025-11-25 (may be repeated).
 */
import { parseArgs } from 'node:util'
import { serveDirect } from './direct.ts'
import { extraFailures, runSuite, type Version, versions } from './suite.ts'
import { addressOf, KEY, serveThrough } from './through.ts'

const { values } = parseArgs({ options: { runs: { type: 'string', default: '10' }, version: { type: 'string', multiple: true } } })
const runs = Number(values.runs)
const wanted: readonly Version[] = values.version === undefined ? versions : versions.filter((version) => values.version?.includes(version))
if (!Number.isInteger(runs) || runs < 1 || wanted.length === 0) {
  console.error(`usage: npm run conformance -- [--runs 10] [--version ${versions.join('|')}]`)
  process.exit(2)
}

const columns = [12, 5, 11, 9, 9, 9, 9] as const
const row = (...cells: readonly (string | number)[]) =>
  console.log(cells.map((cell, index) => String(cell).padStart(columns[index] ?? 9)).join(' '))

row('revision', 'run', 'scenarios', 'direct', 'through', 'extra', 'seconds')
let extra = 0
for (const version of wanted) {
  for (let run = 1; run <= runs; run++) {
    const started = performance.now()
    const direct = await serveDirect()
    const before = await runSuite(direct.url, version, KEY).finally(() => direct.close())
    const fleet = await serveThrough()
    const after = await runSuite(addressOf(fleet), version, KEY).finally(() => fleet[Symbol.asyncDispose]())
    const found = extraFailures(before, after)
    const incomplete = after.scenarios === 0 || after.scenarios < before.scenarios
    extra += found.length + (incomplete ? 1 : 0)
    const score = ({ passed, failed }: typeof after) => `${passed}/${passed + failed.size}`
    const seconds = ((performance.now() - started) / 1_000).toFixed(1)
    row(version, run, `${after.scenarios}/${before.scenarios}`, score(before), score(after), found.length, seconds)
    for (const line of found) console.log(`    ${line}`)
    if (incomplete) console.log(after.output.slice(-2_000))
  }
}
console.log(extra === 0 ? 'nothing fails through the gateway that does not fail directly' : `${extra} checks fail through the gateway only`)
process.exitCode = extra === 0 ? 0 : 1
