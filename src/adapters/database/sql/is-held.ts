/**
 * Whether any session has an advisory lock, without touching it: to try it instead would, for a moment, keep out the one who wants it. The
 * server shows a 64-bit key as two halves.
 */
import type pg from 'pg'

export const isHeld = (key: string): pg.QueryConfig<unknown[]> => ({
  text: `
    with wanted as (select hashtextextended($1, 0) as key)
    select exists (
      select from pg_locks, wanted
      where locktype = 'advisory' and granted and objsubid = 1
        and database = (select oid from pg_database where datname = current_database())
        and classid::bigint = (key >> 32) & 4294967295
        and objid::bigint = key & 4294967295
    ) as answer`,
  values: [key],
})
