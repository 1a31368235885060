/** What an execution tells the incident step by step, and everything that is tidied up when automation ends. */
import { unreachable } from '../../decider.ts'
import type { StepReport } from '../../incident/events.ts'
import type { IncidentReport } from '../../incident/incident.ts'
import type { Instant } from '../../instant.ts'
import type { Plan } from '../../plan/plan.ts'
import { protect } from '../../protected.ts'
import type { BaselineEntry } from '../../target/events.ts'
import type { EffectResults } from '../effects.ts'
import { command } from '../outputs.ts'
import type { Output, ReactContext } from '../process-manager.ts'
import type { Case, Healing, HealingInput, Leaving } from './state.ts'

/** The outcome of a step, of a verification, as the incident records it. */
export function reportsOfStep(input: HealingInput, incidentId: string, { now }: ReactContext): IncidentReport[] {
  if (input.type !== 'EffectSucceeded') return []
  const { data } = input
  if (data.kind === 'run-step') {
    const { result } = data
    const { executionId, step, say } = result.ran
    const report = (rest: Pick<StepReport, 'outcome' | 'exitCode' | 'says'>): IncidentReport[] => [
      { type: 'StepRun', data: { incidentId, executionId, step, say, ...rest, at: now } },
    ]
    switch (result.kind) {
      case 'ended':
        return report({ outcome: result.exitCode === 0 ? 'done' : 'failed', exitCode: result.exitCode, says: result.says })
      case 'never-ran':
        return report({ outcome: 'never-ran', says: protect(result.reason) })
      case 'changed-by-others':
        return [
          ...report({ outcome: 'never-ran', says: protect('it would have overwritten what somebody else has changed') }),
          { type: 'RollbackRefused', data: { incidentId, executionId, changes: result.changes, at: now } },
        ]
      default:
        return unreachable(result)
    }
  }
  return data.kind === 'settle' ? settledReports(data.result, incidentId, now) : []
}

/** What the mark on the host told of a step whose outcome was not known. One that still runs has no outcome yet. */
function settledReports(result: EffectResults['settle'], incidentId: string, at: Instant): IncidentReport[] {
  const report = (rest: Pick<StepReport, 'outcome' | 'exitCode' | 'says'>): IncidentReport[] => [
    { type: 'StepRun', data: { incidentId, ...result.ran, ...rest, at } },
  ]
  switch (result.kind) {
    case 'void':
      return report({ outcome: 'never-ran', says: protect('the host has no mark of it, and lets it begin no more') })
    case 'ended':
      return report({
        outcome: result.exitCode === 0 ? 'done' : 'failed',
        exitCode: result.exitCode,
        says: protect('so says its mark on the host'),
      })
    case 'running':
      return []
    case 'unknown': {
      const cut = result.rebooted ? 'the host went down while it ran' : 'it was ended before it could say how'
      return report({ outcome: 'unknown', says: protect(`${cut}; now only the probes can tell what it did`) })
    }
    default:
      return unreachable(result)
  }
}

/** What came of looking for the cure: told at once, whatever follows from it. */
export function reportsOfVerification(state: Healing, input: HealingInput, { now }: ReactContext): IncidentReport[] {
  if (input.type !== 'EffectSucceeded' || input.data.kind !== 'verify' || input.data.result.kind === 'unknown') return []
  const executionId = executionOf(state)
  if (state.phase === 'absent' || executionId === undefined) return []
  const { incidentId } = state.origin
  const { result } = input.data
  const finished = { incidentId, executionId, at: now }
  return result.kind === 'holds'
    ? [{ type: 'VerificationFinished', data: { ...finished, holds: true, says: `The cure held in ${result.probes} probes.` } }]
    : [{ type: 'VerificationFinished', data: { ...finished, holds: false, says: result.says } }]
}

function executionOf(state: Healing): string | undefined {
  if ('executionId' in state) return state.executionId
  return 'after' in state ? state.after.executionId : undefined
}

