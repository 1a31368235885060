import type { Instant } from '../instant.ts'

/** The only source of time. The simulation replaces it by a virtual one. */
export interface Clock {
  now(): Instant
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
