/** The one switch over all healing. Stopped means: no new step starts; verification and rollback finish. */
import type { Instant } from '../instant.ts'

export type HealingSwitchEvent =
  | Readonly<{ type: 'HealingStopped'; data: Readonly<{ by: string; reason: string; at: Instant }> }>
  | Readonly<{ type: 'HealingResumed'; data: Readonly<{ by: string; at: Instant }> }>
