/** From a confirmed remedy to the right to act: plan, approval, lanes, and the last look under the lock. Any change of the host means a new plan. */
import { unreachable } from '../../decider.ts'
import type { EscalationReason } from '../../incident/events.ts'
import type { DerivedId } from '../process-manager.ts'
import { elapsed, failureOf, resultOf } from './awaited.ts'
import { type Case, type Granted, type Healing, type HealingInput, MAX_DRIFTS, type Next, type Planned } from './state.ts'
import { begin, end, escalate, planOf, theCase, tryAgainWhenFree, tryAgainWhenSeen, unused, withEffect, withTimer } from './transitions.ts'

type Phase<Name extends Healing['phase']> = Extract<Healing, { phase: Name }>

export function drafted(state: Phase<'drafting'>, input: HealingInput, derivedId: DerivedId): Healing {
  const again: Next = { kind: 'draft', remedy: state.remedy, approved: state.approved }
  const leaving = unused(state.approved)
  const failed = failureOf(state, input)
  if (failed !== undefined) return tryAgain(state, again, failed, derivedId)
  const result = resultOf('draft', state, input)
  if (!result) return state
  switch (result.kind) {
    case 'drafted':
      return authorised(state, result, derivedId)
    case 'not-confirmed':
      return end({ ...theCase(state), evidence: result.evidence }, 'recovered', 'The fault was gone before anything was done.', leaving)
    case 'not-permitted':
      return escalate(state, reasonOf(result.rule), result.says, leaving)
    case 'unknown':
      return tryAgain(state, again, result.reason, derivedId)
    default:
      return unreachable(result)
  }
}

/** Keeps the grant while it waits, and gives it up only with the case. */
function tryAgain(state: Phase<'drafting'>, again: Next, reason: string, derivedId: DerivedId): Healing {
  const next = tryAgainWhenSeen(state, again, reason, {}, derivedId)
  return next.phase === 'escalated' ? { ...next, after: unused(state.approved) } : next
}

function authorised(
  state: Phase<'drafting'>,
  { plan, authority, approversNeeded, actionsPerHostPerHour }: Extract<DraftResult, { kind: 'drafted' }>,
  derivedId: DerivedId,
): Healing {
  const { remedy } = state
  const planned: Planned = { ...theCase(state), remedy, plan, authority, actionsPerHostPerHour }
  const leaving = unused(state.approved)
  const executionId = derivedId('execution', plan.planHash, String(state.turn))
  switch (authority.kind) {
    case 'observe-only':
      return escalate(planned, 'observe-mode', 'This target is only observed.', { plan, ...leaving })
    case 'policy':
      return { ...planned, leaving, phase: 'queueing', executionId, approved: null }
    case 'person': {
      const { approved } = state
      if (approved?.planHash === plan.planHash) return { ...planned, phase: 'queueing', executionId, approved }
      const approvalId = derivedId('approval', plan.planHash, String(state.turn))
      return withTimer({ ...planned, leaving, phase: 'asking', approvalId, approversNeeded, expiring: false }, derivedId)
    }
    default:
      return unreachable(authority)
  }
}

const reasonOf = (rule: string): EscalationReason => (rule === 'target-frozen' || rule === 'missing-right' ? rule : 'not-executed')

type DraftResult = NonNullable<ReturnType<typeof resultOf<'draft'>>>

export function answered(state: Phase<'asking'>, input: HealingInput, derivedId: DerivedId): Healing {
  const { approvalId, approversNeeded, plan, timerId, expiring } = state
  if (elapsed(state, input) && !expiring) return { ...planOf(state), phase: 'asking', approvalId, approversNeeded, timerId, expiring: true }
  switch (input.type) {
    case 'ApprovalGranted': {
      if (input.data.approvalId !== approvalId || !input.data.complete) return state
      const executionId = derivedId('execution', plan.planHash, String(state.turn))
      return { ...planOf(state), phase: 'queueing', executionId, approved: { approvalId, planHash: plan.planHash } }
    }
    case 'ApprovalRejected':
      return input.data.approvalId === approvalId ? escalate(state, 'approval-rejected', input.data.reason, { plan }) : state
    case 'ApprovalRevoked':
      return input.data.approvalId === approvalId ? escalate(state, 'approval-revoked', input.data.reason, { plan }) : state
    case 'ApprovalExpired':
      return input.data.approvalId === approvalId ? escalate(state, 'approval-expired', 'Nobody answered in time.', { plan }) : state
    default:
      return state
  }
}

