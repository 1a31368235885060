/**
 * Everything that works in the background of one instance: processes, timers, effects, and the watching of targets. Built from ports alone, so
 * that the service, the tests and the simulation run the same engine.
 */
import type { Fault } from '../domain/catalogue/fault.ts'
import type { Policy } from '../domain/policy.ts'
import type { Agenda } from '../domain/ports/agenda.ts'
import type { Checkpoints } from '../domain/ports/checkpoints.ts'
import type { Clock } from '../domain/ports/clock.ts'
import type { Codec } from '../domain/ports/codec.ts'
import type { LogCursors } from '../domain/ports/cursors.ts'
import type { EventStore } from '../domain/ports/event-store.ts'
import type { Hash } from '../domain/ports/hash.ts'
import type { Ids } from '../domain/ports/ids.ts'
import type { LanguageModel } from '../domain/ports/language-model.ts'
import type { Lease, Leases } from '../domain/ports/leases.ts'
import type { CompileLogMatcher } from '../domain/ports/log-matcher.ts'
import type { Logger } from '../domain/ports/logger.ts'
import type { Metrics } from '../domain/ports/metrics.ts'
import type { RemoteHosts } from '../domain/ports/remote-host.ts'
import type { Roster } from '../domain/ports/roster.ts'
import type { StopFile } from '../domain/ports/stop-file.ts'
import type { TextDiff } from '../domain/ports/text-diff.ts'
import type { EffectRequest } from '../domain/processes/effects.ts'
import { healing } from '../domain/processes/healing/healing.ts'
import { onboarding } from '../domain/processes/onboarding/onboarding.ts'
import { retirement } from '../domain/processes/retirement/retirement.ts'
import { serverCare } from '../domain/processes/server-care/server-care.ts'
import { triage } from '../domain/processes/triage/triage.ts'
import { createCommandHandler, type HandleCommand } from './aggregate-commands.ts'
import { type BoundProcess, bindProcess } from './bound-process.ts'
import { createRecordAnomaly, type RecordAnomaly } from './detection/record-anomaly.ts'
import { watchServers } from './detection/watch-servers.ts'
import { watchTargets } from './detection/watch-targets.ts'
import { createEffectRunner, type EffectHandlers, runnerLease } from './effect-runner.ts'
import { createAnalyse } from './effects/analyse.ts'
import { createDraft } from './effects/draft.ts'
import { createHalted } from './effects/halt.ts'
import { createInvestigate } from './effects/investigate.ts'
import { createPrepare } from './effects/prepare.ts'
import { createProve } from './effects/prove.ts'
import { createReach, type Reach } from './effects/reach.ts'
import { createRunStep } from './effects/run-step.ts'
import { createServerHosts } from './effects/server-host.ts'
import { createSettle } from './effects/settle.ts'
import { createSurvey } from './effects/survey.ts'
import { createVerify } from './effects/verify.ts'
import { createEventLog, type EventLog } from './event-log.ts'
import { createFigures, withFigures } from './figures.ts'
import type { FleetDesk } from './fleet/desk.ts'
import { type SeesServers, seenAtOnce } from './fleet/seen-at-once.ts'
import { runProcess } from './process-runner.ts'
import { createProcessStep } from './process-step.ts'
import { runTimers } from './timer-runner.ts'

export type EnginePorts = Readonly<{
  store: EventStore
  codec: Codec
  ids: Ids
  hash: Hash
  clock: Clock
  agenda: Agenda
  checkpoints: Checkpoints
  cursors: LogCursors
  leases: Leases
  hosts: RemoteHosts
  roster: Roster
  analyst: LanguageModel | undefined
  compileMatcher: CompileLogMatcher
  diff: TextDiff
  stopFile: StopFile
  metrics: Metrics
  logger: Logger
}>

export type EngineOptions = EnginePorts &
  Readonly<{
    faults: readonly Fault[]
    policy: Policy
    pollEveryMs?: number
    /** Who answers for the managed servers, as soon as there is a fleet. */
    servers?: () => ServersAtHand | undefined
    /** Stands in for the handlers of effects where a test has its own world. */
    effectHandlers?: Partial<EffectHandlers>
  }>

/** `supervises`: the servers are in the hands of this very instance. */
export type ServersAtHand = SeesServers & Readonly<{ desk: Pick<FleetDesk, 'refreshServer' | 'testServer'>; supervises: () => boolean }>

export interface Engine {
  readonly log: EventLog
  readonly handle: HandleCommand
  readonly record: RecordAnomaly
  readonly reach: Reach
  readonly effects: EffectHandlers
  /**
   * Works until the signal aborts, then lets the effects in flight finish and be recorded, at most until `drain` aborts.
   * A part that fails begins again by itself, for as long as it takes.
   */
  run(signals: Readonly<{ signal: AbortSignal; drain: AbortSignal }>): Promise<void>
  /** What does not work at the moment, in words; empty when all is well. */
  trouble(): readonly string[]
}

export const processes: readonly BoundProcess[] = [
  bindProcess(triage),
  bindProcess(onboarding),
  bindProcess(healing),
  bindProcess(retirement),
  bindProcess(serverCare),
]

