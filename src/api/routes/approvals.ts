/** Approvals: a person agrees to one exact plan, named by its hash. */
import { z } from 'zod'
import { defineRoute } from '../define-route.ts'
import { aCommandOnOne, aList, aPageOf, aThing } from '../route-shapes.ts'
import { approval, approvalJson, approvalStates, exampleApproval } from '../schemas/approval.ts'
import {
  accepted,
  exampleOutcome,
  found,
  id,
  listOptions,
  listQuery,
  outcome,
  pageJson,
  readOptions,
  withReason,
} from '../schemas/common.ts'

const example = { ...exampleOutcome, id: exampleApproval.id }

export const listApprovals = defineRoute({
  ...aList,
  path: '/api/v1/approvals',
  operation: 'approvals.list',
  tag: 'approvals',
  summary: 'List approvals',
  permission: 'incidents:view',
  query: listQuery.extend({ state: z.enum(approvalStates).optional(), incident_id: id.optional() }),
  answer: aPageOf(approval, exampleApproval),
  async handle({ query }, { queries }) {
    const page = await queries.approvals.list({ ...listOptions(query), state: query.state, incidentId: query.incident_id })
    return { json: pageJson(page, approvalJson) }
  },
})

export const showApproval = defineRoute({
  ...aThing,
  path: '/api/v1/approvals/{id}',
  operation: 'approvals.show',
  tag: 'approvals',
  summary: 'Show an approval with its plan',
  permission: 'incidents:view',
  answer: { status: 200, schema: approval, example: exampleApproval },
  handle: async ({ params, query }, { queries }) => found(await queries.approvals.show(params.id, readOptions(query)), approvalJson),
})

export const grantApproval = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/approvals/{id}/approve',
  operation: 'approvals.approve',
  tag: 'approvals',
  summary: 'Approve a plan',
  permission: 'remediation:approve',
  body: z.strictObject({ planHash: z.string().regex(/^[0-9a-f]{64}$/, 'must be the planHash that you were shown') }),
  answer: { status: 200, schema: outcome, example },
  refusals: [
    'approval-not-pending',
    'approval-expired',
    'approval-is-for-another-plan',
    'approval-needs-another-owner',
    'approval-needs-somebody-else',
    'not-found',
  ],
  handle: async ({ params: { id }, body: { planHash }, meta }, { commands }) => accepted(await commands.approve({ id, planHash, meta })),
})

export const rejectApproval = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/approvals/{id}/reject',
  operation: 'approvals.reject',
  tag: 'approvals',
  summary: 'Reject a plan',
  permission: 'remediation:approve',
  body: withReason,
  answer: { status: 200, schema: outcome, example },
  refusals: ['approval-not-pending', 'not-found'],
  handle: async ({ params: { id }, body: { reason }, meta }, { commands }) => accepted(await commands.reject({ id, reason, meta })),
})

export const revokeApproval = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/approvals/{id}/revoke',
  operation: 'approvals.revoke',
  tag: 'approvals',
  summary: 'Take an approval back before it is used',
  permission: 'remediation:approve',
  body: withReason.partial(),
  answer: { status: 200, schema: outcome, example },
  refusals: ['approval-not-open', 'not-found'],
  handle: async ({ params: { id }, body: { reason = 'revoked' }, meta }, { commands }) =>
    accepted(await commands.revoke({ id, reason, meta })),
})

export const approvalRoutes = [listApprovals, showApproval, grantApproval, rejectApproval, revokeApproval]
