/**
 * The circuit breaker of a server: after several failures in a row its callers are told at once instead of waiting, and after a while one of them
 * tries. It counts failures of the server, never bad input; a health probe passes it by and closes it, so it cannot stay open over a healthy one.
 */
import { elapsedMs, type Instant } from '../instant.ts'

export type Breaker =
  | Readonly<{ situation: 'closed'; failures: number }>
  | Readonly<{ situation: 'open'; since: Instant }>
  /** One call is on its way to find out. */
  | Readonly<{ situation: 'half-open'; since: Instant }>

export type BreakerLimits = Readonly<{
  /** In a row. */
  failuresToOpen: number
  /** So long callers are told at once; then one of them tries. */
  openMs: number
}>

/** As it begins, and again whenever the server has answered: a call, a health probe, a restart. */
export const closedBreaker: Breaker = { situation: 'closed', failures: 0 }

/** Whether a call may go to the server now, and the breaker from then on. */
export function admit(
  breaker: Breaker,
  now: Instant,
  { openMs }: BreakerLimits,
): Readonly<{ admitted: boolean; breaker: Breaker; retryAfterMs?: number }> {
  if (breaker.situation === 'closed') return { admitted: true, breaker }
  // Also of a probe that never came back: it must not hold everybody else for ever.
  const waitMs = openMs - elapsedMs(breaker.since, now)
  if (waitMs > 0) return { admitted: false, breaker, retryAfterMs: waitMs }
  return { admitted: true, breaker: { situation: 'half-open', since: now } }
}

/** The server did not answer, or not in its protocol. */
export function broke(breaker: Breaker, now: Instant, { failuresToOpen }: BreakerLimits): Breaker {
  if (breaker.situation !== 'closed') return { situation: 'open', since: now }
  const failures = breaker.failures + 1
  return failures >= failuresToOpen ? { situation: 'open', since: now } : { situation: 'closed', failures }
}
