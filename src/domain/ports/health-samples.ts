/** Every answer to a health probe, beside the log: the log has only what changed. A sample that cannot be kept is lost, and costs nobody anything. */
import type { Instant } from '../instant.ts'
import type { HealthFacts } from '../server/lifecycle.ts'

export type HealthSample = Readonly<{ serverId: string; runId: string; at: Instant; facts: HealthFacts }>

export interface HealthSamples {
  /** Takes it and returns at once. */
  record(sample: HealthSample): void
  /** The newest first; of a stretch of time, where one is asked for: `from` is in it, `until` is not. */
  latest(serverId: string, asked: HealthSamplesAsked): Promise<readonly HealthSample[]>
}

export type HealthSamplesAsked = Readonly<{ limit: number; from?: Instant | undefined; until?: Instant | undefined }>

export const HEALTH_SAMPLE_RETENTION_DAYS = 7
