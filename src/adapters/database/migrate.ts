/**
 * Brings the schema of the namespace to what this program needs, under an advisory lock, so that several instances may start at once. Each
 * run is one transaction: all of it happens, or nothing.
 */
import type { Kysely } from 'kysely'
import { type MigrationResultSet, Migrator, NO_MIGRATIONS } from 'kysely/migration'
import { migrations } from '../../../migrations/index.ts'

/** @throws MigrationFailed naming the migration; nothing has changed. */
export async function migrateToLatest<Schema>(db: Kysely<Schema>, namespace: string): Promise<void> {
  check(await migratorOf(db, namespace).migrateToLatest(), 'forwards')
}

/** Back to an empty schema. Everything in it is lost. */
export async function migrateToEmpty<Schema>(db: Kysely<Schema>, namespace: string): Promise<void> {
  check(await migratorOf(db, namespace).migrateTo(NO_MIGRATIONS), 'back')
}

export class MigrationFailed extends Error {
  override readonly name = 'MigrationFailed'
  readonly migration: string | undefined
  constructor(facts: { migration: string | undefined; says: string; cause?: unknown }) {
    super(`migration ${facts.migration ?? ''} failed: ${facts.says}`.replace('  ', ' '), { cause: facts.cause })
    this.migration = facts.migration
  }
}

const migratorOf = <Schema>(db: Kysely<Schema>, namespace: string): Migrator =>
  new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: 'migrations',
    migrationLockTableName: 'migrations_lock',
    migrationTableSchema: namespace,
  })

function check({ error, results }: MigrationResultSet, direction: 'forwards' | 'back'): void {
  if (error === undefined) return
  const says = error instanceof Error ? error.message : String(error)
  const newer = /previously executed migration (\S+) is missing/.exec(says)?.[1]
  throw new MigrationFailed({
    migration: newer ?? results?.find(({ status }) => status === 'Error')?.migrationName,
    says: newer ? 'this program does not know it; the schema was made by a newer one' : `${direction}: ${says}`,
    cause: error,
  })
}
