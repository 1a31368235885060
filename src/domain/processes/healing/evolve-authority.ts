/** From a confirmed remedy to the right to act: plan, approval, lanes, and the last look under the lock. Any change of the host means a new plan. */
import { unreachable } from '../../decider.ts'
import type { DerivedId } from '../process-manager.ts'
import { elapsed, failureOf, resultOf } from './awaited.ts'
import { lookAgain } from './evolve-analysis.ts'
import { type Case, type Granted, HELD_BACK_MS, type Healing, type HealingInput, MAX_DRIFTS, type Planned } from './state.ts'
import { end, escalate, planOf, theCase, withEffect, withTimer } from './transitions.ts'

type Phase<Name extends Healing['phase']> = Extract<Healing, { phase: Name }>

export function drafted(state: Phase<'drafting'>, input: HealingInput, derivedId: DerivedId): Healing {
  const failed = failureOf(state, input)
  if (failed !== undefined) return lookAgain(state, 1, null, failed, derivedId)
  const result = resultOf('draft', state, input)
  if (!result) return state
  switch (result.kind) {
    case 'drafted': {
      const { plan, authority, approversNeeded, actionsPerHostPerHour } = result
      const planned: Planned = { ...theCase(state), remedy: state.remedy, plan, authority, actionsPerHostPerHour }
      if (authority.kind === 'observe-only') return escalate(planned, 'observe-mode', 'This target is only observed.', { plan })
      const executionId = derivedId('execution', plan.planHash, String(state.turn))
      if (authority.kind === 'policy') return { ...planned, phase: 'queueing', executionId, approved: null }
      const approved = state.approved?.planHash === plan.planHash ? state.approved : null
      if (approved) return { ...planned, phase: 'queueing', executionId, approved }
      const approvalId = derivedId('approval', plan.planHash, String(state.turn))
      return withTimer({ ...planned, phase: 'asking', approvalId, approversNeeded, expiring: false }, derivedId)
    }
    case 'not-confirmed':
      return end({ ...theCase(state), evidence: result.evidence }, 'recovered', 'The fault was gone before anything was done.')
    case 'not-permitted':
      return escalate(state, result.rule === 'target-frozen' ? 'target-frozen' : 'not-executed', result.says)
    case 'unknown':
      return lookAgain(state, 1, null, result.reason, derivedId)
    default:
      return unreachable(result)
  }
}

export function answered(state: Phase<'asking'>, input: HealingInput, derivedId: DerivedId): Healing {
  const { approvalId, plan } = state
  if (elapsed(state, input)) return { ...state, expiring: true }
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
  const { executionId, approved } = state
  switch (input.type) {
    case 'LanesAcquired': {
      if (input.data.executionId !== executionId) return state
      const granted: Planned & Granted = { ...planOf(state), executionId, approved }
      return approved
        ? { ...granted, phase: 'redeeming', approvalId: approved.approvalId }
        : withEffect({ ...granted, phase: 'preparing' }, derivedId)
    }
    case 'LanesQueued':
      return input.data.executionId === executionId && state.phase === 'queueing' ? { ...state, phase: 'queued' } : state
    case 'LanesOffered':
      // The world has changed while it waited: plan again.
      return input.data.executionId === executionId
        ? withEffect({ ...theCase(state), phase: 'drafting', remedy: state.remedy, approved, leaving: null }, derivedId)
        : state
    case 'CommandRefused':
      return input.data.command === 'AcquireLanes' && input.data.rule === 'host-budget-exhausted'
        ? withTimer(
            { ...planOf(state), phase: 'held-back', executionId, approved, because: 'host-budget', waitMs: HELD_BACK_MS },
            derivedId,
          )
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
  const reason = input.data.rule === 'approval-expired' ? 'approval-expired' : 'approval-revoked'
  return escalate(state, reason, `The approval could not be used: ${input.data.rule}.`, { plan, executionId })
}

export function prepared(state: Phase<'preparing'>, input: HealingInput, derivedId: DerivedId): Healing {
  const { executionId, plan } = state
  const failed = failureOf(state, input)
  if (failed !== undefined) return escalate(state, 'not-executed', failed, { plan, executionId })
  const result = resultOf('prepare', state, input)
  if (!result) return state
  switch (result.kind) {
    case 'prepared': {
      const { steps, rollback, before } = result
      const granted: Planned & Granted = { ...planOf(state), executionId, approved: state.approved }
      return withEffect({ ...granted, steps, rollback, before, doubt: false, phase: 'running', index: 0 }, derivedId)
    }
    case 'drifted': {
      const says = `The host has changed since the plan was made: ${result.changed.join(', ')}.`
      if (state.drifts + 1 >= MAX_DRIFTS) return escalate(state, 'plan-drifted', says, { plan, executionId })
      const again: Case = { ...theCase(state), drifts: state.drifts + 1 }
      return withEffect({ ...again, phase: 'drafting', remedy: state.remedy, approved: null, leaving: executionId }, derivedId)
    }
    case 'not-confirmed':
      return end({ ...theCase(state), evidence: result.evidence }, 'recovered', 'The fault was gone before anything was done.', {
        executionId,
      })
    case 'halted':
      return withTimer(
        { ...planOf(state), phase: 'held-back', executionId, approved: null, because: 'healing-stopped', waitMs: HELD_BACK_MS },
        derivedId,
      )
    case 'refused':
      return escalate(state, 'not-executed', result.says, { plan, executionId })
    case 'unknown':
      return withTimer(
        { ...planOf(state), phase: 'held-back', executionId, approved: null, because: 'cannot-see', waitMs: HELD_BACK_MS },
        derivedId,
      )
    default:
      return unreachable(result)
  }
}
