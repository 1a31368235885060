/** The ids at some places of some streams: tells a repeated append from a conflicting one. */
import type pg from 'pg'

export type Places = Readonly<{ stream: string; from: bigint; to: bigint }>
export type StoredIdRow = { stream: string; revision: string; position: string; event_id: string }

export const loadStoredIds = (places: readonly Places[]): pg.QueryConfig<unknown[]> => ({
  name: 'load-stored-ids',
  text: `
    select events.stream, events.revision, events.position, events.event_id
    from unnest($1::text[], $2::bigint[], $3::bigint[]) as wanted (stream, first, last)
    join events on events.stream = wanted.stream and events.revision between wanted.first and wanted.last`,
  values: [places.map(({ stream }) => stream), places.map(({ from }) => from), places.map(({ to }) => to)],
})
