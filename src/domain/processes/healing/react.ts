/** What follows from having come into a phase: commands that record it, and the one effect or timer that the phase waits for. */
import { APPROVAL_TTL_MS } from '../../approval/events.ts'
import { unreachable } from '../../decider.ts'
import type { IncidentReport } from '../../incident/incident.ts'
import { later } from '../../instant.ts'
import { command, effect, timeout } from '../outputs.ts'
import type { Output, ReactContext } from '../process-manager.ts'
import { reportsOfStep, tidyUp } from './react-execution.ts'
import { type Executing, type Healing, type HealingInput, lookAgainMs, SETTLE_AGAIN_MS } from './state.ts'

export function react(state: Healing, input: HealingInput, context: ReactContext): readonly Output[] {
  if (state.phase === 'absent') return []
  const { origin } = state
  const { incidentId, targetId, hostId } = origin
  const { now } = context
  const tell = (report: IncidentReport): Output =>
    command({ aggregate: 'incident', id: incidentId, command: { type: 'ReportIncident', data: { report } } })
  const waits = (reason: Extract<IncidentReport, { type: 'IncidentWaits' }>['data']['for'], ms?: number): Output =>
    tell({ type: 'IncidentWaits', data: { incidentId, for: reason, ...(ms === undefined ? {} : { until: later(now, ms) }), at: now } })
  const release = (executionId: string): Output =>
    command({ aggregate: 'lanes', id: hostId, command: { type: 'ReleaseLanes', data: { hostId, incidentId, executionId, now } } })
  const told = [...reportsOfInput(input, incidentId, context), ...reportsOfStep(input, incidentId, context)].map(tell)

  switch (state.phase) {
    case 'investigating': {
      const { faultId, hints } = origin
      return [
        ...told,
        effect(state.effectId, {
          kind: 'investigate',
          params: { incidentId, targetId, faultId: faultId ?? null, hints, chosen: state.chosen },
          timeoutMs: 30_000,
        }),
      ]
    }
    case 'blind':
      return [
        ...told,
        waits('visibility', lookAgainMs(state.attempt)),
        timeout(state.timerId, 'look-again', lookAgainMs(state.attempt), context),
      ]
    case 'analysing': {
      const { service, excerpt } = origin
      const { evidence } = state
      return [
        ...told,
        effect(state.effectId, { kind: 'analyse', params: { incidentId, targetId, service, excerpt, evidence }, timeoutMs: 120_000 }),
      ]
    }
    case 'analyst-busy':
      return [...told, waits('analyst', state.waitMs), timeout(state.timerId, 'ask-again', state.waitMs, context)]
    case 'drafting': {
      const { remedy, leaving } = state
      const { fingerprintId } = origin
      return [
        ...told,
        ...(leaving === null ? [] : [release(leaving)]),
        effect(state.effectId, { kind: 'draft', params: { incidentId, targetId, fingerprintId, remedy }, timeoutMs: 60_000 }),
      ]
    }
    case 'asking': {
      const { approvalId, plan, approversNeeded, authority } = state
      if (state.expiring) return [command({ aggregate: 'approval', id: approvalId, command: { type: 'ExpireApproval', data: { now } } })]
      const expiresAt = later(now, APPROVAL_TTL_MS)
      const request = { approvalId, incidentId, planHash: plan.planHash, requestedBy: 'steward', expiresAt, approversNeeded }
      return [
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
      const data = { hostId, incidentId, executionId, actionId: action.id, resources, limitPerHour: actionsPerHostPerHour, now }
      return [...proposed, command({ aggregate: 'lanes', id: hostId, command: { type: 'AcquireLanes', data } })]
    }
    case 'queued':
      return [waits('lanes')]
    case 'held-back':
      return [
        ...told,
        release(state.executionId),
        waits(state.because === 'cannot-see' ? 'visibility' : state.because, state.waitMs),
        timeout(state.timerId, 'plan-again', state.waitMs, context),
      ]
    case 'redeeming': {
      const { approvalId, executionId, plan } = state
      const data = { planHash: plan.planHash, executionId, now }
      return [command({ aggregate: 'approval', id: approvalId, command: { type: 'UseApproval', data } })]
    }
    case 'preparing': {
      const { executionId, remedy, plan } = state
      return [
        effect(state.effectId, {
          kind: 'prepare',
          params: { incidentId, targetId, executionId, remedy, plan },
          timeoutMs: plan.timeoutMs + 60_000,
        }),
      ]
    }
    case 'running':
      return [...told, ...begun(state, state.index, context).map(tell), ...runStep(state, state.index, 1, 'fix')]
    case 'settling': {
      const { executionId } = state
      const step = stepName(state, state.list, state.index, state.attempt)
      return [...told, effect(state.effectId, { kind: 'settle', params: { targetId, executionId, step }, timeoutMs: 30_000 })]
    }
    case 'still-running':
      return [...told, timeout(state.timerId, 'settle-again', SETTLE_AGAIN_MS, context)]
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
      const { executionId, because, index, attempt } = state
      const first = index === 0 && attempt === 1 && input.type !== 'TimeoutElapsed'
      const started = first ? [tell({ type: 'RollbackStarted', data: { incidentId, executionId, because, at: now } })] : []
      return [...told, ...started, ...runStep(state, index, attempt, 'rollback')]
    }
    case 'rolling-back-later':
      return [...told, timeout(state.timerId, 'restore-again', lookAgainMs(state.attempt), context)]
    case 'proving':
      return [
        ...told,
        effect(state.effectId, { kind: 'prove', params: { targetId, before: state.before, action: state.plan.action }, timeoutMs: 60_000 }),
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
      const { diagnosis, confidence, chosen, model } = result
      const choice = chosen ? { actionId: chosen.actionId } : {}
      return [{ type: 'IncidentDiagnosed', data: { incidentId, by: 'analyst', text: diagnosis, confidence, ...choice, model, at: now } }]
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

function begun(state: Executing, index: number, { now }: ReactContext): IncidentReport[] {
  if (index > 0) return []
  const { executionId, plan, authority, origin } = state
  return [{ type: 'ExecutionStarted', data: { incidentId: origin.incidentId, executionId, planHash: plan.planHash, authority, at: now } }]
}

function runStep(state: Executing & Readonly<{ effectId: string }>, index: number, attempt: number, list: 'fix' | 'rollback'): Output[] {
  const step = (list === 'fix' ? state.steps : state.rollback)[index]
  if (!step) throw new RangeError(`execution ${state.executionId} has no ${list} step ${index}`)
  const { executionId, plan, origin } = state
  const named = { ...step, name: stepName(state, list, index, attempt) }
  const params = {
    targetId: origin.targetId,
    executionId,
    step: named,
    timeoutMs: plan.timeoutMs,
    privileged: list === 'fix' ? 'fix' : 'restore',
  } as const
  return [effect(state.effectId, { kind: 'run-step', params, timeoutMs: plan.timeoutMs + 30_000 })]
}

/** The name of a step's mark on the host. A restore that provably never ran is tried again under a new mark. */
function stepName(state: Executing, list: 'fix' | 'rollback', index: number, attempt: number): string {
  const step = (list === 'fix' ? state.steps : state.rollback)[index]
  if (!step) throw new RangeError(`execution ${state.executionId} has no ${list} step ${index}`)
  return attempt === 1 ? step.name : `${step.name}.${attempt}`
}
