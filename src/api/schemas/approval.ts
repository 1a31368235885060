/** An approval as it is shown: which plan waits, for whom, until when. */
import { z } from 'zod'
import { severities } from '../../domain/severity.ts'
import type { ApprovalView } from '../../projections/queries/index.ts'
import { exampleId, exampleTime, listOf, positionText, timeText } from './common.ts'
import { exampleIncident, plan } from './incident.ts'

export const approvalStates = ['pending', 'granted', 'rejected', 'revoked', 'expired', 'used'] as const

export const approval = z
  .object({
    id: z.string(),
    incidentId: z.string(),
    planHash: z.string(),
    state: z.enum(approvalStates),
    requestedBy: z.string(),
    requestedAt: timeText,
    expiresAt: timeText,
    approversNeeded: z.int(),
    grantedBy: listOf(z.string()).describe('Owners who agreed.'),
    decidedBy: z.string().nullable(),
    decidedAt: timeText.nullable(),
    reason: z.string().nullable(),
    executionId: z.string().nullable(),
    incident: z
      .object({ title: z.string(), severity: z.enum(severities), targetId: z.string(), hostId: z.string(), state: z.string() })
      .nullable(),
    plan: plan.nullable().describe('Null when another plan has taken its place.'),
    revision: positionText,
  })
  .meta({ id: 'Approval' })

export const exampleApproval: z.input<typeof approval> = {
  id: exampleId,
  incidentId: exampleIncident.id,
  planHash: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
  state: 'pending',
  requestedBy: 'steward',
  requestedAt: exampleTime,
  expiresAt: '2026-11-21T11:00:00.000Z',
  approversNeeded: 1,
  grantedBy: [],
  decidedBy: null,
  decidedAt: null,
  reason: null,
  executionId: null,
  incident: {
    title: exampleIncident.title,
    severity: 'error',
    targetId: exampleIncident.targetId,
    hostId: exampleIncident.hostId,
    state: 'awaiting-approval',
  },
  plan: exampleIncident.plan,
  revision: '0',
}

export const approvalJson = (view: ApprovalView): z.input<typeof approval> => ({
  id: view.approvalId,
  incidentId: view.incidentId,
  planHash: view.planHash,
  state: view.state,
  requestedBy: view.requestedBy,
  requestedAt: view.requestedAt,
  expiresAt: view.expiresAt,
  approversNeeded: view.approversNeeded,
  grantedBy: view.grants.map(({ owner }) => owner),
  decidedBy: view.decidedBy,
  decidedAt: view.decidedAt,
  reason: view.reason,
  executionId: view.executionId,
  incident: view.incident,
  plan: view.plan,
  revision: String(view.revision),
})
