/**
 * The table of a read model, made from its columns. The live one bears the plain name; one that is built beside it bears its build, and so do
 * all names of constraints and indexes, so that nothing collides when it takes the other's place.
 */
import { type RawBuilder, sql } from 'kysely'
import { carrier, encode, snake, sqlType, unpacked } from './columns.ts'
import type { ColumnType, ReadModel, Row } from './projection.ts'

/** The name of a table that is built beside the live one. */
export const asideName = (model: ReadModel, build: number): string => `${model.table}__v${build}`

export function createTable(model: ReadModel, table: string, build: number): RawBuilder<unknown> {
  const columns = Object.entries(model.columns).map(
    ([name, type]) => sql`${sql.ref(snake(name))} ${sql.raw(sqlType[type])}${model.nullable.has(name) ? sql`` : sql` not null`}`,
  )
  const key = sql`constraint ${sql.ref(`${asideName(model, build)}_pkey`)} primary key (${sql.ref(snake(model.primaryKey))})`
  return sql`create table ${sql.table(table)} (${sql.join([...columns, key])})`
}

/** One statement per index. A table that is rebuilt gets them at the end: filling it is several times faster without. */
export const createIndexes = (model: ReadModel, table: string, build: number): readonly RawBuilder<unknown>[] =>
  model.indexes.map(({ columns, unique }) => {
    const name = `${asideName(model, build)}_${columns.map(snake).join('_')}`
    const of = sql.join(columns.map((column) => sql.ref(snake(column))))
    return sql`create ${unique ? sql`unique ` : sql``}index if not exists ${sql.ref(name)} on ${sql.table(table)} (${of})`
  })

export function selectRows(model: ReadModel, table: string, keys: readonly string[]): RawBuilder<Row> {
  const type = model.columns[model.primaryKey] === 'bigint' ? sql`bigint[]` : sql`text[]`
  return sql<Row>`select ${columnList(model)} from ${sql.table(table)} where ${sql.ref(snake(model.primaryKey))} = any(${keys}::${type})`
}

export function upsertRows(model: ReadModel, table: string, rows: readonly Row[]): RawBuilder<unknown> {
  const columns = Object.entries(model.columns).map(([name, type]) => ({ name, type, column: sql.ref(snake(name)) }))
  const carried = columns.map(({ name, type }) => sql`${carry(rows, name, type)}::${sql.raw(carrier[type])}`)
  const unpack = columns.map(({ type, column }) => {
    const to = unpacked[type]
    return to === undefined ? sql`batch.${column}` : sql`batch.${column}::${sql.raw(to)}`
  })
  const others = columns.filter(({ name }) => name !== model.primaryKey)
  const update = sql.join(others.map(({ column }) => sql`${column} = excluded.${column}`))
  return sql`
    insert into ${sql.table(table)} (${columnList(model)})
    select ${sql.join(unpack)} from unnest(${sql.join(carried)}) as batch (${columnList(model)})
    on conflict (${sql.ref(snake(model.primaryKey))}) do ${others.length === 0 ? sql`nothing` : sql`update set ${update}`}`
}

export function deleteRows(model: ReadModel, table: string, keys: readonly string[]): RawBuilder<unknown> {
  const type = model.columns[model.primaryKey] === 'bigint' ? sql`bigint[]` : sql`text[]`
  return sql`delete from ${sql.table(table)} where ${sql.ref(snake(model.primaryKey))} = any(${keys}::${type})`
}

export const columnList = (model: ReadModel): RawBuilder<unknown> =>
  sql.join(Object.keys(model.columns).map((name) => sql.ref(snake(name))))

/** One column of all rows, as one parameter. */
const carry = (rows: readonly Row[], name: string, type: ColumnType) => rows.map((row) => encode(type, row[name], name))
