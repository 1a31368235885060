/**
 * Ties a database to its log. The log's identity is an event, recorded once and before all others; the database remembers whose read models and
 * checkpoints it holds. A pair that does not belong together is refused at the start, before anything is read or written with it.
 */
import { type Kysely, sql } from 'kysely'
import { ConcurrencyConflict, type EventStore, type NewEvent, type Position, type StreamName } from '../../domain/ports/event-store.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { DatabaseSchema } from './schema.ts'

export const LOG_IDENTITY_STREAM: StreamName = 'log-identity'

export type LogIdentity = Readonly<{ logId: string; namespace: string }>

export type FitLogOptions = Readonly<{ store: EventStore; db: Kysely<DatabaseSchema>; namespace: string; ids: Ids }>

/**
 * Makes sure that database and log belong together. Gives an identity to an empty log, and takes a new database into its service.
 * @throws LogMismatch naming both sides.
 */
export async function fitLogToDatabase({ store, db, namespace, ids }: FitLogOptions): Promise<LogIdentity> {
  const remembered = await rememberedLogId(db)
  const found = await identityOf(store)
  if (!found && remembered !== undefined) {
    throw new LogMismatch({
      rule: 'log-without-identity',
      database: `of log ${remembered}`,
      log: 'without an identity, so empty or not ours',
    })
  }
  const identity = found ?? (await giveIdentity(store, namespace, ids))
  if (identity.namespace !== namespace) {
    throw new LogMismatch({ rule: 'other-namespace', database: `of namespace ${namespace}`, log: `of namespace ${identity.namespace}` })
  }
  if (remembered !== undefined && remembered !== identity.logId) {
    throw new LogMismatch({ rule: 'other-log', database: `of log ${remembered}`, log: `log ${identity.logId}` })
  }
  await refuseCheckpointsBehindTheEnd(store, db, identity)
  if (remembered === undefined) await remember(db, identity)
  return identity
}

/** The database was not made from this log. Both are named; nothing was changed. */
export class LogMismatch extends Error {
  override readonly name = 'LogMismatch'
  readonly rule: 'other-log' | 'other-namespace' | 'log-without-identity' | 'checkpoint-behind-the-end'
  readonly database: string
  readonly log: string
  constructor(facts: { rule: LogMismatch['rule']; database: string; log: string }) {
    super(`the database and the event log do not belong together: the database is ${facts.database}, the log is ${facts.log}`)
    this.rule = facts.rule
    this.database = facts.database
    this.log = facts.log
  }
}

async function identityOf(store: EventStore): Promise<LogIdentity | undefined> {
  for await (const { data } of store.readStream(LOG_IDENTITY_STREAM, { limit: 1 })) {
    const { logId, namespace } = data
    if (typeof logId !== 'string' || typeof namespace !== 'string') {
      throw new LogMismatch({ rule: 'other-log', database: 'one of ours', log: `not: its identity is ${JSON.stringify(data)}` })
    }
    return { logId, namespace }
  }
  return undefined
}

async function giveIdentity(store: EventStore, namespace: string, ids: Ids): Promise<LogIdentity> {
  const identity = { logId: ids.fresh(), namespace }
  const eventId = ids.fresh()
  const created: NewEvent = {
    type: 'LogCreated',
    data: identity,
    metadata: { eventId, correlationId: eventId, causationId: eventId, actor: 'steward', schemaVersion: 1 },
  }
  try {
    await store.append(LOG_IDENTITY_STREAM, 'no-stream', [created])
    return identity
  } catch (error) {
    if (!(error instanceof ConcurrencyConflict)) throw error
    // Another instance starts at the same moment and was first.
    const winner = await identityOf(store)
    if (!winner) throw error
    return winner
  }
}

async function rememberedLogId(db: Kysely<DatabaseSchema>): Promise<string | undefined> {
  const row = await db.selectFrom('log_identity').select('log_id').executeTakeFirst()
  return row?.log_id
}

/** Another instance may be first here too; then it must have written the same. */
async function remember(db: Kysely<DatabaseSchema>, { logId }: LogIdentity): Promise<void> {
  await db
    .insertInto('log_identity')
    .values({ log_id: logId })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const remembered = await rememberedLogId(db)
  if (remembered !== logId) throw new LogMismatch({ rule: 'other-log', database: `of log ${remembered}`, log: `log ${logId}` })
}

/** A log restored from an older backup lacks events that the read models have already seen. */
async function refuseCheckpointsBehindTheEnd(store: EventStore, db: Kysely<DatabaseSchema>, { logId }: LogIdentity): Promise<void> {
  const furthest = await furthestCheckpoint(db)
  const head = (await store.head()) ?? 0n
  if (furthest && furthest.position > head) {
    throw new LogMismatch({
      rule: 'checkpoint-behind-the-end',
      database: `at position ${furthest.position} (checkpoint ${furthest.name})`,
      log: `log ${logId}, which ends at ${head}`,
    })
  }
}

async function furthestCheckpoint(db: Kysely<DatabaseSchema>): Promise<{ name: string; position: Position } | undefined> {
  const { rows } = await sql<{ name: string; position: string }>`
    select name, position from projection_checkpoints
    union all
    select name, position from process_checkpoints where position is not null
    order by position desc
    limit 1`.execute(db)
  const [row] = rows
  return row && { name: row.name, position: BigInt(row.position) }
}
