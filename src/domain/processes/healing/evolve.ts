/** How an input moves the healing of an incident on. Anything that the phase does not wait for leaves it as it is. */
import { unreachable } from '../../decider.ts'
import type { EffectSuccessOf } from '../../process/events.ts'
import type { EffectKind } from '../effects.ts'
import type { DerivedId } from '../process-manager.ts'
import { evolveExecution } from './evolve-execution.ts'
import {
  ANALYST_ATTEMPTS,
  type Case,
  type Granted,
  HELD_BACK_MS,
  type Healing,
  type HealingInput,
  LOOK_AGAIN,
  MAX_DRIFTS,
  type Planned,
} from './state.ts'
import { end, escalate, withEffect, withTimer } from './transitions.ts'

export function evolve(state: Healing, input: HealingInput, derivedId: DerivedId): Healing {
  if (input.type === 'IncidentOpened') {
    if (state.phase !== 'absent') return state
    const opened: Case = { origin: input.data, evidence: [], turn: 0, drifts: 0 }
    return withEffect({ ...opened, phase: 'investigating', attempt: 1, chosen: null }, derivedId)
  }
  if (state.phase === 'absent') return state
  if (input.type === 'IncidentClosed') return closed(state)
  if (input.type === 'ReanalysisRequested') return reanalysed(state, derivedId)
  switch (state.phase) {
    case 'investigating':
      return investigated(state, input, derivedId)
    case 'blind':
      return elapsed(state, input)
        ? withEffect({ ...theCase(state), phase: 'investigating', attempt: state.attempt + 1, chosen: state.chosen }, derivedId)
        : state
    case 'analysing':
      return analysed(state, input, derivedId)
    case 'analyst-busy':
      return elapsed(state, input) ? withEffect({ ...theCase(state), phase: 'analysing', attempt: state.attempt + 1 }, derivedId) : state
    case 'drafting':
      return drafted(state, input, derivedId)
    case 'asking':
      return answered(state, input, derivedId)
    case 'queueing':
    case 'queued':
      return queued(state, input, derivedId)
    case 'held-back':
      return elapsed(state, input)
        ? withEffect({ ...theCase(state), phase: 'drafting', remedy: state.remedy, approved: state.approved, leaving: null }, derivedId)
        : state
    case 'redeeming':
      return redeemed(state, input, derivedId)
    case 'preparing':
      return prepared(state, input, derivedId)
    case 'running':
    case 'settling':
    case 'still-running':
    case 'verifying':
    case 'verifying-later':
    case 'rebaselining':
    case 'rolling-back':
    case 'rolling-back-later':
    case 'proving':
    case 'proving-later':
    case 'undetermined':
      return evolveExecution(state, input, derivedId)
    case 'escalated':
    case 'ended':
      return state
    default:
      return unreachable(state)
  }
}

type Phase<Name extends Healing['phase']> = Extract<Healing, { phase: Name }>

function investigated(state: Phase<'investigating'>, input: HealingInput, derivedId: DerivedId): Healing {
  const failed = failureOf(state, input)
  if (failed !== undefined) return lookAgain(state, state.attempt, state.chosen, failed, derivedId)
  const result = resultOf('investigate', state, input)
  if (!result) return state
  const seen: Case = { ...theCase(state), evidence: result.evidence }
  switch (result.kind) {
    case 'confirmed':
      return withEffect({ ...seen, phase: 'drafting', remedy: result.remedy, approved: null, leaving: null }, derivedId)
    case 'not-confirmed':
      return end(seen, 'not-confirmed', 'No probe on the host found the fault.')
    case 'unknown':
      return lookAgain(seen, state.attempt, state.chosen, result.reason, derivedId)
    case 'report-only':
      return escalate(seen, 'report-only', result.reason)
    case 'unrecognised':
      return withEffect({ ...seen, phase: 'analysing', attempt: 1 }, derivedId)
    default:
      return unreachable(result)
  }
}

function analysed(state: Phase<'analysing'>, input: HealingInput, derivedId: DerivedId): Healing {
  const failed = failureOf(state, input)
  if (failed !== undefined) return escalate(state, 'analyst-failed', failed)
  const result = resultOf('analyse', state, input)
  if (!result) return state
  switch (result.kind) {
    case 'answered':
      return result.chosen
        ? withEffect({ ...theCase(state), phase: 'investigating', attempt: 1, chosen: result.chosen }, derivedId)
        : escalate(state, 'no-remedy', result.diagnosis.text)
    case 'no-analyst':
      return escalate(state, 'no-analyst', 'No rule of the catalogue knows this, and no analyst is configured.')
    case 'failed': {
      const { retryAfterMs } = result
      if (retryAfterMs === null || state.attempt >= ANALYST_ATTEMPTS) return escalate(state, 'analyst-failed', result.says.text)
      return withTimer({ ...theCase(state), phase: 'analyst-busy', attempt: state.attempt, waitMs: retryAfterMs }, derivedId)
    }
    default:
      return unreachable(result)
  }
}

