/** What the healing of the one incident answers with, each output as short as it can be said. */

import type { Authority, EscalationReason, IncidentOutcome, WaitReason } from '../../../../src/domain/incident/events.ts'
import type { IncidentReport } from '../../../../src/domain/incident/incident.ts'
import type { EffectKind, EffectRequest, NamedStep, Restorable } from '../../../../src/domain/processes/effects.ts'
import { command, effect } from '../../../../src/domain/processes/outputs.ts'
import type { Output } from '../../../../src/domain/processes/process-manager.ts'
import { at, before, evidence, INCIDENT, inMs, meant, now, origin, plan, remedy, seen } from './incident.ts'

const incidentId = INCIDENT

export const tell = (report: IncidentReport): Output =>
  command({ aggregate: 'incident', id: incidentId, command: { type: 'ReportIncident', data: { report } } })

export const timer = (turn: number, name: string, ms: number): Output => ({
  kind: 'timeout',
  timerId: `timer ${turn}`,
  name,
  dueAt: inMs(ms),
})

export const waits = (reason: WaitReason, ms?: number): Output =>
  tell({ type: 'IncidentWaits', data: { incidentId, for: reason, ...(ms === undefined ? {} : { until: inMs(ms) }), at } })

/** Tells what it waits for, and tries again then. */
export const waitsAndTriesAgain = (turn: number, reason: WaitReason, ms: number): readonly Output[] => [
  waits(reason, ms),
  timer(turn, 'try-again', ms),
]

export const awaitsHealing: Output = command({
  aggregate: 'healing-switch',
  id: 'global',
  command: { type: 'AwaitHealing', data: { incidentId, now } },
})

export const investigated = (
  found: 'confirmed' | 'not-confirmed' | 'unknown' | 'report-only' | 'unrecognised',
  seen: typeof evidence = evidence,
): Output => tell({ type: 'IncidentInvestigated', data: { incidentId, result: found, evidence: seen, at } })

export const diagnosedByCatalogue: Output = tell({
  type: 'IncidentDiagnosed',
  data: { incidentId, by: 'catalogue', text: { text: remedy.diagnosis }, confidence: 1, actionId: remedy.action.id, at },
})

const ask = <Kind extends EffectKind>(turn: number, request: Extract<EffectRequest, { kind: Kind }>): Output =>
  effect(`effect ${turn}`, request)

export const investigates = (turn: number, chosen: Extract<EffectRequest, { kind: 'investigate' }>['params']['chosen'] = null): Output => {
  const { targetId, faultId = null, hints } = origin
  return ask<'investigate'>(turn, { kind: 'investigate', params: { incidentId, targetId, faultId, hints, chosen }, timeoutMs: 30_000 })
}
export const analyses = (turn: number): Output => {
  const { targetId, service, excerpt } = origin
  return ask<'analyse'>(turn, { kind: 'analyse', params: { incidentId, targetId, service, excerpt, evidence }, timeoutMs: 120_000 })
}
export const drafts = (turn: number, of = remedy): Output =>
  ask<'draft'>(turn, {
    kind: 'draft',
    params: { incidentId, targetId: 'target', fingerprintId: 'fingerprint', remedy: of },
    timeoutMs: 60_000,
  })
export const prepares = (turn: number, executionId: string, authority: Authority): Output =>
  ask<'prepare'>(turn, {
    kind: 'prepare',
    params: { incidentId, targetId: 'target', fingerprintId: 'fingerprint', executionId, remedy, plan, authority },
    timeoutMs: 80_000,
  })
/** `saw`: what the steps before it were seen to leave; all but the first of a fix have some. */
export const runs = (
  turn: number,
  executionId: string,
  step: NamedStep,
  privileged: 'fix' | 'restore' = 'fix',
  saw: Restorable | null = step.name === 'fix-1' ? null : seen,
): Output =>
  ask<'run-step'>(turn, {
    kind: 'run-step',
    params: {
      ...{ targetId: 'target', executionId, step, timeoutMs: plan.timeoutMs, privileged },
      touched: {
        action: plan.action,
        before: { files: before.files, settings: before.settings },
        meant,
        seen: saw,
        lateAt: inMs(plan.windowMs + 120_000),
      },
    },
    timeoutMs: 50_000,
  })
export const settles = (turn: number, executionId: string, step: NamedStep): Output =>
  ask<'settle'>(turn, {
    kind: 'settle',
    params: { targetId: 'target', ran: { executionId, step: step.name, say: step.say } },
    timeoutMs: 30_000,
  })
export const verifies = (turn: number): Output =>
  ask<'verify'>(turn, { kind: 'verify', params: { targetId: 'target', action: plan.action, windowMs: plan.windowMs }, timeoutMs: 60_000 })
export const proves = (turn: number): Output =>
  ask<'prove'>(turn, { kind: 'prove', params: { targetId: 'target', before, action: plan.action }, timeoutMs: 60_000 })
export const surveys = (turn: number): Output => ask<'survey'>(turn, { kind: 'survey', params: { targetId: 'target' }, timeoutMs: 60_000 })

