/** Waiting between attempts: twice as long each time up to a limit, and never in step with others who lost the same server. */
import { setTimeout as sleep } from 'node:timers/promises'

const FIRST_MS = 25
const LONGEST_MS = 500

/** Resolves after the wait that attempt number `attempt` (from 0) deserves, or as soon as the signal aborts. */
export async function backoff(attempt: number, signal: AbortSignal): Promise<void> {
  const fullMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10))
  await sleep(fullMs / 2 + (Math.random() * fullMs) / 2, undefined, { signal }).catch(() => undefined)
}