function drafted(state: Phase<'drafting'>, input: HealingInput, derivedId: DerivedId): Healing {
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

function answered(state: Phase<'asking'>, input: HealingInput, derivedId: DerivedId): Healing {
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

function queued(state: Phase<'queueing' | 'queued'>, input: HealingInput, derivedId: DerivedId): Healing {
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

function redeemed(state: Phase<'redeeming'>, input: HealingInput, derivedId: DerivedId): Healing {
  const { executionId, approved, plan } = state
  if (input.type === 'ApprovalUsed' && input.data.approvalId === state.approvalId && input.data.executionId === executionId) {
    return withEffect({ ...planOf(state), executionId, approved, phase: 'preparing' }, derivedId)
  }
  if (input.type !== 'CommandRefused' || input.data.command !== 'UseApproval') return state
  const reason = input.data.rule === 'approval-expired' ? 'approval-expired' : 'approval-revoked'
  return escalate(state, reason, `The approval could not be used: ${input.data.rule}.`, { plan, executionId })
}

function prepared(state: Phase<'preparing'>, input: HealingInput, derivedId: DerivedId): Healing {
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

/** A person closed the incident. What already runs on the host is finished first; everything else ends here. */
function closed(state: Exclude<Healing, { phase: 'absent' }>): Healing {
  const says = 'A person closed it.'
  switch (state.phase) {
    case 'running':
    case 'settling':
    case 'still-running':
    case 'verifying':
    case 'verifying-later':
    case 'rebaselining':
    case 'rolling-back':
    case 'rolling-back-later':
    case 'proving':
    case 'proving-later':
    case 'undetermined':
    case 'ended':
      return state
    case 'asking':
      return end(state, 'closed', says, { approvalId: state.approvalId })
    case 'queueing':
    case 'queued':
    case 'held-back':
    case 'redeeming':
    case 'preparing':
      return end(state, 'closed', says, { executionId: state.executionId })
    case 'investigating':
    case 'blind':
    case 'analysing':
    case 'analyst-busy':
    case 'drafting':
    case 'escalated':
      return end(state, 'closed', says)
    default:
      return unreachable(state)
  }
}

/** A person asked to look again. Only where nothing waits for an answer from the host; a plan that waits for approval is rejected first. */
function reanalysed(state: Exclude<Healing, { phase: 'absent' }>, derivedId: DerivedId): Healing {
  if (state.phase !== 'escalated' && state.phase !== 'blind' && state.phase !== 'analyst-busy') return state
  return withEffect({ ...theCase(state), phase: 'investigating', attempt: 1, chosen: null }, derivedId)
}

function lookAgain(state: Case, attempt: number, chosen: Phase<'blind'>['chosen'], reason: string, derivedId: DerivedId): Healing {
  if (attempt >= LOOK_AGAIN.attempts) return escalate(state, 'cannot-see', reason)
  return withTimer({ ...theCase(state), phase: 'blind', attempt, chosen, reason }, derivedId)
}

/** The result of the effect that this state waits for. */
export function resultOf<Kind extends EffectKind>(
  kind: Kind,
  state: Readonly<{ effectId: string }>,
  input: HealingInput,
): EffectSuccessOf<Kind>['result'] | undefined {
  if (input.type !== 'EffectSucceeded' || input.data.effectId !== state.effectId) return undefined
  return [input.data].find((data): data is EffectSuccessOf<Kind> => data.kind === kind)?.result
}

/** What went wrong in the effect that this state waits for; undefined when it did not. */
export function failureOf(state: Readonly<{ effectId: string }>, input: HealingInput): string | undefined {
  if (input.type !== 'EffectFailed' && input.type !== 'EffectOutcomeUnknown') return undefined
  return input.data.effectId === state.effectId ? input.data.says.text : undefined
}

export const elapsed = (state: Readonly<{ timerId: string }>, input: HealingInput): boolean =>
  input.type === 'TimeoutElapsed' && input.data.timerId === state.timerId

export const theCase = ({ origin, evidence, turn, drifts }: Case): Case => ({ origin, evidence, turn, drifts })

export const planOf = (state: Planned): Planned => {
  const { remedy, plan, authority, actionsPerHostPerHour } = state
  return { ...theCase(state), remedy, plan, authority, actionsPerHostPerHour }
}
