/** The one statement behind every answer about usage: sums per tool, sketches added up bucket by bucket, the calendar, uptime. */
import { type RawBuilder, sql } from 'kysely'
import type { Instant } from '../../domain/instant.ts'
import type { ToolState } from '../../domain/server/tool.ts'
import type { LatencySketch } from '../../domain/usage/latency-sketch.ts'
import type { UsageWindow } from '../../domain/usage/windows.ts'
import type { ServerRow } from '../servers.ts'
import type { Counts } from './usage-answers.ts'

export type RawUsage = Readonly<{
  tools: readonly RawTool[]
  servers: readonly RawServer[]
  daily: readonly (Counts & Readonly<{ day: string }>)[]
  today: Counts
  week: Counts
  month: Counts
  lost: number
}>

export type RawTool = Readonly<{
  serverId: string
  server: string | null
  tool: string
  calls: number
  errors: number
  cancelled: number
  refused: number
  bypassed: number
  durationUs: number
  longestUs: number
  requestBytes: number
  responseBytes: number
  latency: LatencySketch
  callsLast24h: number
  errorsLast24h: number
  lastCallAt: Instant | null
  state: ToolState | null
}>

export type RawServer = Readonly<
  Pick<ServerRow, 'serverId' | 'name' | 'displayName' | 'situation' | 'enabled' | 'state' | 'health' | 'registeredAt' | 'retiredAt'>
> &
  Readonly<{
    tools: number
    enabledTools: number
    lastCallAt: Instant | null
    runs: number
    failures: number
    upMs: number
    dailyUp: readonly Readonly<{ day: string; upMs: number }>[]
  }>

export type UsageAsked = Readonly<{
  now: Instant
  /** Undefined: all. */
  serverId: string | undefined
  window: UsageWindow
  /** The last 24 hours. */
  day: UsageWindow
  calendar: Readonly<{ today: Instant; week: Instant; month: Instant }>
  /** First moments of the days shown, one after the other. */
  days: readonly Instant[]
}>

type Sql = RawBuilder<unknown>

