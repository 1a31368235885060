/**
 * One page of the log behind a position, bounded in events and in bytes, and the end of the log in the same snapshot: what is at or before it
 * and not in an unbounded page does not match. The first row that crosses the byte limit is still in, so that a page is never empty for size.
 */
import type pg from 'pg'
import type { EventColumns } from './event-columns.ts'

export type LogPageQuery = Readonly<{
  after: bigint
  /** Inclusive. */
  upTo: bigint
  types: readonly string[] | undefined
  limitEvents: number
  limitBytes: number
}>

/** The columns of an event are null in the one row of an empty page. */
export type LogPageRow = { head: string } & (EventColumns | { position: null })

export const readLogPage = ({ after, upTo, types, limitEvents, limitBytes }: LogPageQuery): pg.QueryConfig<unknown[]> => ({
  name: types ? 'read-log-page-of-types' : 'read-log-page',
  text: `
    with candidates as (
      select position, size_bytes from events
      where position > $1 and position <= $2 ${types ? 'and type = any($5::text[])' : ''}
      order by position limit $3
    ), page as (
      select position from (
        select position, sum(size_bytes) over (order by position) - size_bytes as bytes_before from candidates
      ) as measured
      where bytes_before < $4
    )
    select log.head, found.position, stream, revision, type, recorded_at, data, metadata, size_bytes
    from (select coalesce(max(position), 0) as head from events) as log
    left join (page join events using (position)) as found on true
    order by found.position`,
  values: types ? [after, upTo, limitEvents, limitBytes, types] : [after, upTo, limitEvents, limitBytes],
})
