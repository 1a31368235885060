/**
 * The life of a read model's tables: made when first needed, built anew beside the live one, put in its place, dropped. Every step is one
 * short transaction; those that change names or builds take turns by an advisory lock, also between instances.
 */
import { sql } from 'kysely'
import type { Clock } from '../domain/ports/clock.ts'
import { type Checkpoint, liveCheckpoint, readCheckpoint, type Stage } from './checkpoints.ts'
import type { Database, Statements } from './database.ts'
import type { ReadModel } from './projection.ts'
import { asideName, createIndexes, createTable } from './tables.ts'

/** How long a swap waits for readers before it lets them through and tries again. */
const LOCK_TIMEOUT_MS = 200
/** A comparison that nobody moves for so long was left by an instance that died. */
const ABANDONED_AFTER_MINUTES = 15

/** The live build; made, empty, when there is none. */
export function ensureLive(database: Database, model: ReadModel): Promise<Checkpoint> {
  return inTurn(database, async (transaction) => {
    const live = await liveCheckpoint(transaction, model.name)
    if (live && (await tableExists(transaction, model.table))) return live
    // Rows without their table are of no use: the table is made anew, and filled from the log.
    await sql`delete from projection_checkpoints where name = ${model.name} and stage = 'live'`.execute(transaction)
    const checkpoint = await addBuild(transaction, model, 'live', model.table)
    for (const statement of createIndexes(model, model.table, checkpoint.build)) await statement.execute(transaction)
    return checkpoint
  })
}

/** A build beside the live one. One that another instance has begun for the same version is joined. */
export function beginBuild(database: Database, model: ReadModel): Promise<Checkpoint> {
  return inTurn(database, async (transaction) => {
    const { rows } = await sql<{ build: number }>`
      select build from projection_checkpoints
      where name = ${model.name} and stage = 'building' and version = ${model.version}`.execute(transaction)
    const [begun] = rows
    const checkpoint = begun && (await readCheckpoint(transaction, model.name, begun.build))
    return checkpoint ?? addBuild(transaction, model, 'building')
  })
}

/** A build of its own for one comparison. Those of instances that died are cleared away. */
export function beginComparison(database: Database, model: ReadModel): Promise<Checkpoint> {
  return inTurn(database, async (transaction) => {
    const { rows } = await sql<{ build: number }>`
      select build from projection_checkpoints
      where name = ${model.name} and stage = 'verifying'
        and moved_at < now() - ${ABANDONED_AFTER_MINUTES} * interval '1 minute'`.execute(transaction)
    for (const { build } of rows) await removeBuild(transaction, model, build)
    return addBuild(transaction, model, 'verifying')
  })
}

export const dropBuild = (database: Database, model: ReadModel, build: number): Promise<void> =>
  inTurn(database, (transaction) => removeBuild(transaction, model, build))

export async function indexBuild(database: Database, model: ReadModel, build: number): Promise<void> {
  for (const statement of createIndexes(model, asideName(model, build), build)) await statement.execute(database)
}

/**
 * Puts a build in the place of the live one. Readers notice nothing: the names change in one transaction, and a statement that waits for it
 * looks its table up again. `behind`: the live one has gone further in the meantime. `gone`: another instance has done it already.
 */
export async function swapIn(database: Database, model: ReadModel, build: number, clock: Clock): Promise<'swapped' | 'behind' | 'gone'> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inTurn(database, (transaction) => swap(transaction, model, build))
    } catch (error) {
      if (!isLockTimeout(error) || attempt >= 100) throw error
      await clock.sleep(Math.min(20 * attempt, 500))
    }
  }
}

async function swap(transaction: Statements, model: ReadModel, build: number): Promise<'swapped' | 'behind' | 'gone'> {
  await sql`select set_config('lock_timeout', ${String(LOCK_TIMEOUT_MS)}, true)`.execute(transaction)
  // From here on nobody moves either of them.
  await sql`select 1 from projection_checkpoints where name = ${model.name} order by build for update`.execute(transaction)
  const [live, built] = [await liveCheckpoint(transaction, model.name), await readCheckpoint(transaction, model.name, build)]
  if (built?.stage !== 'building') return 'gone'
  if (live && (built.position < live.position || live.version > built.version)) return live.version > built.version ? 'gone' : 'behind'
  await sql`drop table if exists ${sql.table(model.table)}`.execute(transaction)
  await sql`alter table ${sql.table(asideName(model, build))} rename to ${sql.ref(model.table)}`.execute(transaction)
  await sql`delete from projection_checkpoints where name = ${model.name} and stage = 'live'`.execute(transaction)
  await sql`
    update projection_checkpoints set stage = 'live', table_name = ${model.table}
    where name = ${model.name} and build = ${build}`.execute(transaction)
  return 'swapped'
}

async function addBuild(transaction: Statements, model: ReadModel, stage: Stage, table?: string): Promise<Checkpoint> {
  const { name, version } = model
  const { rows } = await sql<{ build: number }>`
    select coalesce(max(build), 0) + 1 as build from projection_checkpoints where name = ${name}`.execute(transaction)
  const build = Number(rows[0]?.build ?? 1)
  const tableName = table ?? asideName(model, build)
  await createTable(model, tableName, build).execute(transaction)
  await sql`
    insert into projection_checkpoints (name, build, version, position, stage, table_name)
    values (${name}, ${build}, ${version}, 0, ${stage}, ${tableName})`.execute(transaction)
  return { name, build, version, stage, position: 0n, parked: undefined }
}

async function removeBuild(transaction: Statements, model: ReadModel, build: number): Promise<void> {
  await sql`drop table if exists ${sql.table(asideName(model, build))}`.execute(transaction)
  await sql`
    delete from projection_checkpoints where name = ${model.name} and build = ${build} and stage <> 'live'`.execute(transaction)
}

async function tableExists(transaction: Statements, table: string): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`select to_regclass(${table}) is not null as found`.execute(transaction)
  return rows[0]?.found === true
}

/** One at a time in this schema. */
const inTurn = <Result>(database: Database, work: (transaction: Statements) => Promise<Result>): Promise<Result> =>
  database.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(current_schema() || '.projections', 0))`.execute(transaction)
    return work(transaction)
  })

/** SQLSTATE lock_not_available; and a deadlock, which is the same bad luck. */
const isLockTimeout = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === '55P03' || error.code === '40P01')
