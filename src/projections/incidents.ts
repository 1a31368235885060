/**
 * Incidents as a person sees them: state, evidence, plan, approval, what was done, and how it ended. Folded from the incident's own events,
 * from its approvals, and from what its process asked for, which tells the states that no event of the incident names.
 */
import { unreachable } from '../domain/decider.ts'
import type { EventOf, Recorded } from '../domain/events.ts'
import type { ForeignChange, IncidentEvent } from '../domain/incident/events.ts'
import type { EffectKind, EffectRequest } from '../domain/processes/effects.ts'
import {
  type ForeignChangeView,
  type IncidentRow,
  type IncidentState,
  openedIncident,
  planView,
  type RollbackView,
} from './incident-row.ts'
import { incidentTypes } from './incident-story.ts'
import { defineProjection } from './projection.ts'

export type { IncidentRow, IncidentState, PlanView } from './incident-row.ts'

export const incidents = defineProjection({
  name: 'incidents',
  version: 1,
  table: 'incidents',
  columns: {
    incidentId: 'text',
    targetId: 'text',
    hostId: 'text',
    service: 'text',
    faultId: 'text',
    title: 'text',
    severity: 'text',
    fingerprint: 'text',
    fingerprintId: 'text',
    anomalyIds: 'text[]',
    excerpt: 'text',
    state: 'text',
    waitingFor: 'text',
    waitingUntil: 'timestamptz',
    acknowledgedBy: 'text',
    acknowledgedAt: 'timestamptz',
    finding: 'text',
    evidence: 'json',
    diagnosis: 'json',
    plan: 'json',
    authority: 'json',
    approvalId: 'text',
    executionId: 'text',
    steps: 'json',
    verification: 'json',
    rollback: 'json',
    escalation: 'json',
    undetermined: 'text',
    declared: 'json',
    outcome: 'text',
    outcomeSays: 'text',
    openedAt: 'timestamptz',
    updatedAt: 'timestamptz',
    endedAt: 'timestamptz',
    revision: 'bigint',
  },
  primaryKey: 'incidentId',
  nullable: [
    'faultId',
    'waitingFor',
    'waitingUntil',
    'acknowledgedBy',
    'acknowledgedAt',
    'finding',
    'diagnosis',
    'plan',
    'authority',
    'approvalId',
    'executionId',
    'verification',
    'rollback',
    'escalation',
    'undetermined',
    'declared',
    'outcome',
    'outcomeSays',
    'endedAt',
  ],
  indexes: [{ columns: ['openedAt'] }, { columns: ['targetId', 'openedAt'] }, { columns: ['state', 'openedAt'] }],
  eventTypes: [...incidentTypes, 'ApprovalRequested', 'EffectRequested'],
  keys(event) {
    if (event.type !== 'EffectRequested') return [event.data.incidentId]
    return event.data.process === 'healing' ? [event.data.instance] : []
  },
  fold(row: IncidentRow | undefined, event): IncidentRow | 'none' {
    if (event.type === 'IncidentOpened') return openedIncident(event.data, event.revision)
    if (!row) return 'none'
    if (event.type === 'ApprovalRequested') return { ...row, approvalId: event.data.approvalId }
    if (event.type === 'EffectRequested') return asked(row, event)
    return { ...told(row, event), updatedAt: event.data.at, revision: event.revision }
  },
})

/** The state that an incident is in while its process waits for an effect. */
const stateOf: Readonly<Record<EffectKind, IncidentState | undefined>> = {
  'clean-up': undefined,
  survey: undefined,
  investigate: 'investigating',
  analyse: 'investigating',
  draft: 'investigating',
  prepare: 'executing',
  'run-step': 'executing',
  settle: undefined,
  verify: 'verifying',
  prove: 'rolling-back',
}

function asked(row: IncidentRow, { data }: Recorded<EventOf<'EffectRequested'>>): IncidentRow {
  const state = isRestore(data.request) ? 'rolling-back' : stateOf[data.request.kind]
  return state ? { ...moved(row, state), updatedAt: data.at } : row
}

const isRestore = (request: EffectRequest): boolean => request.kind === 'run-step' && request.params.privileged === 'restore'

