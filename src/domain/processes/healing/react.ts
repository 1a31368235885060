/** What follows from having come into a phase: commands that record it, and the one effect or timer that the phase waits for. */

import { HEALING_SWITCH_ID } from '../../aggregates.ts'
import { LONGEST_ANALYSIS_MS } from '../../analysis/question.ts'
import { APPROVAL_TTL_MS } from '../../approval/events.ts'
import { unreachable } from '../../decider.ts'
import type { IncidentOrigin } from '../../incident/events.ts'
import type { IncidentReport } from '../../incident/incident.ts'
import { later } from '../../instant.ts'
import type { NamedStep } from '../effects.ts'
import { command, effect, timeout } from '../outputs.ts'
import type { Output, ReactContext } from '../process-manager.ts'
import { giveBack, reportsOfStep, reportsOfVerification, tidyUp } from './react-execution.ts'
import { type Executing, type Healing, type HealingInput, LATE_AFTER_MS, lookAgainMs, settleAgainMs } from './state.ts'

export function react(state: Healing, input: HealingInput, context: ReactContext): readonly Output[] {
  if (state.phase === 'absent') return []
  const { origin } = state
  const { incidentId, targetId, hostId } = origin
  const { now } = context
  const tell = (report: IncidentReport): Output =>
    command({ aggregate: 'incident', id: incidentId, command: { type: 'ReportIncident', data: { report } } })
  const waits = (reason: Extract<IncidentReport, { type: 'IncidentWaits' }>['data']['for'], ms?: number): Output =>
    tell({ type: 'IncidentWaits', data: { incidentId, for: reason, ...(ms === undefined ? {} : { until: later(now, ms) }), at: now } })
  const reports = [
    ...reportsOfInput(input, incidentId, context),
    ...reportsOfStep(input, incidentId, context),
    ...reportsOfVerification(state, input, context),
  ]
  const told = [...reports.map(tell), ...giveBack(state.leaving, state, context)]

  switch (state.phase) {
    case 'investigating': {
      const { faultId, hints } = origin
      return [
        ...told,
        effect(state.effectId, {
          kind: 'investigate',
          params: { incidentId, targetId, faultId: faultId ?? null, hints, chosen: state.chosen },
          timeoutMs: lookingMs(origin, 30_000),
        }),
      ]
    }
    case 'waiting': {
      const outputs = [...told, waits(state.until, state.waitMs), timeout(state.timerId, 'try-again', state.waitMs, context)]
      return state.until === 'healing-stopped' ? [...outputs, awaitHealing(incidentId, context)] : outputs
    }
    case 'analysing': {
      const { service, excerpt } = origin
      const { evidence } = state
      return [
        ...told,
        effect(state.effectId, {
          kind: 'analyse',
          params: { incidentId, targetId, service, excerpt, evidence },
          timeoutMs: LONGEST_ANALYSIS_MS + 20_000,
        }),
      ]
    }
    case 'analyst-busy':
      return [...told, waits('analyst', state.waitMs), timeout(state.timerId, 'ask-again', state.waitMs, context)]
    case 'drafting': {
      const { remedy } = state
      const { fingerprintId } = origin
      return [
        ...told,
        effect(state.effectId, {
          kind: 'draft',
          params: { incidentId, targetId, fingerprintId, remedy },
          timeoutMs: lookingMs(origin, 60_000),
        }),
      ]
    }
    case 'asking': {
      const { approvalId, plan, approversNeeded, authority } = state
      if (state.expiring) return [command({ aggregate: 'approval', id: approvalId, command: { type: 'ExpireApproval', data: { now } } })]
      const expiresAt = later(now, APPROVAL_TTL_MS)
      const request = { approvalId, incidentId, planHash: plan.planHash, requestedBy: 'steward', expiresAt, approversNeeded }
      return [
        ...told,
        tell({ type: 'PlanProposed', data: { incidentId, plan, authority, at: now } }),
        command({ aggregate: 'approval', id: approvalId, command: { type: 'RequestApproval', data: request } }),
        waits('approval', APPROVAL_TTL_MS),
        timeout(state.timerId, 'approval', APPROVAL_TTL_MS, context),
      ]
    }
    case 'queueing': {
      const { plan, authority, executionId, actionsPerHostPerHour } = state
      const proposed =
        input.type === 'EffectSucceeded' ? [tell({ type: 'PlanProposed', data: { incidentId, plan, authority, at: now } })] : []
      const { resources, action } = plan
      const claim = { hostId, targetId, incidentId, executionId, actionId: action.id, resources }
      const data = { ...claim, limitPerHour: actionsPerHostPerHour, now }
      return [...told, ...proposed, command({ aggregate: 'lanes', id: hostId, command: { type: 'AcquireLanes', data } })]
    }
    case 'queued':
      return [waits('lanes')]
    case 'redeeming': {
      const { approvalId, executionId, plan } = state
      const data = { planHash: plan.planHash, executionId, now }
      return [command({ aggregate: 'approval', id: approvalId, command: { type: 'UseApproval', data } })]
    }
    case 'preparing': {
      const { executionId, remedy, plan, authority } = state
      const { fingerprintId } = origin
      return [
        effect(state.effectId, {
          kind: 'prepare',
          params: { incidentId, targetId, fingerprintId, executionId, remedy, plan, authority },
          timeoutMs: plan.timeoutMs + 60_000,
        }),
      ]
    }
    case 'running':
      return [...told, ...(state.index === 0 ? begun(state, context) : []), ...runStep(state, state.index, 1, 'fix')]
    case 'settling': {
      const { executionId, asked } = state
      const { name: step, say } = stepOf(state, state.list, state.index, state.attempt)
      const ran = { executionId, step, say }
      const says = input.type === 'EffectFailed' || input.type === 'EffectOutcomeUnknown' ? { says: input.data.says } : {}
      const lost = tell({ type: 'StepRun', data: { incidentId, ...ran, outcome: 'unknown', ...says, at: now } })
      return [
        ...told,
        ...(asked === 0 ? [lost] : []),
        effect(state.effectId, { kind: 'settle', params: { targetId, ran }, timeoutMs: 30_000 }),
      ]
    }
    case 'still-running': {
      const waitMs = settleAgainMs(state.asked)
      return [...told, waits(state.reached ? 'step' : 'visibility', waitMs), timeout(state.timerId, 'settle-again', waitMs, context)]
    }
    case 'verifying': {
      const { plan } = state
      const params = { targetId, action: plan.action, windowMs: plan.windowMs }
      return [...told, effect(state.effectId, { kind: 'verify', params, timeoutMs: plan.windowMs + plan.timeoutMs + 30_000 })]
    }
    case 'verifying-later':
      return [...told, timeout(state.timerId, 'verify-again', lookAgainMs(state.attempt), context)]
    case 'rebaselining':
      return [...told, effect(state.effectId, { kind: 'survey', params: { targetId }, timeoutMs: 60_000 })]
    case 'rolling-back': {
      const { executionId, index, attempt } = state
      const because = state.because ?? 'the fix failed'
      const first = index === 0 && attempt === 1
      const started = first ? [tell({ type: 'RollbackStarted', data: { incidentId, executionId, because, at: now } })] : []
      return [...told, ...started, ...runStep(state, index, attempt, 'rollback')]
    }
    case 'rolling-back-later':
      return [...told, timeout(state.timerId, 'restore-again', lookAgainMs(state.attempt), context)]
    case 'proving':
      return [
        ...told,
        effect(state.effectId, {
          kind: 'prove',
          params: { targetId, before: state.before, action: state.plan.action },
          timeoutMs: lookingMs(origin, 60_000),
        }),
      ]
    case 'proving-later':
      return [...told, timeout(state.timerId, 'prove-again', lookAgainMs(state.attempt), context)]
    case 'undetermined': {
      const { executionId, says } = state
      const frozen = { type: 'FreezeTarget', data: { incidentId, reason: says, now } } as const
      return [
        ...told,
        tell({ type: 'OutcomeUndetermined', data: { incidentId, executionId, says, at: now } }),
        command({ aggregate: 'target', id: targetId, command: frozen }),
      ]
    }
    case 'escalated':
    case 'ended':
      return [...told, ...tidyUp(state, input, context)]
    default:
      return unreachable(state)
  }
}

