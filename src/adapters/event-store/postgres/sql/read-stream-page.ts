/** One page of a stream from a revision (inclusive) in either direction, bounded in events and in bytes. */
import type pg from 'pg'

export type StreamPageQuery = Readonly<{
  stream: string
  from: bigint
  direction: 'forwards' | 'backwards'
  limitEvents: number
  limitBytes: number
}>

export function readStreamPage({ stream, from, direction, limitEvents, limitBytes }: StreamPageQuery): pg.QueryConfig<unknown[]> {
  const order = direction === 'forwards' ? 'asc' : 'desc'
  return {
    name: `read-stream-page-${direction}`,
    text: `
      with candidates as (
        select revision, size_bytes from events
        where stream = $1 and revision ${direction === 'forwards' ? '>=' : '<='} $2
        order by revision ${order} limit $3
      ), page as (
        select revision from (
          select revision, sum(size_bytes) over (order by revision ${order}) - size_bytes as bytes_before from candidates
        ) as measured
        where bytes_before < $4
      )
      select position, stream, events.revision, type, recorded_at, data, metadata, size_bytes
      from page join events on events.stream = $1 and events.revision = page.revision
      order by events.revision ${order}`,
    values: [stream, from, limitEvents, limitBytes],
  }
}
