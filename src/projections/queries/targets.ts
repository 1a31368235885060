/** Targets with what incidents know of them, and one word that says how they are. */
import { sql } from 'kysely'
import { severities } from '../../domain/severity.ts'
import { incidents } from '../incidents.ts'
import { type TargetRow, targets } from '../targets.ts'
import { createCollection } from './collection.ts'
import type { QueryContext } from './context.ts'
import type { Collection, TargetFilter, TargetStatus, TargetView } from './index.ts'
import { equal } from './statement.ts'

export const targetQueries = (context: QueryContext): Collection<TargetView, TargetFilter> =>
  createCollection<TargetRow, TargetFilter, TargetView>(context, {
    model: targets,
    others: [incidents],
    extras: {
      columns: { openIncidents: 'integer', worstSeverity: 'integer' },
      select: sql`open.open_incidents, open.worst_severity`,
      join: sql`
        left join lateral (
          select count(*)::integer as open_incidents, max(array_position(${[...severities]}::text[], incidents.severity)) as worst_severity
          from incidents where incidents.target_id = page.target_id and incidents.ended_at is null
        ) open on true`,
    },
    filters: ({ name, hostId, service, mode, frozen, paused, state = 'registered' }) => [
      equal('name', name),
      equal('hostId', hostId),
      equal('service', service),
      equal('mode', mode),
      equal('frozen', frozen),
      equal('paused', paused),
      equal('state', state === 'all' ? undefined : state),
    ],
    orderBy: 'name',
    direction: 'asc',
    item(row, extras) {
      const openIncidents = Number(extras['openIncidents'])
      const worst = extras['worstSeverity']
      const worstSeverity = typeof worst === 'number' ? (severities[worst - 1] ?? null) : null
      return { ...row, openIncidents, worstSeverity, status: targetStatus(row, openIncidents) }
    },
  })

export function targetStatus(target: TargetRow, openIncidents: number): TargetStatus {
  if (target.state === 'retired') return 'retired'
  if (target.frozen) return 'frozen'
  if (target.paused) return 'paused'
  if (target.visibility === 'unseen') return 'unseen'
  if (target.visibility === 'unknown') return 'pending'
  return openIncidents > 0 ? 'troubled' : 'healthy'
}