/** Looking at a managed server may mean to start one. */
const lookingMs = ({ service }: IncidentOrigin, hostMs: number): number => (service === 'server' ? 180_000 : hostMs)

/** The timer is only for what tells nobody that it is over: a stop file. */
const awaitHealing = (incidentId: string, { now }: ReactContext): Output =>
  command({ aggregate: 'healing-switch', id: HEALING_SWITCH_ID, command: { type: 'AwaitHealing', data: { incidentId, now } } })

/** What an effect found, told to the incident in the words of events. */
function reportsOfInput(input: HealingInput, incidentId: string, { now }: ReactContext): IncidentReport[] {
  if (input.type !== 'EffectSucceeded') return []
  const { data } = input
  switch (data.kind) {
    case 'investigate': {
      const { kind, evidence } = data.result
      return [
        { type: 'IncidentInvestigated', data: { incidentId, result: kind, evidence, at: now } },
        ...catalogueDiagnosis(data.result, incidentId, now),
      ]
    }
    case 'analyse': {
      const { result } = data
      if (result.kind !== 'answered') return []
      const { diagnosis, confidence, chosen, why, evidenceIds, model } = result
      const choice = chosen ? { actionId: chosen.actionId } : {}
      const grounds = { why, evidenceIds, model }
      return [
        { type: 'IncidentDiagnosed', data: { incidentId, by: 'analyst', text: diagnosis, confidence, ...choice, ...grounds, at: now } },
      ]
    }
    default:
      return []
  }
}

