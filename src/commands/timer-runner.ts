/** Fires timers that are due. A timer fires only while its process stream has it pending, so it fires once, whoever tries and how often. */
import type { Agenda, DueTimer } from '../domain/ports/agenda.ts'
import type { Clock } from '../domain/ports/clock.ts'
import type { Logger } from '../domain/ports/logger.ts'
import type { Metrics } from '../domain/ports/metrics.ts'
import { causedBy } from './caused-by.ts'
import type { EventLog } from './event-log.ts'
import { processStreamOf } from './process-stream.ts'
import { decidedAgain, throughOutages } from './retry.ts'

export type TimerRunnerOptions = Readonly<{
  agenda: Agenda
  log: EventLog
  clock: Clock
  logger: Logger
  metrics: Metrics
  everyMs?: number
}>

const BATCH = 100

/** Runs until the signal aborts. */
export async function runTimers({
  agenda,
  log,
  clock,
  logger,
  metrics,
  everyMs = 250,
  signal,
}: TimerRunnerOptions & { signal: AbortSignal }): Promise<void> {
  const onOutage = (error: unknown, waitMs: number) => logger.warn({ error, waitMs }, 'the event store is away; timers wait')
  while (!signal.aborted) {
    const due = await agenda.dueTimers(clock.now(), BATCH)
    for (const timer of due) {
      if (signal.aborted) return
      const fired = await throughOutages(() => fire(timer, { log, clock }), { clock, signal, onOutage })
      if (fired) metrics.count('steward_timers_total', { outcome: 'elapsed' })
    }
    await clock.sleep(everyMs, signal)
  }
}

/** @returns whether it fired now: false when it has fired before, was cancelled, or is not due. */
export async function fire({ process, instance, timerId }: DueTimer, { log, clock }: { log: EventLog; clock: Clock }): Promise<boolean> {
  return decidedAgain(async () => {
    const name = processStreamOf(process, instance)
    const { state, expected } = await log.processStream(name)
    const scheduled = state.pendingTimers.get(timerId)
    if (!scheduled || scheduled.data.dueAt > clock.now()) return false
    const data = { process, instance, timerId, name: scheduled.data.name, at: clock.now() }
    await log.append(name, expected, [{ type: 'TimeoutElapsed', data }], causedBy(scheduled))
    return true
  })
}
