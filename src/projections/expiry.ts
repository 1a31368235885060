/**
 * Rows that are past their time. What a row is, follows from the moment and the retention alone. A read model that is built anew has such rows until its
 * build has ended; so whether two tables are the same is asked only of the rows that are to be kept.
 */
import { type RawBuilder, sql } from 'kysely'
import { type Instant, later } from '../domain/instant.ts'
import type { Retention } from '../domain/usage/retention.ts'
import { snake } from './columns.ts'
import type { Database } from './database.ts'
import type { Expiry, ReadModel, Row } from './projection.ts'

/** One statement takes no longer than a reader or the next batch can wait. */
const ROWS_AT_ONCE = 5_000

export type ExpiryMoment = Readonly<{ now: Instant; retention: Retention }>

/** The rows that are still asked for at that moment. */
export function keptAt({ expires }: ReadModel, moment: ExpiryMoment): RawBuilder<unknown> {
  if (expires.length === 0) return sql`true`
  return sql`(${sql.join(
    expires.map((rule) => sql`(${isPast(rule, moment)}) is not true`),
    sql` and `,
  )})`
}

/** Drops the others. Returns how many there were. @throws the reason of the signal: what was dropped by then stays so. */
export async function clearExpired(database: Database, model: ReadModel, moment: ExpiryMoment, signal: AbortSignal): Promise<number> {
  const table = sql.table(model.table)
  let cleared = 0
  for (const rule of model.expires) {
    for (let rows = ROWS_AT_ONCE; rows === ROWS_AT_ONCE; cleared += rows) {
      signal.throwIfAborted()
      const { numAffectedRows = 0n } = await sql`
        delete from ${table}
        where ctid = any(array(select ctid from ${table} where ${isPast(rule, moment)} limit ${ROWS_AT_ONCE}))`.execute(database)
      rows = Number(numAffectedRows)
    }
  }
  return cleared
}

function isPast({ column, afterMs, only }: Expiry<Row>, { now, retention }: ExpiryMoment): RawBuilder<unknown> {
  const past = sql`${sql.ref(snake(column))} < ${later(now, -afterMs(retention))}::timestamptz`
  return only === undefined ? past : sql`${sql.ref(snake(only.column))} = ${only.is} and ${past}`
}
