/**
 * Runs what processes ask of the outside world. Every effect is recorded before it runs (a claim with the runner's id and a deadline) and after.
 * A `once` effect that was started and has no outcome is never run again: when its runner is gone it becomes *unknown*, and its process settles
 * it by the mark on the host. A `repeatable` effect is simply run again.
 */
import type { DomainEvent, EventOf, Recorded } from '../domain/events.ts'
import { elapsedMs, type Instant, later } from '../domain/instant.ts'
import type { Agenda, OpenEffect } from '../domain/ports/agenda.ts'
import type { Clock } from '../domain/ports/clock.ts'
import { AppendTooLarge, ConcurrencyConflict, type ExpectedRevision } from '../domain/ports/event-store.ts'
import type { Leases } from '../domain/ports/leases.ts'
import type { Logger } from '../domain/ports/logger.ts'
import type { Metrics } from '../domain/ports/metrics.ts'
import { type EffectKind, type EffectRequest, type EffectResults, effectModes } from '../domain/processes/effects.ts'
import { protect } from '../domain/protected.ts'
import { causedBy } from './caused-by.ts'
import { type EffectState, effectStreamOf, readEffectStream } from './effect-stream.ts'
import type { Cause, EventLog } from './event-log.ts'
import { processStreamOf } from './process-stream.ts'
import { throughOutages } from './retry.ts'

/** One handler per kind. It may throw: for a `once` effect that means *unknown*, unless it can prove that nothing ran and says so in its result. */
export type EffectHandlers = Readonly<{ [Kind in EffectKind]: EffectHandler<Kind> }>
export type EffectHandler<Kind extends EffectKind> = (
  params: Extract<EffectRequest, { kind: Kind }>['params'],
  context: Readonly<{ effectId: string; requestedAt: Instant; signal: AbortSignal; cause: Cause }>,
) => Promise<EffectResults[Kind]>

export type EffectRunnerOptions = Readonly<{
  agenda: Agenda
  log: EventLog
  handlers: EffectHandlers
  leases: Leases
  clock: Clock
  logger: Logger
  metrics: Metrics
  /** Whether this instance can run it at all; one that another has to run is left to that one. Default: every one. */
  runsHere?: (request: EffectRequest) => Promise<boolean>
  /** This runner, alive as long as it holds the lease of that name. */
  runnerId: string
  /** Aborts when Steward has no time left to record what its effects in flight did. */
  drain: AbortSignal
  /** Effects that run at the same time; questions to an analyst, who may be silent for a minute, take at most a quarter of the places. */
  concurrency?: number
  /** How often effects that nobody runs are looked for. New ones are seen at once. */
  sweepEveryMs?: number
}>

export type EffectRunner = Readonly<{
  /** Runs until the signal aborts; then lets the effects in flight finish and be recorded, until `drain` aborts. */
  run: (signal: AbortSignal) => Promise<void>
}>

export const runnerLease = (runnerId: string): string => `effect-runner-${runnerId}`

const SWEEP_LIMIT = 200

export function createEffectRunner(options: EffectRunnerOptions): EffectRunner {
  const { agenda, log, clock, logger, metrics, concurrency = 16, sweepEveryMs = 1_000 } = options
  const inFlight = new Map<string, Promise<void>>()
  const asking = new Set<string>()
  const showRunning = (): void => metrics.set('steward_effects_running', inFlight.size)

  const begin = (effect: EffectRef, signal: AbortSignal): void => {
    if (signal.aborted || inFlight.has(effect.effectId) || inFlight.size >= concurrency) return
    if (effect.kind === 'analyse') {
      if (asking.size >= concurrency / 4) return
      asking.add(effect.effectId)
    }
    const running = runEffect(effect, options, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) logger.error({ effectId: effect.effectId, error }, 'an effect could not be run')
      })
      .finally(() => {
        inFlight.delete(effect.effectId)
        asking.delete(effect.effectId)
        showRunning()
      })
    inFlight.set(effect.effectId, running)
    showRunning()
  }

  const sweep = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const open = await agenda.openEffects(SWEEP_LIMIT)
      for (const effect of open) begin(effect, signal)
      await clock.sleep(sweepEveryMs, signal)
    }
  }

  const watch = async (signal: AbortSignal): Promise<void> => {
    const after = await log.store.head()
    for await (const item of log.store.subscribe({ ...(after === undefined ? {} : { after }), types: ['EffectRequested'], signal })) {
      if ('checkpoint' in item) continue
      const event = log.codec.decode(item)
      if (event.type === 'EffectRequested') begin({ ...event.data, kind: event.data.request.kind }, signal)
    }
  }

  return {
    async run(signal) {
      const ended = (error: unknown): void => {
        if (!signal.aborted) throw error
      }
      await Promise.all([sweep(signal).catch(ended), watch(signal).catch(ended)])
      await Promise.all(inFlight.values())
    },
  }
}

