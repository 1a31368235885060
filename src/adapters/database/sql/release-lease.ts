/** Lets go of an advisory lock of this session. */
import type pg from 'pg'

export const releaseLease = (key: string): pg.QueryConfig<unknown[]> => ({
  text: 'select pg_advisory_unlock(hashtextextended($1, 0)) as answer',
  values: [key],
})
