/**
 * Rows beside the log that are kept for a time only. What is past it follows from the moment alone: dropping again with the same moment drops nothing
 * more, so it may be repeated after a crash.
 */
import type { Instant } from '../instant.ts'

export interface ExpiringRows {
  /** Drops what is past its time at that moment, in small steps. How many rows went, by what they were. @throws the reason of the signal. */
  dropExpired(asOf: Instant, signal: AbortSignal): Promise<Readonly<Record<string, number>>>
}
