/**
 * The database of one namespace: a pool and Kysely over it, both beginning in the namespace's schema. The owner closes it, behind everything
 * that was made from it.
 */
import { Kysely, PostgresDialect } from 'kysely'
import type pg from 'pg'
import { checkNamespace } from '../event-store/shared/namespace.ts'
import { createPool } from './create-pool.ts'
import { migrateToEmpty, migrateToLatest } from './migrate.ts'
import type { DatabaseSchema } from './schema.ts'

export type OpenDatabaseOptions = Readonly<{
  /** `postgresql://user@host:port/database`; `?host=/directory` for a unix socket. */
  connectionString: string
  /** The schema. Made by `migrate` when it does not exist. */
  namespace: string
  /** Default 10. */
  maxConnections?: number
}>

export interface Database extends AsyncDisposable {
  readonly connectionString: string
  readonly namespace: string
  readonly kysely: Kysely<DatabaseSchema>
  readonly pool: pg.Pool
  /** Brings the schema to what this program needs. Safe at any time, from several instances at once. */
  migrate(): Promise<void>
  /** Takes back every migration. What was in the tables is lost. */
  migrateToEmpty(): Promise<void>
  close(): Promise<void>
}

/** PostgreSQL 14 is the oldest that its makers still looked after when this was written, and the oldest that the tests know. */
const OLDEST_VERSION = 140_000

/**
 * Opens the database and looks at it once, so that a wrong one is refused at the start.
 * @throws DatabaseUnsuitable the server is too old, or the database cannot hold all of Unicode.
 */
export async function openDatabase({ connectionString, namespace, maxConnections = 10 }: OpenDatabaseOptions): Promise<Database> {
  checkNamespace(namespace)
  const pool = createPool({ connectionString, namespace, purpose: 'database', maxConnections })
  const kysely = new Kysely<DatabaseSchema>({ dialect: new PostgresDialect({ pool }) })
  // Kysely ends the pool it was given.
  const close = (): Promise<void> => kysely.destroy()
  try {
    await refuseUnsuitable(pool)
  } catch (error) {
    await close()
    throw error
  }
  return {
    connectionString,
    namespace,
    kysely,
    pool,
    migrate: () => migrateToLatest(kysely, namespace),
    migrateToEmpty: () => migrateToEmpty(kysely, namespace),
    close,
    [Symbol.asyncDispose]: close,
  }
}

export class DatabaseUnsuitable extends Error {
  override readonly name = 'DatabaseUnsuitable'
  readonly rule: 'too-old' | 'not-utf8'
  constructor(facts: { rule: DatabaseUnsuitable['rule']; says: string }) {
    super(facts.says)
    this.rule = facts.rule
  }
}

async function refuseUnsuitable(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ version: string; encoding: string }>(
    `select current_setting('server_version_num') as version, current_setting('server_encoding') as encoding`,
  )
  const [server] = rows
  if (server && Number(server.version) < OLDEST_VERSION) {
    throw new DatabaseUnsuitable({ rule: 'too-old', says: `the PostgreSQL server is version ${server.version}; at least 14 is needed` })
  }
  if (server && server.encoding !== 'UTF8') {
    throw new DatabaseUnsuitable({ rule: 'not-utf8', says: `the database has the encoding ${server.encoding}; it must be UTF8` })
  }
}
