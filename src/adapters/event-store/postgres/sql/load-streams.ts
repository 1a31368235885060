/** Where the log and each of the streams end. Run under the head lock, so nobody can move them before the append. */
import type pg from 'pg'

export type StreamEnd = { stream: string; revision: string | null; head: string }

export const loadStreams = (streams: readonly string[]): pg.QueryConfig<unknown[]> => ({
  name: 'load-streams',
  text: `
    select wanted.stream, last.revision, (select coalesce(max(position), 0) from events) as head
    from unnest($1::text[]) as wanted (stream)
    left join lateral (
      select revision from events where events.stream = wanted.stream order by revision desc limit 1
    ) as last on true`,
  values: [streams],
})
