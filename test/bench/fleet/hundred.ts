/**
 * A hundred servers under one Steward: how long until they are ready beside spawning the same programs with the same concurrency and nothing else,
 * how long a bulk restart takes, how soon `/ws` tells, what Steward costs while nothing happens, and whether it grows over a thousand restarts.
 */
import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { ok } from '../../e2e/support/api.ts'
import { addProgram, running } from '../../e2e/support/managed-servers.ts'
import { figure, median, quantile, table } from '../support/report.ts'
import { spawnBare } from './bare-spawn.ts'
import { type Feed, openFeed } from './feed.ts'
import { ECHO } from './processes.ts'
import { type BenchSteward, openSteward, residentMiB } from './steward.ts'

const SERVERS = 100
/** Those of Steward: `STEWARD_SERVERS_START_AT_ONCE`. */
const AT_ONCE = 8
const ROUNDS = 3
const RESTARTS = 1_000
const IDLE_MS = 10_000
const MOST_RATIO = 1.25
const MOST_BULK_MS = 30_000
const MOST_TOLD_MS = 1_000
const MOST_MIB = 300

export async function benchHundred(): Promise<void> {
  await using steward = await openSteward()
  console.log(
    `hundred: ${SERVERS} servers, ${AT_ONCE} starting at once; ${ROUNDS} rounds in turns; ready is: handshake done and tools listed`,
  )
  const ids: string[] = []
  for (let number = 1; number <= SERVERS; number++) {
    ids.push(await addProgram(steward.api, `echo-${number}`, [ECHO, 'session'], { restartBudget: RESTARTS }))
  }
  for (const id of ids) await running(steward.api, id)
  using feed = await openFeed(steward)
  const fleet: Hundred = { steward, feed, ids }

  const bare: number[] = []
  const starts: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    await bulk('stop', 'stopped', fleet)
    bare.push(await spawnBare(SERVERS, AT_ONCE, [ECHO, 'session']))
    starts.push(await bulk('start', 'running', fleet))
  }
  const ratio = median(starts) / median(bare)
  await delay(IDLE_MS)
  const idleMiB = residentMiB(steward.pid)

  const restarts: number[] = []
  const after: Readonly<{ mib: number; files: number }>[] = []
  for (let round = 0; round < RESTARTS / SERVERS; round++) {
    restarts.push(await bulk('restart', 'running', fleet))
    after.push({ mib: residentMiB(steward.pid), files: readdirSync(`/proc/${steward.pid}/fd`).length })
  }
  const told = feed.seen.map(({ atMs, toldMs }) => toldMs - atMs)
  // The first rounds fill what is kept for good: code that became warm, pools, memory of streams.
  const half = Math.floor(after.length / 2)
  const [early, late] = [after.slice(0, half), after.slice(half)]
  const mib = (rounds: typeof after) => median(rounds.map((one) => one.mib))
  const files = (rounds: typeof after) => median(rounds.map((one) => one.files))

  console.log(
    table(
      ['', 'median', 'P95'],
      [
        ['bare: spawned, agreed, listed; ms', figure(median(bare)), ''],
        ['Steward: ready after the bulk start; ms', figure(median(starts)), ''],
        ['bulk restart of all; ms', figure(median(restarts)), figure(quantile(restarts, 0.95))],
        ['state on /ws after its event; ms', figure(median(told)), figure(quantile(told, 0.95))],
        [`first and second half of ${RESTARTS} restarts: MiB`, figure(mib(early)), figure(mib(late))],
        ['the same: open files', figure(files(early)), figure(files(late))],
      ],
    ),
  )
  const goals: readonly (readonly [string, number, number])[] = [
    [`ready in times of bare`, ratio, MOST_RATIO],
    ['bulk restart, ms', median(restarts), MOST_BULK_MS],
    ['told on /ws P95, ms', quantile(told, 0.95), MOST_TOLD_MS],
    [`MiB with ${SERVERS} idle servers`, idleMiB, MOST_MIB],
  ]
  for (const [what, value, most] of goals)
    console.log(`${value <= most ? 'reached' : 'MISSED'}: ${what} ${figure(value)} (at most ${figure(most)})`)
  console.log()
}

type Hundred = Readonly<{ steward: BenchSteward; feed: Feed; ids: readonly string[] }>

/** Milliseconds until the last of them was told to be there. */
async function bulk(operation: 'start' | 'stop' | 'restart', becomes: string, { steward, feed, ids }: Hundred): Promise<number> {
  const waiting = new Set(ids)
  const all = feed.next(({ serverId, state }) => state === becomes && waiting.delete(serverId) && waiting.size === 0)
  const asked = performance.now()
  await ok(steward.api.post(`/api/v1/servers/bulk/${operation}`, { ids, reason: 'to be measured' }), z.unknown())
  await all
  return performance.now() - asked
}
