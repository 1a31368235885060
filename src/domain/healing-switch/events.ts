/**
 * The one switch over all healing. Stopped means: no new step starts; verification and rollback finish. Whoever was held back by it is told when
 * it goes on.
 */
import type { Instant } from '../instant.ts'

export type HealingSwitchEvent =
  | Readonly<{ type: 'HealingStopped'; data: Readonly<{ by: string; reason: string; at: Instant }> }>
  | Readonly<{ type: 'HealingResumed'; data: Readonly<{ by: string; at: Instant }> }>
  | Readonly<{ type: 'HealingAwaited'; data: Readonly<{ incidentId: string; at: Instant }> }>
  | Readonly<{ type: 'HealingOffered'; data: Readonly<{ incidentId: string; at: Instant }> }>
