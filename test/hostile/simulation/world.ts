/** One simulated history: two instances over one log and one host, killed and paused at any point, until every incident has come to rest. */

import { createCodec } from '../../../src/adapters/codec/codec.ts'
import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts'
import { createMemoryLog } from '../../../src/adapters/event-store/memory/memory-log.ts'
import { createHasher } from '../../../src/adapters/hash/sha256.ts'
import { createIds } from '../../../src/adapters/ids/uuid-ids.ts'
import { createCommandHandler } from '../../../src/commands/aggregate-commands.ts'
import { CommandRefused } from '../../../src/commands/command-refused.ts'
import { createEngine } from '../../../src/commands/engine.ts'
import { createEventLog } from '../../../src/commands/event-log.ts'
import type { AnyCommand } from '../../../src/domain/aggregates.ts'
import type { Detection } from '../../../src/domain/anomaly/events.ts'
import type { EventOf, Recorded } from '../../../src/domain/events.ts'
import type { Ids } from '../../../src/domain/ports/ids.ts'
import type { Logger } from '../../../src/domain/ports/logger.ts'
import type { TargetRegistration } from '../../../src/domain/target/events.ts'
import { type Control, withControl } from './controls.ts'
import { violations } from './invariants.ts'
import { Life } from './life.ts'
import { createRandom } from './random.ts'
import { restingIncidents } from './resting-incidents.ts'
import { Scheduler } from './scheduler.ts'
import { simulatedEffects } from './simulated-effects.ts'
import { SimulatedHost } from './simulated-host.ts'
import { agendaOf, type CheckpointTable, checkpointsOf, type HeldLeases, leasesOf } from './simulated-ports.ts'
import { storeSeenBy } from './simulated-store.ts'

export type Report = Readonly<{
  seed: number
  violations: readonly string[]
  crashes: readonly string[]
  events: number
  turns: number
  outcomes: readonly string[]
}>

const TARGETS = ['reversible', 'broken', 'compensable'] as const
const MAX_CRASHES = 5
/** Two hours and more: an incident whose host has had enough actions for an hour waits for the next one. */
const MAX_TURNS = 240_000
/** An engine without a guard may never come to rest, and has been caught long before. */
const ENOUGH_TURNS_TO_BE_CAUGHT = 60_000

export async function simulate(seed: number, { control = 'none' }: { control?: Control } = {}): Promise<Report> {
  const random = createRandom(seed)
  const scheduler = new Scheduler(random)
  const memory = createMemoryLog()
  const store = createMemoryEventStore({ clock: scheduler.clock, log: memory })
  const codec = createCodec()
  const hash = createHasher()
  const ids = seededIds(seed)
  const host = new SimulatedHost({ scheduler, random })
  const acknowledged = new Set<string>()
  const held: HeldLeases = new Map()
  const checkpoints: CheckpointTable = { positions: new Map(), owners: new Map() }
  const crashes: string[] = []

  const decoded: Recorded[] = []
  const log = (): readonly Recorded[] => {
    for (const event of memory.all.slice(decoded.length)) decoded.push(codec.decode(event))
    return decoded
  }

  const begin = (name: string): void => {
    const life: Life = new Life({
      name,
      scheduler,
      random,
      crashProbability: () => (crashes.length >= MAX_CRASHES ? 0 : 0.003),
      pauseProbability: 0.001,
      onDeath(point) {
        crashes.push(`${name} at ${point}`)
        void scheduler.clock.sleep(random.below(30_000)).then(() => begin(`${name}'`))
      },
      // A paused process loses its sessions with the database, and does not know it when it wakes up.
      onPause() {
        for (const [lease, holder] of held) if (holder === life) held.delete(lease)
      },
    })
    const engine = createEngine({
      store: withControl(control, storeSeenBy(life, store, { random, acknowledged })),
      codec,
      ids,
      hash,
      clock: { now: () => scheduler.now(), sleep: (ms, signal) => life.rest(() => scheduler.clock.sleep(ms, signal)) },
      agenda: agendaOf(life, log, random),
      checkpoints: checkpointsOf(life, checkpoints),
      cursors: { load: async () => undefined, save: async () => undefined, forget: async () => undefined },
      leases: leasesOf(life, held),
      hosts: host.seenBy(life),
      roster: { watched: async () => [] },
      analyst: undefined,
      compileMatcher: () => ({ match: () => [] }),
      diff: { unified: () => '' },
      stopFile: { present: async () => undefined },
      expiring: [],
      metrics: { count: () => undefined, observe: () => undefined, set: () => undefined },
      logger: silent,
      faults: [],
      policy: { auto: [], ceilings: {}, actionsPerHostPerHour: 6, windowMs: 1_000, approversNeeded: 1, version: 'simulated' },
      effectHandlers: simulatedEffects(life, { host, random, hash }),
    })
    const forever = new AbortController().signal
    engine.run({ signal: forever, drain: forever }).catch((error: unknown) => failures.push(`${name} gave up: ${String(error)}`))
  }

  const failures: string[] = []
  const handle = createCommandHandler(createEventLog({ store, codec, ids }))
  const command = async (addressed: AnyCommand): Promise<void> => {
    const commandId = ids.fresh()
    try {
      await handle(addressed, { actor: 'operator', commandId, correlationId: commandId, causationId: commandId })
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error
    }
  }

  await setTheStage(command, scheduler)
  for (const targetId of TARGETS) {
    host.services.set(targetId, {
      faultPresent: random.chance(0.85),
      changed: false,
      fixWorks: targetId !== 'broken',
      stepExitCode: random.chance(0.15) ? 1 : 0,
    })
  }
  begin('a')
  begin('b')
  for (const targetId of TARGETS)
    await command({ aggregate: 'anomaly', id: targetId, command: { type: 'DetectAnomaly', data: detection(targetId, scheduler) } })
  void answerApprovals(scheduler, random, log, command)

  let looked = -1
  const atRest = (): boolean => {
    if (looked === memory.all.length) return false
    looked = memory.all.length
    return failures.length > 0 || restingIncidents(log()).size >= TARGETS.length
  }
  let stuck = false
  try {
    stuck = !(await scheduler.runUntil(atRest, { maxTurns: control === 'none' ? MAX_TURNS : ENOUGH_TURNS_TO_BE_CAUGHT }))
  } catch (error) {
    failures.push(error instanceof Error ? error.message : String(error))
  }
  return {
    seed,
    violations: [
      ...failures,
      ...(stuck ? ['nothing can happen any more'] : []),
      ...violations({ log: log(), host, acknowledged, targets: TARGETS }),
    ],
    crashes,
    events: memory.all.length,
    turns: scheduler.trace.length,
    outcomes: [...restingIncidents(log()).values()],
  }
}