async function runEffect(effect: EffectRef, options: EffectRunnerOptions, signal: AbortSignal): Promise<void> {
  const { clock, drain, metrics } = options
  const claimed = await throughOutages(() => claim(effect, options), { clock, signal })
  if (!claimed) return
  const { requested, revision } = claimed
  const begun = clock.now()
  const outcome = await execute(requested, options)
  metrics.observe('steward_effect_seconds', elapsedMs(begun, clock.now()) / 1_000, { effect: requested.data.request.kind })
  // What was done is recorded even while Steward stops.
  const record = (event: DomainEvent) => throughOutages(() => append(options, requested, revision, event), { clock, signal: drain })
  try {
    await record(outcome)
  } catch (error) {
    if (!(error instanceof AppendTooLarge)) throw error
    await record(failureOf(requested, error, clock))
  }
}

type EffectRef = Pick<OpenEffect, 'effectId' | 'process' | 'instance' | 'kind'>
type Claimed = Readonly<{ requested: Recorded<EventOf<'EffectRequested'>>; revision: bigint }>

/** Undefined: there is nothing to run, or somebody else runs it. */
async function claim({ effectId, process, instance }: EffectRef, options: EffectRunnerOptions): Promise<Claimed | undefined> {
  const { log, clock, runnerId } = options
  const { events, expected } = await log.load(effectStreamOf(effectId))
  const state = readEffectStream(events)
  if (state.kind === 'ended') return undefined
  const requested = (await log.processStream(processStreamOf(process, instance))).state.effects.get(effectId)
  if (!requested) return undefined
  if (state.kind === 'started' && (await isRunning(state, options))) return undefined
  const { kind, timeoutMs } = requested.data.request
  if (state.kind === 'started' && effectModes[kind] === 'once') {
    const says = protect(`runner ${state.runnerId} is gone; what it did is not known`)
    await append(options, requested, expected, { type: 'EffectOutcomeUnknown', data: { ...refOf(requested), says, at: clock.now() } })
    return undefined
  }
  if (options.runsHere && !(await options.runsHere(requested.data.request))) return undefined
  const attempt = state.kind === 'started' ? state.attempt + 1 : 1
  const at = clock.now()
  const started = { ...refOf(requested), attempt, runnerId, deadlineAt: later(at, timeoutMs), at }
  const revision = await append(options, requested, expected, { type: 'EffectStarted', data: started })
  return revision === undefined ? undefined : { requested, revision }
}

/** A claim stands while its runner lives and has time left. A runner that lives on past its deadline is fenced by the mark on the host. */
async function isRunning({ runnerId, deadlineAt }: Extract<EffectState, { kind: 'started' }>, { leases, clock }: EffectRunnerOptions) {
  return later(deadlineAt, DEADLINE_GRACE_MS) > clock.now() && (await leases.isHeld(runnerLease(runnerId)))
}

/** A runner aborts its own effect at the deadline; this is the time it has to record that. */
const DEADLINE_GRACE_MS = 10_000

/** @throws the reason of `drain`: then nothing is recorded, and whoever finds the effect later takes its runner for dead. */
async function execute(
  requested: Recorded<EventOf<'EffectRequested'>>,
  { handlers, clock, drain }: EffectRunnerOptions,
): Promise<DomainEvent> {
  drain.throwIfAborted()
  const { effectId, request, at: requestedAt } = requested.data
  const deadline = new AbortController()
  const finished = new AbortController()
  clock.sleep(request.timeoutMs, finished.signal).then(
    () => deadline.abort(new DeadlinePassed({ timeoutMs: request.timeoutMs })),
    () => undefined,
  )
  const signal = AbortSignal.any([deadline.signal, drain])
  try {
    const handled = handle(handlers, requested, { effectId, requestedAt, signal, cause: causedBy(requested) }, clock)
    return await Promise.race([handled, aborted(signal)])
  } catch (error) {
    drain.throwIfAborted()
    return failureOf(requested, error, clock)
  } finally {
    finished.abort()
  }
}

