/**
 * What a call costs through a whole Steward (its own process and database; key, rules, schema and record of each call as always). Closed loop beside a
 * bare pass-through that does nothing else, in turns, in both eras; and the time that is added at a fixed rate, beside the same server spoken to
 * without anything in between. At the end every call must be in the records.
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { addProgram, running } from '../../e2e/support/managed-servers.ts'
import { figure, median, quantile, table } from '../support/report.ts'
import { type Era, eras, jobFor } from './jobs.ts'
import { ask, ECHO, startHelper } from './processes.ts'
import { type BenchSteward, cpuMicros, openSteward, usageOf } from './steward.ts'

const ROUNDS = Number(process.env['ROUNDS'] ?? 5)
const CLOSED_MS = Number(process.env['CLOSED_MS'] ?? 3_000)
const OPEN_MS = 10_000
const WARM_MS = 2_000
const CALLERS = [16, 64] as const
const PER_SECOND = 1_000
const LEAST_RATIO = 0.5
const MOST_ADDED_MS = 2

export async function benchCalls(): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const load = startHelper(stack, 'load.mjs')
  const steward = stack.use(await openSteward())
  const sent = { calls: 0 }
  const bench: Bench = { stack, load, steward, sent }
  console.log(
    `calls: closed loop, ${ROUNDS} rounds of ${CLOSED_MS} ms each, in turns; callers, pass-through and echo server are processes of their own\n`,
  )
  const ids = new Map<Era, string>()
  for (const era of eras) {
    const id = await addProgram(steward.api, `echo-${era}`, [ECHO, era])
    await running(steward.api, id)
    ids.set(era, id)
  }
  const closed = await closedLoops(bench)
  console.log(table(['era', 'callers', 'bare calls/s', 'Steward calls/s', 'ratio', 'bare CPU us', 'Steward CPU us'], closed.rows))
  console.log(`${closed.least >= LEAST_RATIO ? 'reached' : 'MISSED'}: least ratio ${closed.least.toFixed(2)} (at least ${LEAST_RATIO})\n`)
  const open = await openLoops(bench)
  console.log(`calls: ${PER_SECOND} calls/s, open loop, milliseconds`)
  console.log(table(['era', 'P50 direct', 'P50 through', 'P95 direct', 'P95 through', 'P95 added'], open.rows))
  console.log(`${open.most < MOST_ADDED_MS ? 'reached' : 'MISSED'}: most P95 added ${open.most.toFixed(2)} ms (below ${MOST_ADDED_MS})`)
  await countRecords(bench, [...ids.values()])
}

type Bench = Readonly<{ stack: AsyncDisposableStack; load: ChildProcess; steward: BenchSteward; sent: { calls: number } }>
type Loaded = Readonly<{ callsPerSecond: number; calls: number; failed: number; example?: string; times?: number[] }>

async function closedLoops(bench: Bench): Promise<Readonly<{ rows: string[][]; least: number }>> {
  const rows: string[][] = []
  let least = Number.POSITIVE_INFINITY
  for (const era of eras) {
    const bare = startHelper(bench.stack, 'bare-process.ts', [ECHO, 'session'])
    const [{ url }] = (await once(bare, 'message')) as [{ url: string }]
    const job = await jobFor(throughSteward(bench, era), era)
    for (const callers of CALLERS) {
      const theirs: Round[] = []
      const ours: Round[] = []
      for (let round = -1; round < ROUNDS; round++) {
        const ms = round < 0 ? WARM_MS : CLOSED_MS
        const they = await measured(bench, bare.pid ?? 0, { ...job, url, callers, ms })
        const we = await measured(bench, bench.steward.pid, { ...job, callers, ms })
        bench.sent.calls += we.calls
        if (round < 0) continue
        theirs.push(they)
        ours.push(we)
      }
      const rate = (rounds: readonly Round[]) => median(rounds.map(({ callsPerSecond }) => callsPerSecond))
      const cpu = (rounds: readonly Round[]) => figure(median(rounds.map(({ cpuPerCall }) => cpuPerCall)))
      const ratio = rate(ours) / rate(theirs)
      least = Math.min(least, ratio)
      rows.push([era, String(callers), figure(rate(theirs)), figure(rate(ours)), ratio.toFixed(2), cpu(theirs), cpu(ours)])
    }
  }
  return { rows, least }
}

async function openLoops(bench: Bench): Promise<Readonly<{ rows: string[][]; most: number }>> {
  const rows: string[][] = []
  let most = 0
  for (const era of eras) {
    const direct = startHelper(bench.stack, 'direct.mjs')
    const job = await jobFor(throughSteward(bench, era), era)
    // What the closed loops left to be written is not part of this.
    await delay(5_000)
    const turns: Readonly<{ direct: readonly number[]; through: readonly number[] }>[] = []
    for (let round = -1; round < 3; round++) {
      const ms = round < 0 ? WARM_MS : OPEN_MS
      const without = await ask<Loaded>(direct, { args: [ECHO, era], perSecond: PER_SECOND, ms, body: job.body })
      const through = await run(bench, { ...job, perSecond: PER_SECOND, ms })
      bench.sent.calls += through.times?.length ?? 0
      if (round >= 0) turns.push({ direct: without.times ?? [], through: through.times ?? [] })
    }
    const middle = (which: 'direct' | 'through', fraction: number) => median(turns.map((turn) => quantile(turn[which], fraction)))
    const added = middle('through', 0.95) - middle('direct', 0.95)
    most = Math.max(most, added)
    const shown = [middle('direct', 0.5), middle('through', 0.5), middle('direct', 0.95), middle('through', 0.95), added]
    rows.push([era, ...shown.map((ms) => ms.toFixed(2))])
  }
  return { rows, most }
}

/** Each call that was answered is in the figures, as soon as the last batch is written and folded. */
async function countRecords({ steward, sent }: Bench, ids: readonly string[]): Promise<void> {
  const until = performance.now() + 120_000
  let [recorded, lost] = [0, 0]
  do {
    await delay(1_000)
    const figures = await Promise.all(ids.map((id) => usageOf(steward, id)))
    recorded = figures.reduce((sum, { calls }) => sum + calls, 0)
    lost = figures.reduce((sum, { recording }) => sum + recording.lostCalls, 0)
  } while (recorded < sent.calls && performance.now() < until)
  console.log(
    `${recorded === sent.calls ? 'reached' : 'MISSED'}: ${figure(recorded)} of ${figure(sent.calls)} calls recorded, ${lost} known to be lost\n`,
  )
}

type Round = Readonly<{ callsPerSecond: number; cpuPerCall: number; calls: number }>

/** CPU time of the measured process for each call, in microseconds: that hardly depends on what else the machine does. */
async function measured(bench: Bench, pid: number, job: object): Promise<Round> {
  const before = cpuMicros(pid)
  const { callsPerSecond, calls } = await run(bench, job)
  return { callsPerSecond, calls, cpuPerCall: (cpuMicros(pid) - before) / calls }
}

async function run({ load }: Bench, job: object): Promise<Loaded> {
  const answer = await ask<Loaded>(load, job)
  if (answer.failed > 0) throw new Error(`${answer.failed} calls failed: ${answer.example}`)
  return answer
}

const throughSteward = ({ steward: { url, key } }: Bench, era: Era): Readonly<{ url: string; key: string }> => ({
  url: `${url}/mcp/echo-${era}`,
  key,
})