async function setTheStage(command: (addressed: AnyCommand) => Promise<void>, scheduler: Scheduler): Promise<void> {
  const at = scheduler.now()
  const registration = {
    hostId: 'host',
    name: 'host',
    address: '127.0.0.1',
    port: 22,
    username: 'steward',
    privateKey: 'file:key',
    hostKey: { key: 'ssh-ed25519 simulated', fingerprint: 'SHA256:simulated' },
    by: 'operator',
    at,
  } as const
  await command({ aggregate: 'host', id: 'host', command: { type: 'RegisterHost', data: registration } })
  for (const targetId of TARGETS) {
    const data: TargetRegistration = {
      targetId,
      name: targetId,
      hostId: 'host',
      service: 'redis',
      logPaths: [],
      configPaths: [],
      stateDir: '/var/lib/steward',
      mode: 'act',
      by: 'operator',
      at,
    }
    await command({ aggregate: 'target', id: targetId, command: { type: 'RegisterTarget', data } })
  }
}

const detection = (targetId: string, scheduler: Scheduler): Detection => ({
  anomalyId: targetId,
  targetId,
  hostId: 'host',
  service: 'redis',
  faultId: 'redis.simulated',
  title: 'simulated',
  severity: 'critical',
  fingerprint: targetId,
  fingerprintId: targetId,
  groupedBy: targetId,
  cooldownMs: 60_000,
  source: { kind: 'report', by: 'operator' },
  excerpt: { text: 'simulated' },
  hints: {},
  at: scheduler.now(),
})

/** A person who looks every few minutes, and agrees nearly always. */
async function answerApprovals(
  scheduler: Scheduler,
  random: ReturnType<typeof createRandom>,
  log: () => readonly Recorded[],
  command: (addressed: AnyCommand) => Promise<void>,
): Promise<void> {
  const answered = new Set<string>()
  for (;;) {
    await scheduler.clock.sleep(60_000 + random.below(120_000))
    const open = log().filter((event): event is Recorded<EventOf<'ApprovalRequested'>> => event.type === 'ApprovalRequested')
    for (const { data } of open) {
      if (answered.has(data.approvalId)) continue
      answered.add(data.approvalId)
      const now = scheduler.now()
      const { planHash, approvalId } = data
      await command({
        aggregate: 'approval',
        id: approvalId,
        command: random.chance(0.9)
          ? { type: 'GrantApproval', data: { planHash, by: 'mira', owner: 'mira', now } }
          : { type: 'RejectApproval', data: { by: 'mira', reason: 'simulated', now } },
      })
    }
  }
}

/** Fresh ids that depend on the seed alone. */
function seededIds(seed: number): Ids {
  const { derived } = createIds({ namespace: 'simulation' })
  let count = 0
  return {
    derived,
    fresh() {
      count += 1
      return derived('fresh', String(seed), String(count))
    },
  }
}

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => silent }
