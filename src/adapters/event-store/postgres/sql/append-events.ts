/**
 * Writes a batch behind the head and tells all listeners where the head will be. The notice goes out with the commit; it is a hint only, and
 * nothing depends on its arrival.
 */
import type pg from 'pg'
import type { SerialisedEvent } from '../../shared/check-append.ts'

export type NewRow = SerialisedEvent & Readonly<{ stream: string; revision: bigint; position: bigint }>

export const appendEvents = (rows: readonly NewRow[], channel: string): pg.QueryConfig<unknown[]> => ({
  name: 'append-events',
  text: `
    with appended as (
      insert into events (position, stream, revision, type, event_id, size_bytes, recorded_at, data, metadata)
      select position, stream, revision, type, event_id, size_bytes, statement_timestamp(), data, metadata
      from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::uuid[], $6::integer[], $7::json[], $8::json[])
        as batch (position, stream, revision, type, event_id, size_bytes, data, metadata)
      returning position
    )
    select pg_notify($9, max(position)::text) from appended`,
  values: [
    rows.map(({ position }) => position),
    rows.map(({ stream }) => stream),
    rows.map(({ revision }) => revision),
    rows.map(({ type }) => type),
    rows.map(({ eventId }) => eventId),
    rows.map(({ sizeBytes }) => sizeBytes),
    rows.map(({ data }) => data),
    rows.map(({ metadata }) => metadata),
    channel,
  ],
})
