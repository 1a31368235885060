/** What can happen to an incident: the workflow that answers anomalies, told as facts that a person can read. */
import type { Service } from '../catalogue/action.ts'
import type { Hints } from '../catalogue/fault.ts'
import type { Instant } from '../instant.ts'
import type { Plan } from '../plan/plan.ts'
import type { JsonObject } from '../ports/json.ts'
import type { Protected } from '../protected.ts'
import type { Severity } from '../severity.ts'

export type IncidentEvent =
  | Readonly<{ type: 'IncidentOpened'; data: IncidentOrigin & Readonly<{ at: Instant }> }>
  | Readonly<{ type: 'AnomalyAttached'; data: Readonly<{ incidentId: string; anomalyId: string; at: Instant }> }>
  | Readonly<{ type: 'AttachingStopped'; data: Readonly<{ incidentId: string; attached: number; at: Instant }> }>
  | Readonly<{ type: 'IncidentAcknowledged'; data: Readonly<{ incidentId: string; by: string; at: Instant }> }>
  | Readonly<{ type: 'IncidentInvestigated'; data: Investigation }>
  | Readonly<{ type: 'IncidentDiagnosed'; data: Diagnosis }>
  | Readonly<{ type: 'PlanProposed'; data: Readonly<{ incidentId: string; plan: Plan; authority: Authority; at: Instant }> }>
  | Readonly<{ type: 'IncidentWaits'; data: Readonly<{ incidentId: string; for: WaitReason; until?: Instant; at: Instant }> }>
  | Readonly<{
      type: 'ExecutionStarted'
      data: Readonly<{ incidentId: string; executionId: string; planHash: string; authority: Authority; at: Instant }>
    }>
  | Readonly<{ type: 'StepRun'; data: StepReport }>
  | Readonly<{
      type: 'VerificationFinished'
      data: Readonly<{ incidentId: string; executionId: string; holds: boolean; says: string; at: Instant }>
    }>
  | Readonly<{ type: 'RollbackStarted'; data: Readonly<{ incidentId: string; executionId: string; because: string; at: Instant }> }>
  | Readonly<{
      type: 'RollbackRefused'
      data: Readonly<{ incidentId: string; executionId: string; changes: readonly ForeignChange[]; at: Instant }>
    }>
  | Readonly<{ type: 'RollbackProven'; data: Readonly<{ incidentId: string; executionId: string; at: Instant }> }>
  | Readonly<{ type: 'IncidentEscalated'; data: Readonly<{ incidentId: string; reason: EscalationReason; says: string; at: Instant }> }>
  | Readonly<{ type: 'OutcomeUndetermined'; data: Readonly<{ incidentId: string; executionId: string; says: string; at: Instant }> }>
  | Readonly<{
      type: 'OutcomeDeclared'
      data: Readonly<{ incidentId: string; outcome: DeclaredOutcome; by: string; reason: string; at: Instant }>
    }>
  | Readonly<{ type: 'ReanalysisRequested'; data: Readonly<{ incidentId: string; by: string; at: Instant }> }>
  | Readonly<{ type: 'IncidentResolved'; data: Readonly<{ incidentId: string; outcome: IncidentOutcome; says: string; at: Instant }> }>
  | Readonly<{
      type: 'IncidentClosed'
      data: Readonly<{ incidentId: string; outcome: ClosingOutcome; by: string; reason: string; at: Instant }>
    }>

export type IncidentOrigin = Readonly<{
  incidentId: string
  anomalyId: string
  targetId: string
  hostId: string
  service: Service
  faultId?: string
  title: string
  severity: Severity
  fingerprint: string
  fingerprintId: string
  excerpt: Protected
  hints: Hints
}>

/** What the probes on the host said. Only this, never the log line, leads on to an action. */
export type Investigation = Readonly<{
  incidentId: string
  result: 'confirmed' | 'not-confirmed' | 'recovered' | 'held-back' | 'unknown' | 'report-only' | 'unrecognised'
  evidence: readonly Evidence[]
  at: Instant
}>

export type Evidence = Readonly<{
  evidenceId: string
  /** Action id of a precondition, or name of a health probe. */
  probe: string
  verdict: 'holds' | 'does-not-hold' | 'unknown'
  facts: JsonObject
  says?: Protected
}>

export type Diagnosis = Readonly<{
  incidentId: string
  by: 'catalogue' | 'analyst'
  text: Protected
  /** 0-1; 1 for the catalogue. */
  confidence: number
  /** What it proposes; undefined when nothing in the catalogue fits. */
  actionId?: string
  /** Why this action, or why none; of an analyst only. */
  why?: Protected
  /** What an analyst rests it on: `line-1` is the line that opened the incident, the others are evidence of the look before. */
  evidenceIds?: readonly string[]
  model?: string
  at: Instant
}>

/** Who lets a plan run: nobody may (observe), a rule of the policy, or a person. */
export type Authority =
  | Readonly<{ kind: 'policy'; rule: string }>
  | Readonly<{ kind: 'person'; because: readonly string[] }>
  | Readonly<{ kind: 'observe-only' }>

export type StepReport = Readonly<{
  incidentId: string
  executionId: string
  step: string
  say: string
  outcome: 'done' | 'failed' | 'unknown' | 'never-ran'
  exitCode?: number
  says?: Protected
  at: Instant
}>

/** What a rollback would have overwritten: as it was before the action, as the action left it, and as somebody else has made it since. */
export type ForeignChange = Readonly<{
  /** `file <path>` or `setting <name>`. */
  what: string
  before: string
  left: string
  now: string
  /** Unified differences of a text file, secrets masked and cut: from the snapshot to now, and from what the action left to now. */
  sinceBefore?: Protected
  sinceLeft?: Protected
}>

/**
 * `step`: it still runs on the host, and nobody who could tell holds its connection any more. `supervisor`: a managed server is being started again
 * by the one whose business that is.
 */
export type WaitReason =
  | 'approval'
  | 'lanes'
  | 'step'
  | 'supervisor'
  | 'healing-stopped'
  | 'visibility'
  | 'host-budget'
  | 'analyst'
  | 'unfreeze'

export type EscalationReason =
  | 'no-remedy'
  | 'no-analyst'
  | 'analyst-failed'
  | 'report-only'
  | 'observe-mode'
  | 'cannot-see'
  | 'approval-rejected'
  | 'approval-expired'
  | 'approval-revoked'
  | 'plan-drifted'
  | 'fix-failed-rolled-back'
  | 'fix-failed'
  | 'rollback-failed'
  | 'changed-by-others'
  | 'outcome-unknown'
  | 'target-frozen'
  | 'missing-right'
  | 'not-executed'

export type DeclaredOutcome = 'done' | 'not-done'
/** A person closed it, or what it was about is not looked after any more. */
export type ClosingOutcome = 'closed' | 'target-retired'
export type IncidentOutcome = 'fixed' | 'not-confirmed' | 'recovered' | 'declared'