export function createEngine(options: EngineOptions): Engine {
  const { store, codec, ids, clock, agenda, checkpoints, leases, logger, metrics } = options
  const log = createEventLog({ store, codec, ids })
  const decide = createCommandHandler(log, {
    onRecorded: createFigures({ log, metrics, logger }),
    onConflict: ({ command }) => metrics.count('steward_command_conflicts_total', { command: command.type }),
  })
  const { hash, servers = () => undefined } = options
  const handle = seenAtOnce(withFigures(decide, { metrics, clock }), clock, servers)
  const record = createRecordAnomaly({ handle, log, ids, clock })
  const reach = createReach({
    log,
    hosts: options.hosts,
    servers: createServerHosts({ log, handle, ids, hash, clock, desk: () => servers()?.desk }),
  })
  const effects = { ...createHandlers(options, log, reach), ...options.effectHandlers }
  const trouble = new Map<string, string>()

  return {
    log,
    handle,
    record,
    reach,
    effects,
    trouble: () => [...trouble.values()],
    async run({ signal, drain }) {
      while (!signal.aborted) {
        try {
          await runWhileAlive({ signal, drain })
        } catch (error) {
          if (signal.aborted) return
          await troubled('database session', error, 1, signal)
        }
      }
    },
  }

  /** One life of the engine: as long as the session with the database that shows it to be alive. A new life gets a new runner id. */
  async function runWhileAlive({ signal, drain }: Readonly<{ signal: AbortSignal; drain: AbortSignal }>): Promise<void> {
    const runnerId = ids.fresh()
    await using lease = await alive(runnerId, leases)
    trouble.delete('database session')
    const stop = AbortSignal.any([signal, lease.lost])
    const runner = createEffectRunner({ agenda, log, handlers: effects, leases, clock, logger, metrics, runnerId, drain, runsHere })
    const { faults, compileMatcher, roster, hosts, cursors, pollEveryMs } = options
    const watching = {
      ...{ roster, hosts, reach, faults, compileMatcher, record, handle, cursors, leases, clock, ids, metrics, logger },
      tools: { ids, hash },
      ...(pollEveryMs === undefined ? {} : { pollEveryMs }),
    }
    await Promise.all([
      ...processes.map((process) =>
        keepRunning(`process ${process.name}`, stop, () =>
          runProcess({
            process,
            step: createProcessStep({ process, log, handle, ids, clock }),
            log,
            checkpoints,
            clock,
            logger,
            metrics,
            signal: stop,
          }),
        ),
      ),
      keepRunning('timers', stop, () => runTimers({ agenda, log, clock, logger, metrics, signal: stop })),
      keepRunning('effects', stop, () => runner.run(stop)),
      keepRunning('watching', stop, () => watchTargets({ ...watching, signal: stop })),
      keepRunning('watching servers', stop, () =>
        watchServers({ ...{ log, faults, compileMatcher, record, checkpoints, clock, metrics }, tools: { ids, hash }, signal: stop }),
      ),
    ])
    if (lease.lost.aborted) logger.warn({ runnerId }, 'the session with the database ended; others may have taken over meanwhile')
  }

  /** Only who supervises the servers can look at one, or have one started. */
  async function runsHere({ kind, params }: EffectRequest): Promise<boolean> {
    if (kind === 'analyse') return true
    const { state } = await log.states.target(params.targetId)
    const isServer = state.situation !== 'absent' && state.registration.service === 'server'
    return !isServer || servers()?.supervises() === true
  }

  /** Every part reads where it stands when it begins, so beginning again is always safe; waiting in between keeps a lasting fault from racing. */
  async function keepRunning(name: string, signal: AbortSignal, part: () => Promise<void>): Promise<void> {
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        await part()
        trouble.delete(name)
      } catch (error) {
        if (!signal.aborted) await troubled(name, error, failures, signal)
      }
    }
  }

  async function troubled(name: string, error: unknown, failures: number, signal: AbortSignal): Promise<void> {
    trouble.set(name, `${name}: ${error instanceof Error ? error.message : String(error)}`)
    const waitMs = Math.min(MAX_RESTART_MS, MIN_RESTART_MS * 2 ** Math.min(failures - 1, 10))
    logger.error({ part: name, error, waitMs }, 'a part of the engine failed and begins again')
    await clock.sleep(waitMs, signal).catch(() => undefined)
    // It begins again now; if the fault lasts, it is in trouble again at once.
    trouble.delete(name)
  }
}

const MIN_RESTART_MS = 500
const MAX_RESTART_MS = 30_000

function createHandlers(options: EngineOptions, log: EventLog, reach: Reach): EffectHandlers {
  const { faults, policy, hash, diff, clock, analyst, stopFile } = options
  const halted = createHalted({ log, stopFile })
  const drafting = { hash, diff, policy }
  return {
    survey: createSurvey({ reach }),
    investigate: createInvestigate({ reach, faults: new Map(faults.map((fault) => [fault.id, fault])), policy }),
    analyse: createAnalyse({ analyst }),
    draft: createDraft({ reach, log, clock, ...drafting }),
    prepare: createPrepare({ reach, halted, log, clock, ...drafting }),
    'run-step': createRunStep({ reach, halted, clock, diff }),
    settle: createSettle({ reach }),
    verify: createVerify({ reach, clock }),
    prove: createProve({ reach, clock }),
  }
}

async function alive(runnerId: string, leases: Leases): Promise<Lease> {
  const lease = await leases.tryHold(runnerLease(runnerId))
  if (!lease) throw new TypeError(`the fresh runner id ${runnerId} is taken`)
  return lease
}