export const asksForLanes = (executionId: string): Output =>
  command({
    aggregate: 'lanes',
    id: 'host',
    command: {
      type: 'AcquireLanes',
      data: {
        ...{ hostId: 'host', targetId: 'target', incidentId, executionId },
        ...{ actionId: remedy.action.id, resources: plan.resources, limitPerHour: 6, now },
      },
    },
  })
export const releases = (executionId: string): Output =>
  command({ aggregate: 'lanes', id: 'host', command: { type: 'ReleaseLanes', data: { hostId: 'host', incidentId, executionId, now } } })
export const revokes = (approvalId: string): Output =>
  command({
    aggregate: 'approval',
    id: approvalId,
    command: { type: 'RevokeApproval', data: { by: 'steward', reason: 'Its plan was given up.', now } },
  })

const ran = (executionId: string, { name, say }: NamedStep) => ({ incidentId, executionId, step: name, say })
export const stepDone = (executionId: string, step: NamedStep): Output =>
  tell({ type: 'StepRun', data: { ...ran(executionId, step), outcome: 'done', exitCode: 0, says: { text: '' }, at } })
export const stepFailed = (executionId: string, step: NamedStep, exitCode: number): Output =>
  tell({ type: 'StepRun', data: { ...ran(executionId, step), outcome: 'failed', exitCode, says: { text: '' }, at } })
export const stepSkipped = (executionId: string, step: NamedStep): Output =>
  tell({ type: 'StepRun', data: { ...ran(executionId, step), outcome: 'never-ran', says: { text: 'the host is away' }, at } })
export const stepLost = (executionId: string, step: NamedStep): Output =>
  tell({ type: 'StepRun', data: { ...ran(executionId, step), outcome: 'unknown', says: { text: 'the runner is gone' }, at } })

/** What the mark on the host told of a step whose outcome was not known. */
export const stepSettled = (executionId: string, step: NamedStep, exitCode: number): Output =>
  tell({
    type: 'StepRun',
    data: {
      ...ran(executionId, step),
      ...{ outcome: exitCode === 0 ? 'done' : 'failed', exitCode, says: { text: 'so says its mark on the host' }, at },
    },
  })
export const stepVoid = (executionId: string, step: NamedStep): Output =>
  tell({
    type: 'StepRun',
    data: {
      ...ran(executionId, step),
      ...{ outcome: 'never-ran', says: { text: 'the host has no mark of it, and lets it begin no more' }, at },
    },
  })
export const stepUndecided = (executionId: string, step: NamedStep, why: string): Output =>
  tell({
    type: 'StepRun',
    data: {
      ...ran(executionId, step),
      ...{ outcome: 'unknown', says: { text: `${why}; now only the probes can tell what it did` }, at },
    },
  })

export const rollbackStarted = (executionId: string, because: string): Output =>
  tell({ type: 'RollbackStarted', data: { incidentId, executionId, because, at } })
export const verification = (executionId: string, holds: boolean, says: string): Output =>
  tell({ type: 'VerificationFinished', data: { incidentId, executionId, holds, says, at } })

export const recordsFix = (type: 'RecordFixSuccess' | 'RecordFixFailure', executionId: string): Output =>
  command({
    aggregate: 'fingerprint',
    id: 'fingerprint',
    command: { type, data: { fingerprintId: 'fingerprint', incidentId, executionId, now } },
  })
export const recordsRemedyFailure: Output = command({
  aggregate: 'remedy-guard',
  id: remedy.action.id,
  command: { type: 'RecordRemedyFailure', data: { actionId: remedy.action.id, hostId: 'host', incidentId, now } },
})
/** Everything that a failed fix leaves behind. */
export const fixFailed = (executionId: string): readonly Output[] => [recordsFix('RecordFixFailure', executionId), recordsRemedyFailure]

export const freezes = (reason: string): Output =>
  command({ aggregate: 'target', id: 'target', command: { type: 'FreezeTarget', data: { incidentId, reason, now } } })
export const escalates = (reason: EscalationReason, says: string): Output =>
  tell({ type: 'IncidentEscalated', data: { incidentId, reason, says, at } })
export const resolves = (outcome: IncidentOutcome, says: string): Output =>
  tell({ type: 'IncidentResolved', data: { incidentId, outcome, says, at } })
export const closesFingerprint = (found: 'answered' | 'not-confirmed' = 'answered'): Output =>
  command({
    aggregate: 'fingerprint',
    id: 'fingerprint',
    command: { type: 'CloseFingerprint', data: { fingerprintId: 'fingerprint', incidentId, result: found, now } },
  })

export const proposed = (authority: Authority, of = plan): Output =>
  tell({ type: 'PlanProposed', data: { incidentId, plan: of, authority, at } })
export const asksFor = (approvalId: string, of = plan, approversNeeded: 1 | 2 = 1): Output =>
  command({
    aggregate: 'approval',
    id: approvalId,
    command: {
      type: 'RequestApproval',
      data: { approvalId, incidentId, planHash: of.planHash, requestedBy: 'steward', expiresAt: inMs(1_800_000), approversNeeded },
    },
  })
