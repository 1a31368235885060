/** Events of approvals, as they are in the log. */
import { z } from 'zod'
import type { ApprovalEvent } from '../../../domain/approval/events.ts'
import { flag, instant, type SchemasOf, text } from './common.ts'

const ref = { approvalId: text, incidentId: text }

export const approvalSchemas = {
  ApprovalRequested: z.strictObject({
    ...ref,
    planHash: text,
    requestedBy: text,
    expiresAt: instant,
    approversNeeded: z.literal([1, 2]),
  }),
  ApprovalGranted: z.strictObject({ ...ref, by: text, owner: text, complete: flag, at: instant }),
  ApprovalRejected: z.strictObject({ ...ref, by: text, at: instant, reason: text }),
  ApprovalRevoked: z.strictObject({ ...ref, by: text, at: instant, reason: text }),
  ApprovalExpired: z.strictObject({ ...ref, at: instant }),
  ApprovalUsed: z.strictObject({ ...ref, executionId: text, at: instant }),
} satisfies SchemasOf<ApprovalEvent>
