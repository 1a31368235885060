/** Each situation of an approval carries only what is true in it. */
import { unreachable } from '../decider.ts'
import type { ApprovalEvent, ApprovalRequest } from './events.ts'

export type Approval =
  | Readonly<{ situation: 'absent' }>
  | Readonly<{ situation: 'pending' | 'granted'; request: ApprovalRequest; grantedBy: readonly string[] }>
  | Readonly<{ situation: 'rejected' | 'revoked' | 'expired' }>
  | Readonly<{ situation: 'used'; executionId: string }>

export const initialState: Approval = { situation: 'absent' }

export function evolve(approval: Approval, event: ApprovalEvent): Approval {
  switch (event.type) {
    case 'ApprovalRequested':
      return approval.situation === 'absent' ? { situation: 'pending', request: event.data, grantedBy: [] } : approval
    case 'ApprovalGranted': {
      if (approval.situation !== 'pending') return approval
      const grantedBy = [...approval.grantedBy, event.data.owner]
      return { ...approval, situation: event.data.complete ? 'granted' : 'pending', grantedBy }
    }
    case 'ApprovalRejected':
      return approval.situation === 'pending' ? { situation: 'rejected' } : approval
    case 'ApprovalRevoked':
      return isOpen(approval) ? { situation: 'revoked' } : approval
    case 'ApprovalExpired':
      return isOpen(approval) ? { situation: 'expired' } : approval
    case 'ApprovalUsed':
      return approval.situation === 'granted' ? { situation: 'used', executionId: event.data.executionId } : approval
    default:
      return unreachable(event)
  }
}

export const isOpen = (approval: Approval): approval is Extract<Approval, { situation: 'pending' | 'granted' }> =>
  approval.situation === 'pending' || approval.situation === 'granted'