function told(row: IncidentRow, event: Exclude<Recorded<IncidentEvent>, { type: 'IncidentOpened' }>): IncidentRow {
  switch (event.type) {
    case 'AttachingStopped':
      return row
    case 'AnomalyAttached': {
      const { anomalyId } = event.data
      return row.anomalyIds.includes(anomalyId) ? row : { ...row, anomalyIds: [...row.anomalyIds, anomalyId] }
    }
    case 'IncidentAcknowledged':
      return { ...row, acknowledgedBy: event.data.by, acknowledgedAt: event.data.at }
    case 'IncidentInvestigated': {
      const { result, evidence } = event.data
      const fresh = new Set(evidence.map(({ evidenceId }) => evidenceId))
      return { ...row, finding: result, evidence: [...row.evidence.filter(({ evidenceId }) => !fresh.has(evidenceId)), ...evidence] }
    }
    case 'IncidentDiagnosed': {
      const { by, text, confidence, actionId = null, why, evidenceIds = [], model = null } = event.data
      return { ...row, diagnosis: { by, text: text.text, confidence, actionId, why: why?.text ?? null, evidenceIds, model } }
    }
    case 'PlanProposed':
      return { ...row, plan: planView(event.data.plan), authority: event.data.authority }
    case 'IncidentWaits': {
      const { for: waitingFor, until = null } = event.data
      return { ...moved(row, waitingFor === 'approval' ? 'awaiting-approval' : 'waiting'), waitingFor, waitingUntil: until }
    }
    case 'ExecutionStarted': {
      const { executionId, authority } = event.data
      return { ...moved(row, 'executing'), executionId, authority, steps: [], verification: null, rollback: null }
    }
    case 'StepRun': {
      const { executionId, step, say, outcome, exitCode = null, says, at } = event.data
      return { ...row, steps: [...row.steps, { executionId, step, say, outcome, exitCode, says: says?.text ?? null, at }] }
    }
    case 'VerificationFinished': {
      const { holds, says, at } = event.data
      return { ...row, verification: { holds, says, at } }
    }
    case 'RollbackStarted':
      return { ...moved(row, 'rolling-back'), rollback: startedRollback(event.data) }
    case 'RollbackRefused':
      return { ...row, rollback: row.rollback && { ...row.rollback, changedByOthers: event.data.changes.map(foreignChangeView) } }
    case 'RollbackProven':
      return { ...row, rollback: row.rollback && { ...row.rollback, provenAt: event.data.at } }
    case 'IncidentEscalated': {
      const { reason, says, at } = event.data
      return { ...moved(row, 'escalated'), escalation: { reason, says, at } }
    }
    case 'OutcomeUndetermined':
      return { ...moved(row, 'undetermined'), undetermined: event.data.says }
    case 'ReanalysisRequested':
      return { ...moved(row, 'investigating'), escalation: null }
    case 'OutcomeDeclared': {
      const { outcome, by, reason, at } = event.data
      return { ...moved(row, 'resolved'), declared: { outcome, by, reason, at }, outcome: 'declared', outcomeSays: reason, endedAt: at }
    }
    case 'IncidentResolved': {
      const { outcome, says, at } = event.data
      return { ...moved(row, 'resolved'), outcome, outcomeSays: says, endedAt: at }
    }
    case 'IncidentClosed': {
      const { outcome, reason, at } = event.data
      return { ...moved(row, 'closed'), outcome, outcomeSays: reason, endedAt: at }
    }
    default:
      return unreachable(event)
  }
}

const startedRollback = ({ because, at }: EventOf<'RollbackStarted'>['data']): RollbackView => ({
  because,
  startedAt: at,
  provenAt: null,
  changedByOthers: [],
})

const foreignChangeView = ({ what, before, left, now, sinceBefore, sinceLeft }: ForeignChange): ForeignChangeView => ({
  ...{ what, before, left, now },
  sinceBefore: sinceBefore?.text ?? null,
  sinceLeft: sinceLeft?.text ?? null,
})

/** What is reported of an incident that has ended is still a fact, but moves it no more. */
const moved = (row: IncidentRow, state: IncidentState): IncidentRow =>
  row.endedAt === null ? { ...row, state, waitingFor: null, waitingUntil: null } : row
