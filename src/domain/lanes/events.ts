/** Who holds which resources of a host. An execution takes all of its resources in one append, or none; a target that left takes none. */
import type { Resource } from '../catalogue/action.ts'
import type { Instant } from '../instant.ts'

export type LanesEvent =
  | Readonly<{ type: 'LanesAcquired'; data: Claim & Readonly<{ at: Instant }> }>
  | Readonly<{ type: 'LanesQueued'; data: Claim & Readonly<{ heldBy: string; at: Instant }> }>
  | Readonly<{ type: 'LanesReleased'; data: Readonly<{ hostId: string; incidentId: string; executionId: string; at: Instant }> }>
  | Readonly<{ type: 'LanesOffered'; data: Readonly<{ hostId: string; incidentId: string; executionId: string; at: Instant }> }>
  | Readonly<{ type: 'LanesLeft'; data: Readonly<{ hostId: string; targetId: string; at: Instant }> }>

export type Claim = Readonly<{
  hostId: string
  targetId: string
  incidentId: string
  executionId: string
  actionId: string
  resources: readonly Resource[]
}>