function catalogueDiagnosis(
  result: Extract<Extract<HealingInput, { type: 'EffectSucceeded' }>['data'], { kind: 'investigate' }>['result'],
  incidentId: string,
  at: ReactContext['now'],
): IncidentReport[] {
  if (result.kind !== 'confirmed' || result.remedy.chosenBy === 'analyst') return []
  const { diagnosis, confidence, action } = result.remedy
  return [
    { type: 'IncidentDiagnosed', data: { incidentId, by: 'catalogue', text: { text: diagnosis }, confidence, actionId: action.id, at } },
  ]
}

/** The beginning is on record with the incident, and with the action: how often it may be used depends on that. */
function begun({ executionId, plan, authority, origin }: Executing, { now }: ReactContext): Output[] {
  const { incidentId, targetId } = origin
  const actionId = plan.action.id
  const report = { type: 'ExecutionStarted', data: { incidentId, executionId, planHash: plan.planHash, authority, at: now } } as const
  const used = { type: 'RecordRemedyUse', data: { actionId, targetId, incidentId, now } } as const
  return [
    command({ aggregate: 'incident', id: incidentId, command: { type: 'ReportIncident', data: { report } } }),
    command({ aggregate: 'remedy-guard', id: actionId, command: used }),
  ]
}

function runStep(state: Executing & Readonly<{ effectId: string }>, index: number, attempt: number, list: 'fix' | 'rollback'): Output[] {
  const { executionId, plan, origin, before, meant, seen, seenAt } = state
  const params = {
    targetId: origin.targetId,
    executionId,
    step: stepOf(state, list, index, attempt),
    timeoutMs: plan.timeoutMs,
    privileged: list === 'fix' ? 'fix' : 'restore',
    touched: {
      action: plan.action,
      before: { files: before.files, settings: before.settings },
      meant,
      seen,
      lateAt: later(seenAt, plan.windowMs + LATE_AFTER_MS),
    },
  } as const
  return [effect(state.effectId, { kind: 'run-step', params, timeoutMs: plan.timeoutMs + 30_000 })]
}

/** A step by the name of its mark on the host. A restore that provably never ran is tried again under a new mark. */
function stepOf(state: Executing, list: 'fix' | 'rollback', index: number, attempt: number): NamedStep {
  const step = (list === 'fix' ? state.steps : state.rollback)[index]
  if (!step) throw new RangeError(`execution ${state.executionId} has no ${list} step ${index}`)
  return attempt === 1 ? step : { ...step, name: `${step.name}.${attempt}` }
}
