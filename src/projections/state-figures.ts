/**
 * How things stand, as figures: one statement over the read models, asked when somebody wants to know. What exists in few kinds is told for each of
 * them, also when there is none: a figure of 0 is known, one that is absent is not.
 */
import { sql } from 'kysely'
import { services } from '../domain/catalogue/action.ts'
import type { Clock } from '../domain/ports/clock.ts'
import type { Figure, FigureSource, Labels } from '../domain/ports/metrics.ts'
import { processNames } from '../domain/processes/process-name.ts'
import { serverStates } from '../domain/server/lifecycle.ts'
import type { Database } from './database.ts'
import { endStates, incidentStates } from './incident-row.ts'

const gauges = [
  'steward_incidents_open',
  'steward_approvals_pending',
  'steward_healing_stopped',
  'steward_breakers_open',
  'steward_hosts',
  'steward_hosts_lost',
  'steward_targets',
  'steward_targets_paused',
  'steward_targets_unseen',
  'steward_targets_frozen',
  'steward_servers',
  'steward_server_up',
  'steward_server_healthy',
  'steward_tools_quarantined',
  'steward_process_parked_instances',
  'steward_effects_open',
  'steward_effects_oldest_seconds',
  'steward_timers_pending',
  'steward_timers_overdue_seconds',
] as const
export type StateGauge = (typeof gauges)[number]

export const createStateFigures = ({ database, clock }: { database: Database; clock: Clock }): FigureSource<StateGauge> => ({
  name: 'state',
  gauges,
  async read() {
    const now = sql`${clock.now()}::timestamptz`
    const { rows } = await sql<Required<Figure<StateGauge>>>`
      select 'steward_incidents_open' as gauge, jsonb_build_object('service', service, 'state', state) as labels, count(*)::float8 as value
        from incidents where ended_at is null group by service, state
      union all select 'steward_approvals_pending', '{}', count(*) from approvals where pending
      union all select 'steward_healing_stopped', '{"by":"switch"}', count(*) from healing_switch where stopped
      union all select 'steward_breakers_open', '{"of":"fingerprints"}', count(*) from fingerprints where breaker = 'open'
      union all select 'steward_breakers_open', '{"of":"actions"}', count(*) from remedy_guards where cardinality(failed_on) > 0
      union all select figure.gauge, '{}', figure.value
        from (select count(*) as all_of_them, count(*) filter (where reachable = 'lost') as lost from hosts where state = 'registered') as hosts
        cross join lateral (values ('steward_hosts', all_of_them), ('steward_hosts_lost', lost)) as figure (gauge, value)
      union all select figure.gauge, jsonb_build_object('service', service), figure.value
        from (
          select service, count(*) as all_of_them, count(*) filter (where paused) as paused, count(*) filter (where frozen) as frozen,
            count(*) filter (where visibility <> 'visible' and not paused) as unseen
          from targets where state = 'registered' group by service
        ) as targets
        cross join lateral (values
          ('steward_targets', all_of_them), ('steward_targets_paused', paused), ('steward_targets_unseen', unseen),
          ('steward_targets_frozen', frozen)
        ) as figure (gauge, value)
      union all select 'steward_servers', jsonb_build_object('state', state), count(*) from servers where situation = 'registered' group by state
      union all select figure.gauge, figure.labels, figure.value
        from (
          select jsonb_build_object('server', name) as own, transport, (state = 'running')::integer as up,
            (state = 'running' and health = 'healthy')::integer as healthy
          from servers where situation = 'registered'
        ) as servers
        cross join lateral (values
          ('steward_server_up', own, up), ('steward_server_healthy', own || jsonb_build_object('transport', transport), healthy)
        ) as figure (gauge, labels, value)
      union all select 'steward_tools_quarantined', '{}', count(*)
        from server_tools join servers using (server_id) where server_tools.state = 'quarantined' and situation = 'registered'
      union all select 'steward_process_parked_instances', jsonb_build_object('process', process), count(*) from parked_instances group by process
      union all select 'steward_effects_open', '{}', count(*) from open_effects
      union all select 'steward_effects_oldest_seconds', '{}', greatest(0, coalesce(extract(epoch from ${now} - min(requested_at)), 0)) from open_effects
      union all select 'steward_timers_pending', '{}', count(*) from due_timers
      union all select 'steward_timers_overdue_seconds', '{}', greatest(0, coalesce(extract(epoch from ${now} - min(due_at)), 0)) from due_timers
    `.execute(database)
    // PostgreSQL has an order of its own for the fields of an object; a page of metrics should not.
    const told = rows.map(({ gauge, labels, value }) => ({ gauge, labels: Object.fromEntries(Object.entries(labels).sort()), value }))
    const found = new Set(told.map(keyOf))
    return [...told, ...none.filter((figure) => !found.has(keyOf(figure)))]
  },
})

const each = (gauge: StateGauge, label: string, values: readonly string[]): Required<Figure<StateGauge>>[] =>
  values.map((value) => ({ gauge, labels: { [label]: value }, value: 0 }))

/** What is 0 when the statement does not speak of it. */
const none: readonly Required<Figure<StateGauge>>[] = [
  ...services.flatMap((service) =>
    incidentStates
      .filter((state) => !endStates.includes(state))
      .map((state) => ({ gauge: 'steward_incidents_open' as const, labels: { service, state }, value: 0 })),
  ),
  ...each('steward_targets', 'service', services),
  ...each('steward_targets_paused', 'service', services),
  ...each('steward_targets_unseen', 'service', services),
  ...each('steward_targets_frozen', 'service', services),
  ...each('steward_servers', 'state', serverStates),
  ...each('steward_process_parked_instances', 'process', processNames),
]

const keyOf = ({ gauge, labels }: { gauge: string; labels: Labels }): string => [gauge, ...Object.values(labels)].join(' ')
