/** Incidents; one alone comes with its whole story. */
import { sql } from 'kysely'
import { decodeRow } from '../columns.ts'
import { incidentTimeline, type TimelineRow } from '../incident-timeline.ts'
import { type IncidentRow, incidents } from '../incidents.ts'
import type { Row } from '../projection.ts'
import { createCollection } from './collection.ts'
import type { QueryContext } from './context.ts'
import type { Collection, IncidentDetails, IncidentFilter } from './index.ts'
import { between, equal, oneOf, readOne } from './statement.ts'

export function incidentQueries(context: QueryContext): Collection<IncidentRow, IncidentFilter, IncidentDetails> {
  const { list } = createCollection<IncidentRow, IncidentFilter, IncidentRow>(context, {
    model: incidents,
    filters: ({ targetId, hostId, service, severity, state, open, from, until }) => [
      equal('targetId', targetId),
      equal('hostId', hostId),
      equal('service', service),
      equal('severity', severity),
      typeof state === 'string' ? equal('state', state) : oneOf('state', state),
      open === undefined ? undefined : open ? sql`ended_at is null` : sql`ended_at is not null`,
      ...between('openedAt', from, until),
    ],
    orderBy: 'openedAt',
    direction: 'desc',
    item: (row) => row,
  })
  const models = [incidents, incidentTimeline]
  return {
    list,
    async show(id, options = {}) {
      await context.ready(models, options)
      const { row, position } = await readOne(context.database, { model: incidents, models, extras: story }, sql`incident_id = ${id}`)
      return { value: row && details(row), position }
    },
  }
}

// Positions as text: a JSON number would lose their last digits.
const story = {
  columns: { timeline: 'json' },
  select: sql`story.timeline`,
  join: sql`
    left join lateral (
      select coalesce(jsonb_agg(to_jsonb(line) || jsonb_build_object('position', line.position::text) order by line.position), '[]') as timeline
      from incident_timeline line where line.incident_id = page.incident_id
    ) story on true`,
} as const

function details(row: Row): IncidentDetails {
  const { timeline, ...incident } = row
  const lines = Array.isArray(timeline) ? timeline : []
  // Written from rows of these types, through the same columns.
  return {
    ...(incident as IncidentRow),
    timeline: lines.map((line: Row) => decodeRow(incidentTimeline.columns, line) as TimelineRow),
  }
}
