/**
 * How far each build of each projection has come, one row each, in `projection_checkpoints`. Whoever moves a read model holds the lock of
 * its row; a row that is locked is skipped, never waited for, so that a second instance goes on at once when the first one dies.
 */
import { sql } from 'kysely'
import { instant } from '../domain/instant.ts'
import type { Position } from '../domain/ports/event-store.ts'
import { cleanJson } from './clean-text.ts'
import type { Database, Statements } from './database.ts'
import type { Envelope, ReadModel, Row } from './projection.ts'

/** `live`: what queries read. `building`: it will take the live one's place. `verifying`: it is compared with the live one, then dropped. */
export type Stage = 'live' | 'building' | 'verifying'

export type Checkpoint = Readonly<{
  name: string
  build: number
  version: number
  stage: Stage
  /** Everything up to here is in the table; 0n is the place before the first event. */
  position: Position
  parked: Parked | undefined
}>

/** The event that stopped a projection, and why. */
export type Parked = Readonly<{
  position: string
  eventId: string
  type: string
  stream: string
  revision: string
  cause: string
  at: string
}>

const columns = sql`name, build, version, stage, position, parked`

export async function liveCheckpoint(database: Statements, name: string): Promise<Checkpoint | undefined> {
  const { rows } = await sql<Row>`select ${columns} from projection_checkpoints where name = ${name} and stage = 'live'`.execute(database)
  return rows[0] && parse(rows[0])
}

export async function readCheckpoint(database: Statements, name: string, build: number): Promise<Checkpoint | undefined> {
  const { rows } = await sql<Row>`select ${columns} from projection_checkpoints where name = ${name} and build = ${build}`.execute(database)
  return rows[0] && parse(rows[0])
}

/**
 * Locks the row for this transaction; undefined when somebody else has it, when it is held for a swap, or when it is gone. Rows and position
 * are lost together when the server crashes, and are made again from the log, so nobody waits for the disk.
 */
export async function claimCheckpoint(transaction: Statements, name: string, build: number): Promise<Checkpoint | undefined> {
  const { rows } = await sql<Row>`
    select ${columns}, set_config('synchronous_commit', 'off', true)
    from projection_checkpoints
    where name = ${name} and build = ${build} and (held_until is null or held_until < clock_timestamp())
    for update skip locked`.execute(transaction)
  return rows[0] && parse(rows[0])
}

export async function moveCheckpoint(transaction: Statements, checkpoint: Checkpoint, to: Position): Promise<void> {
  const { name, build } = checkpoint
  await sql`update projection_checkpoints set position = ${to}, moved_at = now() where name = ${name} and build = ${build}`.execute(
    transaction,
  )
}

export async function parkCheckpoint(transaction: Statements, checkpoint: Checkpoint, parked: Parked): Promise<void> {
  const { name, build } = checkpoint
  const text = cleanJson(JSON.stringify(parked))
  await sql`update projection_checkpoints set parked = ${text}::jsonb where name = ${name} and build = ${build}`.execute(transaction)
}

/** Lets it try the event again that stopped it. */
export async function unpark(database: Database, name: string): Promise<void> {
  await sql`update projection_checkpoints set parked = null where name = ${name} and stage = 'live' and parked is not null`.execute(
    database,
  )
}

/** Keeps every runner from moving a live read model for a moment, so that a build beside it can draw level. */
export async function holdLive(database: Database, name: string, forMs: number): Promise<Checkpoint | undefined> {
  const { rows } = await sql<Row>`
    update projection_checkpoints set held_until = clock_timestamp() + ${forMs} * interval '1 millisecond'
    where name = ${name} and stage = 'live'
    returning ${columns}`.execute(database)
  return rows[0] && parse(rows[0])
}

export async function releaseLive(database: Database, name: string): Promise<void> {
  await sql`update projection_checkpoints set held_until = null where name = ${name} and stage = 'live'`.execute(database)
}

export type Move = Readonly<{ name: string; build: number; from: Position; to: Position }>

/** Moves the checkpoints of projections that have nothing to fold, all in one statement. Answers which were moved; the others were busy, or elsewhere. */
export async function moveIdle(database: Database, moves: readonly Move[]): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ name: string }>`
    with moves as (
      select * from unnest(
        ${moves.map(({ name }) => name)}::text[], ${moves.map(({ build }) => build)}::integer[],
        ${moves.map(({ from }) => from.toString())}::bigint[], ${moves.map(({ to }) => to.toString())}::bigint[]
      ) as moves (name, build, from_position, to_position)
    ), free as (
      select checkpoint.name, checkpoint.build, moves.to_position
      from projection_checkpoints checkpoint
      join moves on moves.name = checkpoint.name and moves.build = checkpoint.build and moves.from_position = checkpoint.position
      where checkpoint.parked is null and (checkpoint.held_until is null or checkpoint.held_until < clock_timestamp())
      for update of checkpoint skip locked
    )
    update projection_checkpoints checkpoint set position = free.to_position, moved_at = now()
    from free where checkpoint.name = free.name and checkpoint.build = free.build
    returning checkpoint.name`.execute(database)
  return new Set(rows.map(({ name }) => name))
}

export const parkedBy = (event: Envelope, cause: unknown, at: string): Parked => ({
  position: event.position.toString(),
  eventId: event.metadata.eventId,
  type: event.type,
  stream: event.stream,
  revision: event.revision.toString(),
  cause: cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause),
  at: instant(at),
})

function parse(row: Row): Checkpoint {
  const { name, build, version, stage, position, parked } = row as Readonly<{
    name: string
    build: number
    version: number
    stage: Stage
    position: string
    parked: Parked | null
  }>
  return { name, build, version, stage, position: BigInt(position), parked: parked ?? undefined }
}

export const isNewer = (checkpoint: Checkpoint, model: ReadModel): boolean => checkpoint.version > model.version
export const isOlder = (checkpoint: Checkpoint, model: ReadModel): boolean => checkpoint.version < model.version
