/**
 * Start, stop, kill, again and again, at points that a seed decides: programs by their leader or their group, Steward itself, its whole process
 * group, its watchdog. After each cycle nothing may be left, and no server may ever run twice.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type OpenChildProcesses, openChildProcesses } from '../../../src/adapters/child-processes/child-processes.ts'
import { createRandom, type Random } from '../simulation/random.ts'
import { startSteward } from './doomed-steward.ts'
import { isLimitMethod } from './is-limit-method.ts'
import { createWitness, kill, type Witness } from './witness.ts'

export type CyclesReport = Readonly<{
  cycles: Readonly<Record<string, number>>
  /** Processes that were still there when a stop had resolved, or 2 s after a kill of Steward; each with its cycle. */
  orphans: readonly string[]
  /** A server that was started while its predecessor still ran; or one that another life took down. */
  doubles: readonly string[]
  /** How long after Steward's death the last of its programs was gone. */
  goneAfterMs: readonly number[]
  /** By which means limits were kept and descendants held. */
  limits: string
}>

const KINDS = ['polite', 'deaf', 'family', 'wrapped', 'forks-and-exits', 'exits', 'restless', 'traceless'] as const

export async function runCycles({ cycles, seed, method, lanes = 2, witness = createWitness() }: CyclesOptions): Promise<CyclesReport> {
  const scratch = await mkdtemp(join(tmpdir(), 'fleet-cycles-'))
  const random = createRandom(seed)
  const limitMethod = isLimitMethod(method) ? method : undefined
  const fleet = await openChildProcesses({ dataDirectory: scratch, limitMethod, closeGraceMs: 0 })
  const counts = new Map<string, number>()
  const goneAfterMs: number[] = []
  const orphans: string[] = []
  const doubles: string[] = []
  const numbers = Array.from({ length: cycles }, (_, index) => index + 1)

  async function lane(): Promise<void> {
    for (let cycle = numbers.shift(); cycle !== undefined; cycle = numbers.shift()) {
      const own = createRandom(random.below(2 ** 31))
      const what = own.chance(0.8) ? 'program' : own.chance(0.5) ? 'steward' : own.chance(0.5) ? 'group' : 'restart'
      counts.set(what, (counts.get(what) ?? 0) + 1)
      const name = `cycle ${cycle} (${what})`
      const found =
        what === 'program' ? await program({ fleet, witness, random: own }) : await steward({ what, scratch, method, witness, random: own })
      orphans.push(...found.orphans.map((text) => `${name}: ${text}`))
      doubles.push(...(found.doubles ?? []).map((text) => `${name}: ${text}`))
      if (found.goneAfterMs !== undefined) goneAfterMs.push(found.goneAfterMs)
    }
  }

  try {
    await Promise.all(Array.from({ length: lanes }, lane))
    return {
      cycles: Object.fromEntries(counts),
      orphans,
      doubles,
      goneAfterMs,
      limits: `${fleet.limiting().method}, ${fleet.holding().method}`,
    }
  } finally {
    await fleet.close()
    witness.killAll()
    await rm(scratch, { recursive: true, force: true })
  }
}

export type CyclesOptions = Readonly<{ cycles: number; seed: number; method: string; lanes?: number; witness?: Witness }>

type Found = Readonly<{ orphans: readonly string[]; doubles?: readonly string[]; goneAfterMs?: number }>

/** One program, ended by us or by somebody else at any point of its life. When its stop has resolved, nothing of it may be there. */
async function program({
  fleet,
  witness,
  random,
}: Readonly<{ fleet: OpenChildProcesses; witness: Witness; random: Random }>): Promise<Found> {
  const tag = witness.tag()
  const kind = pick(random, KINDS)
  const child = await fleet.spawn({
    ...{ runId: `cycle-${tag}`, command: 'sh', args: [join(import.meta.dirname, 'program.sh'), kind, tag] },
    ...{ env: { FLEET_TAG: tag }, limits: {} },
  })
  await delay(random.below(60))
  const end = pick(random, ['stop', 'stop at once', 'leader killed', 'group killed', 'watchdog killed'] as const)
  if (end === 'leader killed') kill(child.process.pid)
  if (end === 'group killed') kill(-child.process.pid)
  if (end === 'watchdog killed') kill(fleet.watchdogPid())
  await child.stop(end === 'stop' ? random.below(120) : 0)
  return { orphans: witness.alive(tag).map((pid) => `${pid} of ${kind}, ${end}`) }
}

/** A Steward with programs, killed at any point, also before it has started them. */
async function steward({ what, scratch, method, witness, random }: StewardCycle): Promise<Found> {
  const tag = witness.tag()
  // Not named for the cycle: the path stands in the arguments of the next Steward too.
  const dataDirectory = await mkdtemp(join(scratch, 'data-'))
  const kinds = [pick(random, KINDS), pick(random, KINDS), pick(random, ['family', 'traceless'] as const)]
  const first = startSteward({ dataDirectory, method, tag, kinds })
  await first.said(pick(random, ['open', 'swept', 'running'] as const))
  await delay(random.below(40))
  await first.kill(what === 'steward' ? 'itself' : 'group')
  const killedAtMs = performance.now()
  if (what === 'restart') return restarted({ dataDirectory, method, witness, kinds, old: tag })
  let left = witness.alive(tag)
  while (left.length > 0 && performance.now() - killedAtMs < 2_000) {
    await delay(20)
    left = witness.alive(tag)
  }
  return { orphans: left.map((pid) => `${pid} of ${kinds}`), goneAfterMs: performance.now() - killedAtMs }
}

type StewardCycle = Readonly<{ what: 'steward' | 'group' | 'restart'; scratch: string; method: string; witness: Witness; random: Random }>

/** The next life begins while the watchdog of the last one is still at work. */
async function restarted({ dataDirectory, method, witness, kinds, old }: Restart): Promise<Found> {
  const tag = witness.tag()
  const next = startSteward({ dataDirectory, method, tag, kinds: kinds.map(() => 'deaf') })
  try {
    const { pids = [] } = await next.said('running')
    const doubles = witness.alive(old).map((pid) => `${pid} of the last life ran beside the next`)
    // As long as the last watchdog may take.
    await delay(800)
    const alive = new Set(witness.alive(tag))
    const taken = pids.filter((pid) => !alive.has(pid)).map((pid) => `${pid} of the new life was taken down with the old one`)
    await next.close()
    return { orphans: witness.alive(tag).map((pid) => `${pid} after close`), doubles: [...doubles, ...taken] }
  } finally {
    await next.kill('itself')
  }
}

type Restart = Readonly<{ dataDirectory: string; method: string; witness: Witness; kinds: readonly string[]; old: string }>

function pick<T>(random: Random, among: readonly T[]): T {
  const picked = among[random.below(among.length)]
  if (picked === undefined) throw new RangeError('nothing to pick from')
  return picked
}
