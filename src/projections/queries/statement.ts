/**
 * The two shapes that every query has: a page, and one row. Each is one statement, so that rows and position come from one snapshot, and so
 * that a swap of tables in between cannot show half of each.
 */
import { type RawBuilder, sql } from 'kysely'
import { instant } from '../../domain/instant.ts'
import type { Position } from '../../domain/ports/event-store.ts'
import { decode, decodeRow, snake } from '../columns.ts'
import type { Database } from '../database.ts'
import type { ColumnType, ReadModel, Row } from '../projection.ts'
import { InvalidCursor, ProjectionLagging } from '../projection-errors.ts'
import { columnList } from '../tables.ts'
import type { ListOptions } from './index.ts'

type Sql = RawBuilder<unknown>

/** Columns that come from elsewhere: joined to each row of the model's own table, decoded by their types. */
export type Extras = Readonly<{ columns: Readonly<Record<string, ColumnType>>; select: Sql; join: Sql }>

export type Source = Readonly<{
  model: ReadModel
  /** All read models that the statement looks at: the answer is as old as the oldest of them. */
  models: readonly ReadModel[]
  extras?: Extras | undefined
}>

export type PageSource = Source &
  Readonly<{
    /** Undefined filters filter nothing. */
    filters: readonly (Sql | undefined)[]
    /** The primary key follows it, in the same direction. Never null. */
    orderBy: string
    direction: 'asc' | 'desc'
  }>

const DEFAULT_LIMIT = 20
const MAX_LIMIT = 500

export async function readPage(
  database: Database,
  { model, models, extras, filters, orderBy, direction }: PageSource,
  { limit = DEFAULT_LIMIT, cursor, offset, withTotal = false }: ListOptions,
): Promise<{ rows: readonly Row[]; nextCursor: string | undefined; total: number | undefined; position: Position }> {
  const size = Math.max(1, Math.min(limit, MAX_LIMIT))
  const key = model.primaryKey
  const place = [orderBy, ...(orderBy === key ? [] : [key])]
  const columns = sql.join(place.map((name) => sql.ref(`page.${snake(name)}`)))
  const order = sql.join(place.map((name) => sql`${sql.ref(`page.${snake(name)}`)} ${sql.raw(direction)}`))
  const wanted = filters.filter((filter) => filter !== undefined)
  const where = wanted.length === 0 ? sql`` : sql`where ${sql.join(wanted, sql` and `)}`
  const after =
    cursor === undefined
      ? sql``
      : sql`where (${columns}) ${sql.raw(direction === 'asc' ? '>' : '<')} (${sql.join(readCursor(model, place, cursor))})`
  const skip = offset === undefined ? sql`` : sql`offset ${Math.max(0, offset)}`
  const table = sql.table(model.table)
  const { rows } = await run<Row>(
    database,
    models,
    sql`
      with checkpoint as (${positionOf(models)}),
        page as (
          select * from (select ${columnList(model)} from ${table} ${where}) page ${after} order by ${order} limit ${size + 1} ${skip}
        )
      select checkpoint.answer_position,
        ${withTotal ? sql`(select count(*) from ${table} ${where})` : sql`null`} as answer_total,
        page.*${extras ? sql`, ${extras.select}` : sql``}
      from checkpoint left join page on true ${extras ? extras.join : sql``}
      order by ${order}`,
  )
  const [first] = rows
  const found = rows.filter((row) => row[snake(key)] !== null).map((row) => decodeAll(model, extras, row))
  const shown = found.slice(0, size)
  const last = found.length > size ? shown.at(-1) : undefined
  const total = first?.['answer_total']
  return {
    rows: shown,
    nextCursor: last && writeCursor(model, place, last),
    total: total === null || total === undefined ? undefined : Number(total),
    position: answerPosition(first),
  }
}

