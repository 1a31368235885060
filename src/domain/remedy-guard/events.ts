/** What an action of the catalogue did across hosts: one that failed on one host runs on no other by itself. */
import type { Instant } from '../instant.ts'

export type RemedyGuardEvent =
  | Readonly<{ type: 'RemedyFailed'; data: Readonly<{ actionId: string; hostId: string; incidentId: string; at: Instant }> }>
  | Readonly<{ type: 'RemedyApplied'; data: Readonly<{ actionId: string; targetId: string; incidentId: string; at: Instant }> }>
  | Readonly<{ type: 'RemedyCleared'; data: Readonly<{ actionId: string; by: string; reason: string; at: Instant }> }>
