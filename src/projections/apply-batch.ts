/**
 * Takes one batch into one read model: rows and checkpoint in one transaction, so that every event counts exactly once, whoever else tries
 * the same at the same time. The batch was read and parsed before; no transaction is open while the log is slow.
 */
import type { Instant } from '../domain/instant.ts'
import type { Position } from '../domain/ports/event-store.ts'
import type { Batch } from './batch.ts'
import { type Checkpoint, claimCheckpoint, moveCheckpoint, type Parked, parkCheckpoint, parkedBy } from './checkpoints.ts'
import { decodeRow, UnfitValue } from './columns.ts'
import type { Database, Statements } from './database.ts'
import type { OpenBatch, ReadModel } from './projection.ts'
import { deleteRows, selectRows, upsertRows } from './tables.ts'

export type ApplyOptions = Readonly<{
  database: Database
  model: ReadModel
  table: string
  /** As it was when the batch was read. */
  checkpoint: Checkpoint
  batch: Batch
  now: () => Instant
}>

export type Applied =
  | Readonly<{ kind: 'applied'; position: Position; events: number }>
  /** Everything before the event is in; it stays there until somebody says `retry`. */
  | Readonly<{ kind: 'parked'; position: Position; events: number; parked: Parked; cause: unknown }>
  /** Another instance is at it, or a build beside it is drawing level. */
  | Readonly<{ kind: 'busy' }>
  /** Another instance was faster, or another build took its place: nothing was done. */
  | Readonly<{ kind: 'moved' }>

export async function applyBatch(options: ApplyOptions): Promise<Applied> {
  const open = options.model.open(options.batch.events)
  try {
    return await apply(options, open)
  } catch (error) {
    // One row that the database refuses is a poison event too. Which one shows when each goes alone.
    if (!isRefusedData(error)) throw error
    return applyOneByOne(options, error)
  }
}

function apply({ database, model, table, checkpoint, batch, now }: ApplyOptions, open: OpenBatch): Promise<Applied> {
  return database.transaction().execute(async (transaction): Promise<Applied> => {
    const current = await claimCheckpoint(transaction, checkpoint.name, checkpoint.build)
    if (!current) return { kind: 'busy' }
    if (current.position !== checkpoint.position || current.parked) return { kind: 'moved' }
    const loads = !model.appendOnly && open.keys.length > 0
    const loaded = loads ? (await selectRows(model, table, open.keys).execute(transaction)).rows : []
    const { upserts, deletes, taken, poison } = open.fold(loaded.map((row) => decodeRow(model.columns, row)))
    if (upserts.size > 0) await upsertRows(model, table, [...upserts.values()]).execute(transaction)
    if (deletes.length > 0) await deleteRows(model, table, deletes).execute(transaction)
    if (!poison) {
      await moveCheckpoint(transaction, current, batch.to)
      return { kind: 'applied', position: batch.to, events: taken }
    }
    const position = batch.events[taken - 1]?.recorded.position ?? checkpoint.position
    const parked = parkedBy(poison.event, poison.cause, now())
    if (position !== checkpoint.position) await moveCheckpoint(transaction, current, position)
    await parkCheckpoint(transaction, current, parked)
    return { kind: 'parked', position, events: taken, parked, cause: poison.cause }
  })
}

async function applyOneByOne(options: ApplyOptions, refusal: unknown): Promise<Applied> {
  const { batch, checkpoint, model, database, now } = options
  let position = checkpoint.position
  let events = 0
  for (const event of batch.events) {
    const single: Batch = { events: [event], to: event.recorded.position }
    try {
      const applied = await apply({ ...options, checkpoint: { ...checkpoint, position }, batch: single }, model.open(single.events))
      if (applied.kind !== 'applied') return applied
      position = applied.position
      events += 1
    } catch (error) {
      if (!isRefusedData(error)) throw error
      const parked = parkedBy(event.recorded, error, now())
      const isStillOurs = await database.transaction().execute((transaction) => park(transaction, checkpoint, position, parked))
      return isStillOurs ? { kind: 'parked', position, events, parked, cause: error } : { kind: 'moved' }
    }
  }
  // Each alone was accepted; only together they were not.
  throw refusal
}

async function park(transaction: Statements, checkpoint: Checkpoint, position: Position, parked: Parked): Promise<boolean> {
  const current = await claimCheckpoint(transaction, checkpoint.name, checkpoint.build)
  if (current?.position !== position) return false
  await parkCheckpoint(transaction, current, parked)
  return true
}

/** Data exceptions, broken constraints, values over a limit: SQLSTATE classes 22, 23 and 54, or a value that fits no column. */
function isRefusedData(error: unknown): boolean {
  if (error instanceof UnfitValue) return true
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^(?:22|23|54)/.test(error.code)
}