/** The first row that the condition fits, if any. */
export async function readOne(
  database: Database,
  { model, models, extras }: Source,
  condition: Sql,
): Promise<{ row: Row | undefined; position: Position }> {
  const { rows } = await run<Row>(
    database,
    models,
    sql`
      with checkpoint as (${positionOf(models)}),
        page as (select ${columnList(model)} from ${sql.table(model.table)} where ${condition} limit 1)
      select checkpoint.answer_position, page.*${extras ? sql`, ${extras.select}` : sql``}
      from checkpoint left join page on true ${extras ? extras.join : sql``}`,
  )
  const [raw] = rows
  const row = raw && raw[snake(model.primaryKey)] !== null ? decodeAll(model, extras, raw) : undefined
  return { row, position: answerPosition(raw) }
}

/** Any statement that selects `answer_position` from `positionOf`. */
export async function run<Result>(database: Database, models: readonly ReadModel[], statement: Sql): Promise<{ rows: Result[] }> {
  try {
    return await statement.$castTo<Result>().execute(database)
  } catch (error) {
    // The live table is still, or already, of another version: its columns are not those of this program.
    const projection = models.map(({ name }) => name).join(', ')
    if (isUndefined(error)) throw new ProjectionLagging({ projection, position: 0n, cause: error })
    throw error
  }
}

export const positionOf = (models: readonly ReadModel[]): Sql => sql`
  select coalesce(min(position), 0) as answer_position from projection_checkpoints
  where stage = 'live' and name = any(${models.map(({ name }) => name)}::text[])`

export const answerPosition = (row: Row | undefined): Position => BigInt(String(row?.['answer_position'] ?? 0))

/** `column = value`, or no condition at all. */
export const equal = (column: string, value: string | boolean | undefined): Sql | undefined =>
  value === undefined ? undefined : sql`${sql.ref(snake(column))} = ${value}`

export const oneOf = (column: string, values: readonly string[] | undefined): Sql | undefined =>
  values === undefined ? undefined : sql`${sql.ref(snake(column))} = any(${values}::text[])`

/** From inclusive, until exclusive. */
export const between = (column: string, from: string | undefined, until: string | undefined): (Sql | undefined)[] => [
  from === undefined ? undefined : sql`${sql.ref(snake(column))} >= ${from}`,
  until === undefined ? undefined : sql`${sql.ref(snake(column))} < ${until}`,
]

function decodeAll(model: ReadModel, extras: Extras | undefined, raw: Row): Row {
  const row = decodeRow(model.columns, raw)
  if (!extras) return row
  const others = Object.entries(extras.columns).map(([name, type]) => [name, decode(type, raw[snake(name)])])
  return { ...row, ...Object.fromEntries(others) }
}

const writeCursor = (model: ReadModel, place: readonly string[], row: Row): string =>
  Buffer.from(JSON.stringify([model.name, ...place, ...place.map((name) => String(row[name]))])).toString('base64url')

/** Holds no right to anything: it only names a place, and every value of it is checked against its column. */
function readCursor(model: ReadModel, place: readonly string[], cursor: string): Sql[] {
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    throw new InvalidCursor()
  }
  const names = [model.name, ...place]
  if (!Array.isArray(parts) || parts.length !== names.length + place.length) throw new InvalidCursor()
  if (!names.every((name, index) => parts[index] === name)) throw new InvalidCursor()
  return place.map((name, index) => placeValue(model.columns[name], parts[names.length + index]))
}

function placeValue(type: ColumnType | undefined, value: unknown): Sql {
  if (typeof value !== 'string') throw new InvalidCursor()
  switch (type) {
    case 'text':
      if (value.includes('\0')) throw new InvalidCursor()
      return sql`${value}::text`
    case 'bigint':
      if (!/^\d{1,18}$/.test(value)) throw new InvalidCursor()
      return sql`${value}::bigint`
    case 'timestamptz':
      try {
        return sql`${instant(value)}::timestamptz`
      } catch {
        throw new InvalidCursor()
      }
    default:
      throw new InvalidCursor()
  }
}

/** SQLSTATE undefined_column, undefined_table. */
const isUndefined = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === '42703' || error.code === '42P01')
