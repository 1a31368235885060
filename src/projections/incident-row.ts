/** The row of an incident, and the parts of it that are taken over from events: its origin, and the plan as a person reads it. */
import type { Service } from '../domain/catalogue/action.ts'
import type {
  Authority,
  ClosingOutcome,
  DeclaredOutcome,
  EscalationReason,
  Evidence,
  IncidentOrigin,
  IncidentOutcome,
  Investigation,
  StepReport,
  WaitReason,
} from '../domain/incident/events.ts'
import type { Instant } from '../domain/instant.ts'
import type { Plan } from '../domain/plan/plan.ts'
import type { Severity } from '../domain/severity.ts'

export const incidentStates = [
  'investigating',
  'waiting',
  'awaiting-approval',
  'executing',
  'verifying',
  'rolling-back',
  'escalated',
  'undetermined',
  'resolved',
  'closed',
] as const
export type IncidentState = (typeof incidentStates)[number]

/** The states from which nothing moves it any more. */
export const endStates: readonly IncidentState[] = ['resolved', 'closed']

export type IncidentRow = Readonly<{
  incidentId: string
  targetId: string
  hostId: string
  service: Service
  faultId: string | null
  title: string
  severity: Severity
  fingerprint: string
  fingerprintId: string
  /** The one that opened it, then those that were added. */
  anomalyIds: readonly string[]
  excerpt: string
  state: IncidentState
  waitingFor: WaitReason | null
  waitingUntil: Instant | null
  acknowledgedBy: string | null
  acknowledgedAt: Instant | null
  /** What the last look at the host said. */
  finding: Investigation['result'] | null
  evidence: readonly Evidence[]
  diagnosis: DiagnosisView | null
  plan: PlanView | null
  authority: Authority | null
  approvalId: string | null
  executionId: string | null
  /** Of the last execution, restores included. */
  steps: readonly StepView[]
  verification: Readonly<{ holds: boolean; says: string; at: Instant }> | null
  rollback: RollbackView | null
  escalation: Readonly<{ reason: EscalationReason; says: string; at: Instant }> | null
  /** Why nobody could prove what happened. */
  undetermined: string | null
  declared: Readonly<{ outcome: DeclaredOutcome; by: string; reason: string; at: Instant }> | null
  outcome: IncidentOutcome | ClosingOutcome | null
  outcomeSays: string | null
  openedAt: Instant
  updatedAt: Instant
  endedAt: Instant | null
  revision: bigint
}>

export type RollbackView = Readonly<{
  because: string
  startedAt: Instant
  provenAt: Instant | null
  /** Not empty: it was refused, because it would have overwritten this. */
  changedByOthers: readonly ForeignChangeView[]
}>

export type ForeignChangeView = Readonly<{
  what: string
  before: string
  left: string
  now: string
  sinceBefore: string | null
  sinceLeft: string | null
}>

export type DiagnosisView = Readonly<{
  by: 'catalogue' | 'analyst'
  text: string
  /** 0-1. */
  confidence: number
  actionId: string | null
  why: string | null
  evidenceIds: readonly string[]
  model: string | null
}>

export type StepView = Readonly<{
  executionId: string
  step: string
  say: string
  outcome: StepReport['outcome']
  exitCode: number | null
  says: string | null
  at: Instant
}>

/** What a person reads before approving. The programs themselves stay in the event. */
export type PlanView = Readonly<
  Pick<
    Plan,
    | 'planHash'
    | 'title'
    | 'diagnosis'
    | 'action'
    | 'risk'
    | 'reversibility'
    | 'resources'
    | 'steps'
    | 'snapshot'
    | 'files'
    | 'rollback'
    | 'windowMs'
    | 'timeoutMs'
    | 'chosenBy'
    | 'confidence'
  > & { diffs: readonly Readonly<{ path: string; diff: string }>[] }
>

export function openedIncident(origin: IncidentOrigin & Readonly<{ at: Instant }>, revision: bigint): IncidentRow {
  const { incidentId, targetId, hostId, service, faultId, title, severity, fingerprint, fingerprintId, anomalyId, excerpt, at } = origin
  return {
    incidentId,
    targetId,
    hostId,
    service,
    faultId: faultId ?? null,
    title,
    severity,
    fingerprint,
    fingerprintId,
    anomalyIds: [anomalyId],
    excerpt: excerpt.text,
    state: 'investigating',
    waitingFor: null,
    waitingUntil: null,
    acknowledgedBy: null,
    acknowledgedAt: null,
    finding: null,
    evidence: [],
    diagnosis: null,
    plan: null,
    authority: null,
    approvalId: null,
    executionId: null,
    steps: [],
    verification: null,
    rollback: null,
    escalation: null,
    undetermined: null,
    declared: null,
    outcome: null,
    outcomeSays: null,
    openedAt: at,
    updatedAt: at,
    endedAt: null,
    revision,
  }
}

export function planView(plan: Plan): PlanView {
  const { planHash, title, diagnosis, action, risk, reversibility, resources, steps, snapshot, files, rollback } = plan
  const { windowMs, timeoutMs, chosenBy, confidence } = plan
  return {
    planHash,
    title,
    diagnosis,
    action,
    risk,
    reversibility,
    resources,
    steps,
    snapshot,
    files,
    diffs: plan.diffs.map(({ path, diff }) => ({ path, diff: diff.text })),
    rollback,
    windowMs,
    timeoutMs,
    chosenBy,
    confidence,
  }
}
