/** The rules of an approval: bound to one plan, in time, by somebody other than the one who asked, used once. Owners count, not keys. */
import { accept, type Decider, type Decision, refuse, unreachable } from '../decider.ts'
import type { Instant } from '../instant.ts'
import type { ApprovalEvent, ApprovalRequest } from './events.ts'
import { type Approval, evolve, initialState, isOpen } from './state.ts'

export type ApprovalCommand =
  | Readonly<{ type: 'RequestApproval'; data: ApprovalRequest }>
  | Readonly<{ type: 'GrantApproval'; data: Readonly<{ planHash: string; by: string; owner: string; now: Instant }> }>
  | Readonly<{ type: 'RejectApproval'; data: Readonly<{ by: string; reason: string; now: Instant }> }>
  | Readonly<{ type: 'RevokeApproval'; data: Readonly<{ by: string; reason: string; now: Instant }> }>
  | Readonly<{ type: 'ExpireApproval'; data: Readonly<{ now: Instant }> }>
  | Readonly<{ type: 'UseApproval'; data: Readonly<{ planHash: string; executionId: string; now: Instant }> }>

type DataOf<Type extends ApprovalCommand['type']> = Extract<ApprovalCommand, { type: Type }>['data']

export const approval: Decider<Approval, ApprovalCommand, ApprovalEvent> = { initialState, evolve, decide }

function decide(state: Approval, command: ApprovalCommand): Decision<ApprovalEvent> {
  switch (command.type) {
    case 'RequestApproval':
      return state.situation === 'absent' ? accept({ type: 'ApprovalRequested', data: command.data }) : refuse('approval-already-requested')
    case 'GrantApproval':
      return grant(state, command.data)
    case 'RejectApproval': {
      const { by, reason, now } = command.data
      if (state.situation !== 'pending') return refuse('approval-not-pending', { situation: state.situation })
      return accept({ type: 'ApprovalRejected', data: { ...ref(state.request), by, reason, at: now } })
    }
    case 'RevokeApproval': {
      const { by, reason, now } = command.data
      if (!isOpen(state)) return refuse('approval-not-open', { situation: state.situation })
      return accept({ type: 'ApprovalRevoked', data: { ...ref(state.request), by, reason, at: now } })
    }
    case 'ExpireApproval':
      if (!isOpen(state) || command.data.now < state.request.expiresAt) return accept()
      return accept({ type: 'ApprovalExpired', data: { ...ref(state.request), at: command.data.now } })
    case 'UseApproval':
      return use(state, command.data)
    default:
      return unreachable(command)
  }
}

function grant(state: Approval, { planHash, by, owner, now }: DataOf<'GrantApproval'>): Decision<ApprovalEvent> {
  if (isOpen(state) && state.grantedBy.includes(owner)) {
    // Whoever agrees twice must not believe that this was the second agreement.
    return state.situation === 'granted' ? accept() : refuse('approval-needs-another-owner', { grantedBy: state.grantedBy.join(', ') })
  }
  if (state.situation !== 'pending') return refuse('approval-not-pending', { situation: state.situation })
  const { request } = state
  if (now >= request.expiresAt) return refuse('approval-expired', { expiresAt: request.expiresAt })
  // The person approved what the screen showed. If the plan has changed since, that is another plan.
  if (planHash !== request.planHash) return refuse('approval-is-for-another-plan', { shown: planHash, current: request.planHash })
  if (owner === request.requestedBy) return refuse('approval-needs-somebody-else', { requestedBy: request.requestedBy })
  const complete = state.grantedBy.length + 1 >= request.approversNeeded
  return accept({ type: 'ApprovalGranted', data: { ...ref(request), by, owner, complete, at: now } })
}

function use(state: Approval, { planHash, executionId, now }: DataOf<'UseApproval'>): Decision<ApprovalEvent> {
  if (state.situation === 'used' && state.executionId === executionId) return accept()
  if (state.situation !== 'granted') return refuse('approval-not-granted', { situation: state.situation })
  const { request } = state
  if (now >= request.expiresAt) return refuse('approval-expired', { expiresAt: request.expiresAt })
  if (planHash !== request.planHash) return refuse('approval-is-for-another-plan', { shown: planHash, current: request.planHash })
  return accept({ type: 'ApprovalUsed', data: { ...ref(request), executionId, at: now } })
}

const ref = ({ approvalId, incidentId }: ApprovalRequest) => ({ approvalId, incidentId })