/** Lanes that are held or waited for, and an approval that is not used. */
export function giveBack({ executionId, approvalId }: Leaving, { origin }: Case, { now }: ReactContext): Output[] {
  const { hostId, incidentId } = origin
  const outputs: Output[] = []
  if (approvalId !== undefined) {
    const data = { by: 'steward', reason: 'Its plan was given up.', now }
    outputs.push(command({ aggregate: 'approval', id: approvalId, command: { type: 'RevokeApproval', data } }))
  }
  if (executionId !== undefined) {
    const data = { hostId, incidentId, executionId, now }
    outputs.push(command({ aggregate: 'lanes', id: hostId, command: { type: 'ReleaseLanes', data } }))
  }
  return outputs
}

export function tidyUp(
  state: Extract<Healing, { phase: 'escalated' | 'ended' }>,
  input: HealingInput,
  context: ReactContext,
): readonly Output[] {
  const { now } = context
  const { origin, after, says } = state
  const { incidentId, targetId, hostId, fingerprintId } = origin
  const { executionId, plan } = after
  const tell = (report: IncidentReport): Output =>
    command({ aggregate: 'incident', id: incidentId, command: { type: 'ReportIncident', data: { report } } })
  const outputs: Output[] = []

  if (executionId !== undefined && after.fix !== undefined) {
    const worked = after.fix === 'worked'
    const type = worked ? 'RecordFixSuccess' : 'RecordFixFailure'
    outputs.push(
      command({ aggregate: 'fingerprint', id: fingerprintId, command: { type, data: { fingerprintId, incidentId, executionId, now } } }),
    )
    if (plan && !worked) {
      const data = { actionId: plan.action.id, hostId, incidentId, now }
      outputs.push(command({ aggregate: 'remedy-guard', id: plan.action.id, command: { type: 'RecordRemedyFailure', data } }))
    }
  }
  if (input.type === 'EffectSucceeded' && input.data.kind === 'survey' && input.data.result.kind === 'seen') {
    const { baseline, limits } = input.data.result
    const data = { ...changedBy(plan, baseline, limits), reason: 'verified-change', at: now } as const
    outputs.push(command({ aggregate: 'target', id: targetId, command: { type: 'RecordBaseline', data } }))
  }
  if (after.rolledBack && executionId !== undefined) {
    outputs.push(tell({ type: 'RollbackProven', data: { incidentId, executionId, at: now } }))
  }
  if (after.freeze) {
    outputs.push(command({ aggregate: 'target', id: targetId, command: { type: 'FreezeTarget', data: { incidentId, reason: says, now } } }))
  }
  outputs.push(...giveBack(after, state, context))
  switch (state.phase) {
    case 'escalated': {
      if (state.reason === 'observe-mode' && plan) {
        outputs.push(tell({ type: 'PlanProposed', data: { incidentId, plan, authority: { kind: 'observe-only' }, at: now } }))
      }
      outputs.push(tell({ type: 'IncidentEscalated', data: { incidentId, reason: state.reason, says, at: now } }))
      return outputs
    }
    case 'ended': {
      const result = state.outcome === 'not-confirmed' ? 'not-confirmed' : 'answered'
      // A person's closing and a declared outcome are events already.
      if (state.outcome !== 'closed' && state.outcome !== 'declared') {
        outputs.push(tell({ type: 'IncidentResolved', data: { incidentId, outcome: state.outcome, says, at: now } }))
      }
      const data = { fingerprintId, incidentId, result, now } as const
      outputs.push(command({ aggregate: 'fingerprint', id: fingerprintId, command: { type: 'CloseFingerprint', data } }))
      return outputs
    }
    default:
      return unreachable(state)
  }
}

/**
 * Of all that was seen after a cure, what the plan was meant to change. Anything else that differs is a drift, which only a person may accept:
 * or else every cure would take along whatever somebody changed meanwhile.
 */
function changedBy(plan: Plan | undefined, baseline: readonly BaselineEntry[], limits: Readonly<Record<string, number>>) {
  const kept = new Set(plan?.snapshot)
  return {
    entries: baseline.filter(({ path }) => kept.has(`file ${path}`)),
    limits: Object.fromEntries(Object.entries(limits).filter(([name]) => kept.has(`setting ${name.slice(name.indexOf('.') + 1)}`))),
  }
}