export function queued(state: Phase<'queueing' | 'queued'>, input: HealingInput, derivedId: DerivedId): Healing {
  const { executionId, approved, remedy } = state
  const granted: Planned & Granted = { ...planOf(state), executionId, approved }
  switch (input.type) {
    case 'LanesAcquired':
      if (input.data.executionId !== executionId) return state
      return approved
        ? { ...granted, phase: 'redeeming', approvalId: approved.approvalId }
        : withEffect({ ...granted, phase: 'preparing' }, derivedId)
    case 'LanesQueued':
      return input.data.executionId === executionId && state.phase === 'queueing' ? { ...granted, phase: 'queued' } : state
    case 'LanesOffered':
      // The world has changed while it waited: plan again.
      return input.data.executionId === executionId ? begin(state, { kind: 'draft', remedy, approved }, derivedId) : state
    case 'CommandRefused':
      return input.data.command === 'AcquireLanes' && input.data.rule === 'host-budget-exhausted'
        ? tryAgainWhenFree(state, 'host-budget', { kind: 'draft', remedy, approved }, { executionId }, derivedId)
        : state
    case 'ApprovalRevoked':
      return approved && input.data.approvalId === approved.approvalId
        ? escalate(state, 'approval-revoked', input.data.reason, { plan: state.plan, executionId })
        : state
    default:
      return state
  }
}

export function redeemed(state: Phase<'redeeming'>, input: HealingInput, derivedId: DerivedId): Healing {
  const { executionId, approved, plan } = state
  if (input.type === 'ApprovalUsed' && input.data.approvalId === state.approvalId && input.data.executionId === executionId) {
    return withEffect({ ...planOf(state), executionId, approved, phase: 'preparing' }, derivedId)
  }
  if (input.type !== 'CommandRefused' || input.data.command !== 'UseApproval') return state
  const { rule, facts } = input.data
  // Too old, and nobody has closed it yet.
  if (rule === 'approval-expired') return escalate(state, rule, 'It was granted too long ago.', { plan, executionId, ...unused(approved) })
  const reason = facts['situation'] === 'expired' ? 'approval-expired' : 'approval-revoked'
  return escalate(state, reason, `The approval could not be used: ${rule}.`, { plan, executionId })
}

export function prepared(state: Phase<'preparing'>, input: HealingInput, derivedId: DerivedId): Healing {
  const { executionId, plan, remedy } = state
  // The approval was used for this execution: whatever comes next needs another.
  const draftAgain: Next = { kind: 'draft', remedy, approved: null }
  const failed = failureOf(state, input)
  if (failed !== undefined) return tryAgainWhenSeen(state, draftAgain, failed, { plan, executionId }, derivedId)
  const result = resultOf('prepare', state, input)
  if (!result) return state
  switch (result.kind) {
    case 'prepared': {
      const { steps, rollback, before, meant } = result
      const granted: Planned & Granted = { ...planOf(state), executionId, approved: state.approved }
      return withEffect(
        { ...granted, steps, rollback, before, meant, seen: null, seenAt: input.data.at, because: null, phase: 'running', index: 0 },
        derivedId,
      )
    }
    case 'drifted': {
      const says = `The host has changed since the plan was made: ${result.changed.join(', ')}.`
      const drifts = state.setbacks.drifts + 1
      if (drifts >= MAX_DRIFTS) return escalate(state, 'plan-drifted', says, { plan, executionId })
      const drafting: Case = { ...theCase(state), setbacks: { ...state.setbacks, drifts }, leaving: { executionId } }
      return withEffect({ ...drafting, phase: 'drafting', remedy, approved: null }, derivedId)
    }
    case 'not-confirmed':
      return end({ ...theCase(state), evidence: result.evidence }, 'recovered', 'The fault was gone before anything was done.', {
        executionId,
      })
    case 'halted':
      return tryAgainWhenFree(state, 'healing-stopped', draftAgain, { executionId }, derivedId)
    case 'refused':
      return escalate(state, reasonOf(result.rule), result.says, { plan, executionId })
    case 'unknown':
      return tryAgainWhenSeen(state, draftAgain, result.reason, { plan, executionId }, derivedId)
    default:
      return unreachable(result)
  }
}
