/** What can happen to a request for approval. An approval is for one exact plan, and is used once. */
import type { Instant } from '../instant.ts'

export type ApprovalEvent =
  | Readonly<{ type: 'ApprovalRequested'; data: ApprovalRequest }>
  | Readonly<{ type: 'ApprovalGranted'; data: Ref & Readonly<{ by: string; owner: string; complete: boolean; at: Instant }> }>
  | Readonly<{ type: 'ApprovalRejected'; data: Ref & Readonly<{ by: string; at: Instant; reason: string }> }>
  | Readonly<{ type: 'ApprovalRevoked'; data: Ref & Readonly<{ by: string; at: Instant; reason: string }> }>
  | Readonly<{ type: 'ApprovalExpired'; data: Ref & Readonly<{ at: Instant }> }>
  | Readonly<{ type: 'ApprovalUsed'; data: Ref & Readonly<{ executionId: string; at: Instant }> }>

type Ref = Readonly<{ approvalId: string; incidentId: string }>

export type ApprovalRequest = Ref &
  Readonly<{
    /** SHA-256 of the canonical plan. */
    planHash: string
    /** The owner who asked; 'steward' when the healing process did. */
    requestedBy: string
    expiresAt: Instant
    /** How many different owners must agree: 1, or 2 under a four-eyes policy. */
    approversNeeded: 1 | 2
  }>

/** How long a plan waits for a person. */
export const APPROVAL_TTL_MS = 30 * 60_000