export function rawUsage(position: Sql, { now, serverId, window, day, calendar, days }: UsageAsked): Sql {
  const [firstDay = now] = days
  const oldest = calendar.month < firstDay ? calendar.month : firstDay
  return sql`
    with wanted as (select * from tool_usage where ${ofServer(serverId)} and ${inWindow(window)}),
      sums as (
        select server_id, tool, sum(calls) as calls, sum(errors) as errors, sum(cancelled) as cancelled, sum(refused) as refused,
          sum(bypassed) as bypassed, sum(duration_us) as duration_us, max(longest_us) as longest_us, sum(request_bytes) as request_bytes,
          sum(response_bytes) as response_bytes,
          max(last_call_at) as last_call_at
        from wanted group by server_id, tool
      ),
      sketches as (
        select server_id, tool, jsonb_object_agg(bucket, count) as latency
        from (
          select server_id, tool, counted.key as bucket, sum(counted.value::bigint) as count
          from wanted, jsonb_each_text(latency) counted group by server_id, tool, counted.key
        ) buckets
        group by server_id, tool
      ),
      last_day as (
        select server_id, tool, sum(calls) as calls, sum(errors) as errors
        from tool_usage where ${ofServer(serverId)} and ${inWindow(day)} group by server_id, tool
      ),
      days as (
        select begins_at, sum(calls) as calls, sum(errors) as errors
        from tool_usage where ${ofServer(serverId)} and grain = 'day' and begins_at >= ${oldest} group by begins_at
      ),
      served as (
        select server_id, running_at, least(coalesce(ceased_at, ${now}::timestamptz), ${now}::timestamptz) as ceased_at,
          failure_reason is not null as failed
        from server_runs where ${ofServer(serverId)} and running_at < ${now}
      ),
      named as (select * from servers where ${ofServer(serverId)})
    select (${position}) as answer_position, jsonb_build_object(
      'tools', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'serverId', server_id, 'server', named.name, 'tool', tool, 'calls', sums.calls, 'errors', sums.errors, 'cancelled', sums.cancelled,
          'refused', sums.refused, 'bypassed', sums.bypassed, 'durationUs', sums.duration_us, 'longestUs', sums.longest_us,
          'requestBytes', sums.request_bytes, 'responseBytes', sums.response_bytes, 'latency', coalesce(sketches.latency, '{}'),
          'callsLast24h', coalesce(last_day.calls, 0), 'errorsLast24h', coalesce(last_day.errors, 0),
          'lastCallAt', ${instantText(sql`sums.last_call_at`)}, 'state', server_tools.state
        )), '[]')
        from sums left join sketches using (server_id, tool) left join last_day using (server_id, tool) left join named using (server_id)
          left join server_tools using (server_id, tool)
      ),
      'servers', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'serverId', server_id, 'name', name, 'displayName', display_name, 'situation', situation, 'enabled', enabled, 'state', state,
          'health', health, 'registeredAt', ${instantText(sql`registered_at`)}, 'retiredAt', ${instantText(sql`retired_at`)},
          'tools', (select count(*) from server_tools where server_tools.server_id = named.server_id and offered),
          'enabledTools', (select count(*) from server_tools where server_tools.server_id = named.server_id and server_tools.state = 'enabled'),
          'lastCallAt', (
            select ${instantText(sql`max(last_call_at)`)} from tool_usage where tool_usage.server_id = named.server_id and grain = 'day'
          ),
          'runs', (select count(*) from served where served.server_id = named.server_id and running_at >= ${window.from}),
          'failures', (
            select count(*) from server_runs where server_runs.server_id = named.server_id and failure_reason is not null
              and ended_at >= ${window.from}
          ),
          'upMs', ${upMs(sql`${window.from}::timestamptz`, sql`${now}::timestamptz`)},
          'dailyUp', (
            select jsonb_agg(jsonb_build_object('day', to_char(day at time zone 'UTC', 'YYYY-MM-DD'), 'upMs', ${upMs(sql`day`, sql`day + interval '24 hours'`)}) order by day)
            from unnest(${days}::timestamptz[]) as shown (day)
            where day + interval '24 hours' > registered_at and (retired_at is null or day < retired_at)
          )
        ) order by name), '[]')
        from named where situation = 'registered' or server_id in (select server_id from sums) or ${serverId !== undefined}
      ),
      'daily', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'day', to_char(begins_at at time zone 'UTC', 'YYYY-MM-DD'), 'calls', calls, 'errors', errors
        )), '[]') from days where begins_at >= ${firstDay}
      ),
      'today', ${since(calendar.today)}, 'week', ${since(calendar.week)}, 'month', ${since(calendar.month)},
      'lost', (select coalesce(sum(calls), 0) from usage_losses where ${ofServer(serverId)} and day >= date_trunc('day', ${window.from}::timestamptz, 'UTC'))
    ) as usage`
}

const ofServer = (serverId: string | undefined): Sql => (serverId === undefined ? sql`true` : sql`server_id = ${serverId}`)

/** Each call once: in a minute before the first whole hour, in an hour before the first whole day, in a day from then on. */
const inWindow = ({ from, hoursFrom, daysFrom }: UsageWindow): Sql => sql`(
  (grain = 'minute' and begins_at >= ${from} and begins_at < ${hoursFrom})
  or (grain = 'hour' and begins_at >= ${hoursFrom} and begins_at < ${daysFrom})
  or (grain = 'day' and begins_at >= ${daysFrom})
)`

const since = (moment: Instant): Sql => sql`(
  select jsonb_build_object('calls', coalesce(sum(calls), 0), 'errors', coalesce(sum(errors), 0)) from days where begins_at >= ${moment}
)`

/** How long the server of the row served between two moments. */
const upMs = (from: Sql, until: Sql): Sql => sql`(
  select coalesce(sum(extract(epoch from least(served.ceased_at, ${until}) - greatest(served.running_at, ${from})) * 1000), 0)
  from served
  where served.server_id = named.server_id and served.running_at < ${until} and served.ceased_at > ${from}
)`

/** As `Instant` writes it. */
const instantText = (moment: Sql): Sql => sql`to_char(${moment} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
