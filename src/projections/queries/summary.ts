/** How it all stands, in one look. */
import { sql } from 'kysely'
import { later } from '../../domain/instant.ts'
import { anomalies } from '../anomalies.ts'
import { approvals } from '../approvals.ts'
import { healingSwitch } from '../healing-switch.ts'
import { hosts } from '../hosts.ts'
import { incidents } from '../incidents.ts'
import type { Row } from '../projection.ts'
import { targets } from '../targets.ts'
import type { QueryContext } from './context.ts'
import type { Queries, Summary } from './index.ts'
import { answerPosition, positionOf, run } from './statement.ts'

const models = [hosts, targets, incidents, approvals, anomalies, healingSwitch]
const DAY_MS = 86_400_000

export const summaryQuery =
  ({ database, clock, ready }: QueryContext): Queries['summary'] =>
  async (options = {}) => {
    await ready(models, options)
    const yesterday = later(clock.now(), -DAY_MS)
    const { rows } = await run<Row & Readonly<{ summary: Summary }>>(
      database,
      models,
      sql`
        select (${positionOf(models)}) as answer_position, jsonb_build_object(
          'hosts', (
            select jsonb_build_object('registered', count(*), 'lost', count(*) filter (where reachable = 'lost'))
            from hosts where state = 'registered'
          ),
          'targets', (
            select jsonb_build_object(
              'registered', count(*), 'paused', count(*) filter (where paused), 'frozen', count(*) filter (where frozen),
              'unseen', count(*) filter (where visibility = 'unseen')
            )
            from targets where state = 'registered'
          ),
          'incidents', jsonb_build_object(
            'open', (select count(*) from incidents where ended_at is null),
            'byState', (select coalesce(jsonb_object_agg(state, n), '{}') from (select state, count(*) as n from incidents group by state) by_state),
            'bySeverity', (
              select coalesce(jsonb_object_agg(severity, n), '{}')
              from (select severity, count(*) as n from incidents where ended_at is null group by severity) by_severity
            )
          ),
          'approvals', (select jsonb_build_object('pending', count(*)) from approvals where pending),
          'anomalies', (
            select jsonb_build_object('total', count(*), 'last24h', count(*) filter (where detected_at >= ${yesterday})) from anomalies
          ),
          'healing', jsonb_build_object('stopped', coalesce((select bool_or(stopped) from healing_switch), false))
        ) as summary`,
    )
    const [row] = rows
    if (!row) throw new RangeError('a statement without a from clause answers with one row')
    return { value: row.summary, position: answerPosition(row) }
  }
