/** Events of incidents, as they are in the log. */
import { z } from 'zod'
import type { Evidence, ForeignChange, IncidentEvent } from '../../../domain/incident/events.ts'
import { count, flag, instant, jsonObject, protectedText, type SchemasOf, service, severity, text } from './common.ts'
import { authority, plan } from './plan.ts'

export const origin = {
  incidentId: text,
  anomalyId: text,
  targetId: text,
  hostId: text,
  service,
  faultId: text.exactOptional(),
  title: text,
  severity,
  fingerprint: text,
  fingerprintId: text,
  excerpt: protectedText,
  hints: z.record(text, text),
}

export const evidence = z.strictObject({
  evidenceId: text,
  probe: text,
  verdict: z.enum(['holds', 'does-not-hold', 'unknown']),
  facts: jsonObject,
  says: protectedText.exactOptional(),
}) satisfies z.ZodType<Evidence>

export const foreignChange = z.strictObject({
  what: text,
  before: text,
  left: text,
  now: text,
  sinceBefore: protectedText.exactOptional(),
  sinceLeft: protectedText.exactOptional(),
}) satisfies z.ZodType<ForeignChange>

const ref = { incidentId: text, at: instant }
const execution = { ...ref, executionId: text }

const waitReason = z.enum([
  'approval',
  'lanes',
  'step',
  'supervisor',
  'healing-stopped',
  'visibility',
  'host-budget',
  'analyst',
  'unfreeze',
])

const escalationReason = z.enum([
  'no-remedy',
  'no-analyst',
  'analyst-failed',
  'report-only',
  'observe-mode',
  'cannot-see',
  'approval-rejected',
  'approval-expired',
  'approval-revoked',
  'plan-drifted',
  'fix-failed-rolled-back',
  'fix-failed',
  'rollback-failed',
  'changed-by-others',
  'outcome-unknown',
  'target-frozen',
  'missing-right',
  'not-executed',
])

export const incidentSchemas = {
  IncidentOpened: z.strictObject({ ...origin, at: instant }),
  AnomalyAttached: z.strictObject({ ...ref, anomalyId: text }),
  AttachingStopped: z.strictObject({ ...ref, attached: count }),
  IncidentAcknowledged: z.strictObject({ ...ref, by: text }),
  IncidentInvestigated: z.strictObject({
    ...ref,
    result: z.enum(['confirmed', 'not-confirmed', 'recovered', 'held-back', 'unknown', 'report-only', 'unrecognised']),
    evidence: z.array(evidence),
  }),
  IncidentDiagnosed: z.strictObject({
    ...ref,
    by: z.enum(['catalogue', 'analyst']),
    text: protectedText,
    confidence: z.number(),
    actionId: text.exactOptional(),
    why: protectedText.exactOptional(),
    evidenceIds: z.array(text).exactOptional(),
    model: text.exactOptional(),
  }),
  PlanProposed: z.strictObject({ ...ref, plan, authority }),
  IncidentWaits: z.strictObject({ ...ref, for: waitReason, until: instant.exactOptional() }),
  ExecutionStarted: z.strictObject({ ...execution, planHash: text, authority }),
  StepRun: z.strictObject({
    ...execution,
    step: text,
    say: text,
    outcome: z.enum(['done', 'failed', 'unknown', 'never-ran']),
    exitCode: count.exactOptional(),
    says: protectedText.exactOptional(),
  }),
  VerificationFinished: z.strictObject({ ...execution, holds: flag, says: text }),
  RollbackStarted: z.strictObject({ ...execution, because: text }),
  RollbackRefused: z.strictObject({ ...execution, changes: z.array(foreignChange) }),
  RollbackProven: z.strictObject(execution),
  IncidentEscalated: z.strictObject({ ...ref, reason: escalationReason, says: text }),
  OutcomeUndetermined: z.strictObject({ ...execution, says: text }),
  OutcomeDeclared: z.strictObject({ ...ref, outcome: z.enum(['done', 'not-done']), by: text, reason: text }),
  ReanalysisRequested: z.strictObject({ ...ref, by: text }),
  IncidentResolved: z.strictObject({ ...ref, outcome: z.enum(['fixed', 'not-confirmed', 'recovered', 'declared']), says: text }),
  IncidentClosed: z.strictObject({ ...ref, outcome: z.enum(['closed', 'target-retired']), by: text, reason: text }),
} satisfies SchemasOf<IncidentEvent>
