/** An incident as it is shown: in a list without its story, alone with evidence, plan and timeline. */
import { z } from 'zod'
import { services } from '../../domain/catalogue/action.ts'
import { severities } from '../../domain/severity.ts'
import { incidentStates } from '../../projections/incident-row.ts'
import type { IncidentRow } from '../../projections/incidents.ts'
import type { IncidentDetails } from '../../projections/queries/index.ts'
import { exampleId, exampleTime, listOf, positionText, timeText } from './common.ts'

const object = z.record(z.string(), z.unknown())

export const plan = z
  .object({
    planHash: z.string().describe('SHA-256 of the exact plan. An approval names it.'),
    title: z.string(),
    diagnosis: z.string(),
    risk: z.enum(['low', 'medium', 'high']).describe('Computed, never taken from a model.'),
    reversibility: z.enum(['reversible', 'compensable', 'irreversible']),
    action: z.object({ id: z.string(), version: z.int(), params: object }),
    resources: listOf(z.string()),
    steps: listOf(z.string()),
    snapshot: listOf(z.string()),
    files: listOf(z.object({ path: z.string(), sha256Before: z.string(), sha256After: z.string() })),
    diffs: listOf(z.object({ path: z.string(), diff: z.string() })),
    rollback: z.string(),
    windowMs: z.int(),
    timeoutMs: z.int(),
    chosenBy: z.enum(['catalogue', 'analyst']),
    confidence: z.number().describe('0-1.'),
  })
  .meta({ id: 'Plan' })

const summaryFields = {
  id: z.string(),
  state: z.enum(incidentStates),
  title: z.string(),
  severity: z.enum(severities),
  targetId: z.string(),
  hostId: z.string(),
  service: z.enum(services),
  faultId: z.string().nullable(),
  fingerprint: z.string(),
  fingerprintId: z.string(),
  openedAt: timeText,
  updatedAt: timeText,
  endedAt: timeText.nullable(),
  acknowledgedBy: z.string().nullable(),
  waitingFor: z.string().nullable(),
  approvalId: z.string().nullable(),
  outcome: z.enum(['fixed', 'not-confirmed', 'recovered', 'declared', 'closed', 'target-retired']).nullable(),
  revision: positionText,
}

export const incidentSummary = z.object(summaryFields).meta({ id: 'IncidentSummary' })

export const incident = z
  .object({
    ...summaryFields,
    anomalyIds: listOf(z.string()),
    excerpt: z.string().describe('Text from outside. Show it as text only.'),
    finding: z.string().nullable().describe('What the last look at the host said.'),
    evidence: listOf(
      z.object({
        evidenceId: z.string(),
        probe: z.string(),
        verdict: z.enum(['holds', 'does-not-hold', 'unknown']),
        facts: object,
        says: z.string().nullable(),
      }),
    ),
    diagnosis: z
      .object({
        by: z.enum(['catalogue', 'analyst']),
        text: z.string(),
        confidence: z.number(),
        actionId: z.string().nullable().describe('What it proposes, if anything fits.'),
        why: z.string().nullable().describe('Why this action, or why none; of an analyst only. Text from outside.'),
        evidenceIds: listOf(z.string()).describe('What an analyst rests it on: `line-1` is the excerpt, the others are ids of evidence.'),
        model: z.string().nullable(),
      })
      .nullable(),
    plan: plan.nullable(),
    authority: object.nullable().describe('Who lets the plan run.'),
    executionId: z.string().nullable(),
    steps: listOf(
      z.object({
        executionId: z.string(),
        step: z.string(),
        say: z.string(),
        outcome: z.enum(['done', 'failed', 'unknown', 'never-ran']),
        exitCode: z.int().nullable(),
        says: z.string().nullable(),
        at: timeText,
      }),
    ),
    verification: z.object({ holds: z.boolean(), says: z.string(), at: timeText }).nullable(),
    rollback: z
      .object({
        because: z.string(),
        startedAt: timeText,
        provenAt: timeText.nullable(),
        changedByOthers: listOf(
          z.object({
            what: z.string(),
            before: z.string(),
            left: z.string(),
            now: z.string(),
            sinceBefore: z.string().nullable().describe('Unified difference from the snapshot to now. Text from outside.'),
            sinceLeft: z.string().nullable().describe('Unified difference from what the action left to now. Text from outside.'),
          }),
        ).describe('Not empty: the rollback was refused, because it would have overwritten this.'),
      })
      .nullable(),
    escalation: z.object({ reason: z.string(), says: z.string(), at: timeText }).nullable(),
    undetermined: z.string().nullable(),
    declared: z.object({ outcome: z.enum(['done', 'not-done']), by: z.string(), reason: z.string(), at: timeText }).nullable(),
    outcomeSays: z.string().nullable(),
    timeline: listOf(z.object({ position: positionText, at: timeText, type: z.string(), text: z.string(), actor: z.string() })),
  })
  .meta({ id: 'Incident' })

