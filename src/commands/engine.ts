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
import { healing } from '../domain/processes/healing/healing.ts'
import { onboarding } from '../domain/processes/onboarding/onboarding.ts'
import { triage } from '../domain/processes/triage/triage.ts'
import { createCommandHandler, type HandleCommand } from './aggregate-commands.ts'
import { type BoundProcess, bindProcess } from './bound-process.ts'
import { createRecordAnomaly, type RecordAnomaly } from './detection/record-anomaly.ts'
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
import { createSettle } from './effects/settle.ts'
import { createSurvey } from './effects/survey.ts'
import { createVerify } from './effects/verify.ts'
import { createEventLog, type EventLog } from './event-log.ts'
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
    /** Stands in for the handlers of effects where a test has its own world. */
    effectHandlers?: Partial<EffectHandlers>
  }>

export interface Engine {
  readonly log: EventLog
  readonly handle: HandleCommand
  readonly record: RecordAnomaly
  readonly reach: Reach
  readonly effects: EffectHandlers
  /**
   * Works until the signal aborts, then lets the effects in flight finish and be recorded, at most until `drain` aborts.
   * Rejects when a part fails in a way that waiting does not mend.
   */
  run(signals: Readonly<{ signal: AbortSignal; drain: AbortSignal }>): Promise<void>
}

export const processes: readonly BoundProcess[] = [bindProcess(triage), bindProcess(onboarding), bindProcess(healing)]

export function createEngine(options: EngineOptions): Engine {
  const { store, codec, ids, clock, agenda, checkpoints, leases, logger } = options
  const log = createEventLog({ store, codec, ids })
  const handle = createCommandHandler(log)
  const record = createRecordAnomaly({ handle, ids, clock })
  const reach = createReach({ log, hosts: options.hosts })
  const effects = { ...createHandlers(options, log, reach), ...options.effectHandlers }
  const step = createProcessStep({ log, handle, ids, clock })

  return {
    log,
    handle,
    record,
    reach,
    effects,
    async run({ signal, drain }) {
      const runnerId = ids.fresh()
      const lease = await alive(runnerId, leases)
      const stop = AbortSignal.any([signal, lease.lost])
      const runner = createEffectRunner({ agenda, log, handlers: effects, leases, clock, logger, runnerId, drain })
      const { faults, compileMatcher, roster, hosts, cursors, metrics, hash, pollEveryMs } = options
      const watching = {
        ...{ roster, hosts, reach, faults, compileMatcher, record, handle, cursors, leases, clock, ids, metrics, logger },
        tools: { ids, hash },
        ...(pollEveryMs === undefined ? {} : { pollEveryMs }),
      }
      try {
        await together(stop, [
          ...processes.map((process) => (own: AbortSignal) => runProcess({ process, step, log, checkpoints, clock, logger, signal: own })),
          (own) => runTimers({ agenda, log, clock, logger, signal: own }),
          (own) => runner.run(own),
          (own) => watchTargets({ ...watching, signal: own }),
        ])
      } finally {
        await lease[Symbol.asyncDispose]()
      }
      if (!signal.aborted && lease.lost.aborted) throw new LeaseLost()
    },
  }
}

function createHandlers(options: EngineOptions, log: EventLog, reach: Reach): EffectHandlers {
  const { faults, policy, hash, diff, clock, analyst, metrics, stopFile } = options
  const halted = createHalted({ log, stopFile })
  const drafting = { hash, diff, policy }
  return {
    survey: createSurvey({ reach }),
    investigate: createInvestigate({ reach, faults: new Map(faults.map((fault) => [fault.id, fault])), policy }),
    analyse: createAnalyse({ analyst, metrics }),
    draft: createDraft({ reach, log, clock, ...drafting }),
    prepare: createPrepare({ reach, halted, ...drafting }),
    'run-step': createRunStep({ reach, halted }),
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

/** Runs all parts; when one fails, the others are stopped, and the failure is passed on. */
async function together(signal: AbortSignal, parts: readonly ((signal: AbortSignal) => Promise<void>)[]): Promise<void> {
  const failed = new AbortController()
  const own = AbortSignal.any([signal, failed.signal])
  const results = await Promise.allSettled(
    parts.map(async (part) => {
      try {
        await part(own)
      } catch (error) {
        if (own.aborted) return
        failed.abort(error)
        throw error
      }
    }),
  )
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** The session that shows this instance to be alive has ended: others will take over, so this one must stop. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
  constructor() {
    super('the session with the database that shows this instance to be alive has ended')
  }
}
