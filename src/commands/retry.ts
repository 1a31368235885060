/** The one table of errors after which the same thing may be tried again, and the one loop that does it. Nothing else retries. */

import type { Clock } from '../domain/ports/clock.ts'
import { ConcurrencyConflict, OutcomeUnknown, StoreUnavailable } from '../domain/ports/event-store.ts'

/** Load again and decide again: somebody else wrote first. */
export const isConflict = (error: unknown): error is ConcurrencyConflict => error instanceof ConcurrencyConflict

/** The store is away; what was not sent may be sent later. */
export const isOutage = (error: unknown): boolean => error instanceof StoreUnavailable || error instanceof OutcomeUnknown

/** How often a decision is made again after a conflict before the caller hears of it. */
export const CONFLICT_ATTEMPTS = 10

/** Repeats the whole of `work` - load, fold, decide, append - while others write first. */
export async function decidedAgain<Result>(work: () => Promise<Result>, onConflict?: () => void): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isConflict(error) || attempt >= CONFLICT_ATTEMPTS) throw error
      onConflict?.()
    }
  }
}

export type OutageOptions = Readonly<{
  clock: Clock
  signal: AbortSignal
  onOutage?: ((error: unknown, waitMs: number) => void) | undefined
}>

/** Runs `work` until it succeeds or the signal aborts, waiting longer after each outage. Other errors pass through. */
export async function throughOutages<Result>(work: () => Promise<Result>, { clock, signal, onOutage }: OutageOptions): Promise<Result> {
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 5_000)) {
    try {
      return await work()
    } catch (error) {
      if (!isOutage(error)) throw error
      onOutage?.(error, waitMs)
      await clock.sleep(waitMs, signal)
    }
  }
}
