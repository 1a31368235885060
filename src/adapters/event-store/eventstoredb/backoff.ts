/** Pauses between attempts: short at first, growing to 2 s, and never the same for two processes that lost the same server. */

const FIRST_MS = 25
const LONGEST_MS = 2_000

/** Between half and the whole of an exponential step. `attempt` counts from 0. */
export function backoffMs(attempt: number): number {
  const stepMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16))
  return stepMs * (0.5 + Math.random() / 2)
}
