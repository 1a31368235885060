/** Takes an advisory lock for this session, if nobody else has it. */
import type pg from 'pg'

export const tryHold = (key: string): pg.QueryConfig<unknown[]> => ({
  text: 'select pg_try_advisory_lock(hashtextextended($1, 0)) as answer',
  values: [key],
})