function failureOf(requested: Recorded<EventOf<'EffectRequested'>>, error: unknown, clock: Clock): DomainEvent {
  const ref = { ...refOf(requested), at: clock.now() }
  const says = protect(error instanceof Error ? error.message : String(error))
  if (effectModes[ref.kind] === 'once') return { type: 'EffectOutcomeUnknown', data: { ...ref, says } }
  return { type: 'EffectFailed', data: { ...ref, rule: error instanceof Error ? error.name : 'unknown', says } }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))

async function handle(
  handlers: EffectHandlers,
  requested: Recorded<EventOf<'EffectRequested'>>,
  context: Parameters<EffectHandler<EffectKind>>[1],
  clock: Clock,
): Promise<DomainEvent> {
  const { request, process, instance, effectId } = requested.data
  const ref = { process, instance, effectId }
  switch (request.kind) {
    case 'clean-up': {
      const result = await handlers['clean-up'](request.params, context)
      return { type: 'EffectSucceeded', data: { ...ref, kind: 'clean-up', result, at: clock.now() } }
    }
    case 'survey': {
      const result = await handlers.survey(request.params, context)
      return { type: 'EffectSucceeded', data: { ...ref, kind: 'survey', result, at: clock.now() } }
    }
    case 'investigate': {
      const result = await handlers.investigate(request.params, context)
      return { type: 'EffectSucceeded', data: { ...ref, kind: 'investigate', result, at: clock.now() } }
    }
    case 'analyse': {
      const result = await handlers.analyse(request.params, context)
      return { type: 'EffectSucceeded', data: { ...ref, kind: 'analyse', result, at: clock.now() } }
    }
    case 'draft': {
      const result = await handlers.draft(request.params, context)
      return { type: 'EffectSucceeded', data: { ...ref, kind: 'draft', result, at: clock.now() } }
    }
    case 'prepare': {
      const result = await handlers.prepare(request.params, context)
      return { type: 'EffectSucceeded', data: { ...ref, kind: 'prepare', result, at: clock.now() } }
    }
    case 'run-step': {
      const result = await handlers['run-step'](request.params, context)
      return { type: 'EffectSucceeded', data: { ...ref, kind: 'run-step', result, at: clock.now() } }
    }
    case 'settle': {
      const result = await handlers.settle(request.params, context)
      return { type: 'EffectSucceeded', data: { ...ref, kind: 'settle', result, at: clock.now() } }
    }
    case 'verify': {
      const result = await handlers.verify(request.params, context)
      return { type: 'EffectSucceeded', data: { ...ref, kind: 'verify', result, at: clock.now() } }
    }
    case 'prove': {
      const result = await handlers.prove(request.params, context)
      return { type: 'EffectSucceeded', data: { ...ref, kind: 'prove', result, at: clock.now() } }
    }
  }
}

/** Appends to the effect's stream; undefined when somebody else wrote first: then theirs is the truth. */
async function append(
  { log, metrics }: EffectRunnerOptions,
  requested: Recorded<EventOf<'EffectRequested'>>,
  expected: ExpectedRevision,
  event: DomainEvent,
): Promise<bigint | undefined> {
  try {
    const { revision } = await log.append(effectStreamOf(requested.data.effectId), expected, [event], causedBy(requested))
    const outcome = outcomes[event.type]
    if (outcome !== undefined) metrics.count('steward_effects_total', { effect: requested.data.request.kind, outcome })
    return revision
  } catch (error) {
    if (error instanceof ConcurrencyConflict) return undefined
    throw error
  }
}

const outcomes: Readonly<Record<string, string>> = {
  EffectSucceeded: 'succeeded',
  EffectFailed: 'failed',
  EffectOutcomeUnknown: 'unknown',
}

const refOf = ({ data: { process, instance, effectId, request } }: Recorded<EventOf<'EffectRequested'>>) => ({
  process,
  instance,
  effectId,
  kind: request.kind,
})

export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed'
  constructor({ timeoutMs }: { timeoutMs: number }) {
    super(`not finished within ${timeoutMs} ms`)
  }
}