export const exampleIncidentSummary: z.input<typeof incidentSummary> = {
  id: exampleId,
  state: 'awaiting-approval',
  title: 'nginx has run out of file descriptors',
  severity: 'error',
  targetId: '0199f0a0-0000-7000-8000-000000000005',
  hostId: '0199f0a0-0000-7000-8000-000000000003',
  service: 'nginx',
  faultId: 'nginx.too-many-open-files',
  fingerprint: 'nginx.too-many-open-files',
  fingerprintId: '0199f0a0-0000-5000-8000-000000000006',
  openedAt: exampleTime,
  updatedAt: exampleTime,
  endedAt: null,
  acknowledgedBy: null,
  waitingFor: 'approval',
  approvalId: '0199f0a0-0000-7000-8000-000000000007',
  outcome: null,
  revision: '4',
}

export const exampleIncident: z.input<typeof incident> = {
  ...exampleIncidentSummary,
  anomalyIds: ['0199f0a0-0000-7000-8000-000000000008'],
  excerpt: 'accept4() failed (24: Too many open files)',
  finding: 'confirmed',
  evidence: [
    { evidenceId: 'e-1', probe: 'nginx.raise-descriptor-limit', verdict: 'holds', facts: { open: 1022, limit: 1024 }, says: null },
  ],
  diagnosis: {
    by: 'catalogue',
    text: 'The worker holds all descriptors that it may open.',
    confidence: 1,
    actionId: 'nginx.raise-descriptor-limit',
    why: null,
    evidenceIds: [],
    model: null,
  },
  plan: {
    planHash: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
    title: 'Raise the descriptor limit of nginx',
    diagnosis: 'The worker holds all descriptors that it may open.',
    risk: 'medium',
    reversibility: 'reversible',
    action: { id: 'nginx.raise-descriptor-limit', version: 1, params: { limit: 4096 } },
    resources: ['service:nginx', 'file:/etc/nginx/nginx.conf'],
    steps: ['set worker_rlimit_nofile to 4096', 'reload nginx'],
    snapshot: ['/etc/nginx/nginx.conf'],
    files: [],
    diffs: [],
    rollback: 'Restore /etc/nginx/nginx.conf, then reload.',
    windowMs: 10_000,
    timeoutMs: 60_000,
    chosenBy: 'catalogue',
    confidence: 1,
  },
  authority: { kind: 'person', because: ['mode is propose'] },
  executionId: null,
  steps: [],
  verification: null,
  rollback: null,
  escalation: null,
  undetermined: null,
  declared: null,
  outcomeSays: null,
  timeline: [{ position: '4702', at: exampleTime, type: 'IncidentOpened', text: 'Opened by a log line.', actor: 'steward' }],
}

export const incidentSummaryJson = (row: IncidentRow): z.input<typeof incidentSummary> => ({
  id: row.incidentId,
  state: row.state,
  title: row.title,
  severity: row.severity,
  targetId: row.targetId,
  hostId: row.hostId,
  service: row.service,
  faultId: row.faultId,
  fingerprint: row.fingerprint,
  fingerprintId: row.fingerprintId,
  openedAt: row.openedAt,
  updatedAt: row.updatedAt,
  endedAt: row.endedAt,
  acknowledgedBy: row.acknowledgedBy,
  waitingFor: row.waitingFor,
  approvalId: row.approvalId,
  outcome: row.outcome,
  revision: String(row.revision),
})

export const incidentJson = (details: IncidentDetails): z.input<typeof incident> => ({
  ...incidentSummaryJson(details),
  anomalyIds: details.anomalyIds,
  excerpt: details.excerpt,
  finding: details.finding,
  evidence: details.evidence.map(({ evidenceId, probe, verdict, facts, says }) => ({
    evidenceId,
    probe,
    verdict,
    facts,
    says: says?.text ?? null,
  })),
  diagnosis: details.diagnosis,
  plan: details.plan,
  authority: details.authority,
  executionId: details.executionId,
  steps: details.steps,
  verification: details.verification,
  rollback: details.rollback,
  escalation: details.escalation,
  undetermined: details.undetermined,
  declared: details.declared,
  outcomeSays: details.outcomeSays,
  timeline: details.timeline.map(({ position, at, type, text, actor }) => ({ position: String(position), at, type, text, actor })),
})
