/** Every request for approval and what became of it; `pending` are those that still wait for a person. */
import { unreachable } from '../domain/decider.ts'
import type { Instant } from '../domain/instant.ts'
import { defineProjection } from './projection.ts'

export type ApprovalRow = Readonly<{
  approvalId: string
  incidentId: string
  planHash: string
  requestedBy: string
  requestedAt: Instant
  expiresAt: Instant
  approversNeeded: number
  grants: readonly ApprovalGrant[]
  state: 'pending' | 'granted' | 'rejected' | 'revoked' | 'expired' | 'used'
  pending: boolean
  /** Who rejected or revoked it, and why. */
  decidedBy: string | null
  reason: string | null
  decidedAt: Instant | null
  executionId: string | null
  revision: bigint
}>

export type ApprovalGrant = Readonly<{ by: string; owner: string; at: Instant }>

export const approvals = defineProjection({
  name: 'approvals',
  version: 1,
  table: 'approvals',
  columns: {
    approvalId: 'text',
    incidentId: 'text',
    planHash: 'text',
    requestedBy: 'text',
    requestedAt: 'timestamptz',
    expiresAt: 'timestamptz',
    approversNeeded: 'integer',
    grants: 'json',
    state: 'text',
    pending: 'boolean',
    decidedBy: 'text',
    reason: 'text',
    decidedAt: 'timestamptz',
    executionId: 'text',
    revision: 'bigint',
  },
  primaryKey: 'approvalId',
  nullable: ['decidedBy', 'reason', 'decidedAt', 'executionId'],
  indexes: [{ columns: ['incidentId'] }, { columns: ['requestedAt'] }],
  eventTypes: ['ApprovalRequested', 'ApprovalGranted', 'ApprovalRejected', 'ApprovalRevoked', 'ApprovalExpired', 'ApprovalUsed'],
  keys: (event) => [event.data.approvalId],
  fold(row: ApprovalRow | undefined, event): ApprovalRow | 'none' {
    const { revision } = event
    if (event.type === 'ApprovalRequested') {
      return {
        ...event.data,
        requestedAt: event.recordedAt,
        grants: [],
        state: 'pending',
        pending: true,
        decidedBy: null,
        reason: null,
        decidedAt: null,
        executionId: null,
        revision,
      }
    }
    if (!row) return 'none'
    switch (event.type) {
      case 'ApprovalGranted': {
        const { by, owner, at, complete } = event.data
        const grants = [...row.grants, { by, owner, at }]
        return complete ? { ...row, grants, state: 'granted', pending: false, decidedAt: at, revision } : { ...row, grants, revision }
      }
      case 'ApprovalRejected':
      case 'ApprovalRevoked': {
        const { by, reason, at } = event.data
        const state = event.type === 'ApprovalRejected' ? 'rejected' : 'revoked'
        return { ...row, state, pending: false, decidedBy: by, reason, decidedAt: at, revision }
      }
      case 'ApprovalExpired':
        return { ...row, state: 'expired', pending: false, decidedAt: event.data.at, revision }
      case 'ApprovalUsed':
        return { ...row, state: 'used', pending: false, executionId: event.data.executionId, revision }
      default:
        return unreachable(event)
    }
  },
})
