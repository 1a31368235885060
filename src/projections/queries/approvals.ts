/** Approvals with what they are for, so that a person sees plan, difference, risk and rollback first. */
import { sql } from 'kysely'
import { type ApprovalRow, approvals } from '../approvals.ts'
import { incidents } from '../incidents.ts'
import { createCollection } from './collection.ts'
import type { QueryContext } from './context.ts'
import type { ApprovalFilter, ApprovalView, Collection } from './index.ts'
import { equal } from './statement.ts'

export const approvalQueries = (context: QueryContext): Collection<ApprovalView, ApprovalFilter> =>
  createCollection<ApprovalRow, ApprovalFilter, ApprovalView>(context, {
    model: approvals,
    others: [incidents],
    extras: {
      columns: { incident: 'json', plan: 'json' },
      select: sql`
        case when incidents.incident_id is not null then jsonb_build_object(
          'title', incidents.title, 'severity', incidents.severity, 'targetId', incidents.target_id, 'hostId', incidents.host_id,
          'state', incidents.state
        ) end as incident,
        case when incidents.plan ->> 'planHash' = page.plan_hash then incidents.plan end as plan`,
      join: sql`left join incidents on incidents.incident_id = page.incident_id`,
    },
    filters: ({ pending, state, incidentId }) => [equal('pending', pending), equal('state', state), equal('incidentId', incidentId)],
    orderBy: 'requestedAt',
    direction: 'desc',
    // Built above, in this very shape.
    item: (row, extras) => ({ ...row, ...(extras as Pick<ApprovalView, 'incident' | 'plan'>) }),
  })
