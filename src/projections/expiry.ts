/**
 * Rows that are past their time. A read model that is built anew has them for a moment, until they are dropped again; so whether two tables are
 * the same is asked only of the rows that are to be kept.
 */
import { type RawBuilder, sql } from 'kysely'
import { type Instant, later } from '../domain/instant.ts'
import { snake } from './columns.ts'
import type { Database } from './database.ts'
import type { ReadModel } from './projection.ts'

/** One statement takes no longer than a reader or the next batch can wait. */
const ROWS_AT_ONCE = 5_000

/** The rows that are still asked for at that moment. */
export function keptAt({ expires }: ReadModel, now: Instant): RawBuilder<unknown> {
  if (expires === undefined) return sql`true`
  const column = sql.ref(snake(expires.column))
  return sql`(${column} is null or ${column} >= ${later(now, -expires.afterMs)}::timestamptz)`
}

/** Drops the others. Returns how many there were. */
export async function clearExpired(database: Database, model: ReadModel, now: Instant, signal: AbortSignal): Promise<number> {
  const { expires } = model
  if (expires === undefined) return 0
  const [table, column] = [sql.table(model.table), sql.ref(snake(expires.column))]
  const until = later(now, -expires.afterMs)
  for (let cleared = 0; ; ) {
    if (signal.aborted) return cleared
    const { numAffectedRows = 0n } = await sql`
      delete from ${table}
      where ctid = any(array(select ctid from ${table} where ${column} < ${until}::timestamptz limit ${ROWS_AT_ONCE}))`.execute(database)
    cleared += Number(numAffectedRows)
    if (numAffectedRows < ROWS_AT_ONCE) return cleared
  }
}
