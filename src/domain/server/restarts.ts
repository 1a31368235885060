/**
 * When a server that failed is started again. Two counts, never mixed: starts in a row that never reached running end in *disabled*; crashes
 * after running use up a budget, which is whole again after a stable while.
 */

/** A run of this length makes the budget whole again. */
export const STABLE_AFTER_MS = 30_000

const STEP_MS = 5_000
const LONGEST_MS = 60_000
/** Half of it each way, so that servers which fell together do not rise together. */
const JITTER = 0.2

/**
 * Milliseconds to wait before the `attempt`th restart in a row: none, then 5, 10 ... 60 s.
 * @param jitter 0 up to 1, from outside.
 */
export function restartDelayMs(attempt: number, jitter: number): number {
  const base = Math.min(LONGEST_MS, Math.max(0, attempt - 1) * STEP_MS)
  return Math.round(base * (1 - JITTER / 2 + JITTER * jitter))
}
