/** How far projections and process managers have read. Derived: without a row, reading begins anew. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('projection_checkpoints')
    .addColumn('name', 'text', (column) => column.notNull())
    // Each rebuild is a build of its own beside the live one, with its own table and checkpoint.
    .addColumn('build', 'integer', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('projection_checkpoints_pkey', ['name', 'build'])
    .execute()

  await db.schema
    .createTable('process_checkpoints')
    .addColumn('name', 'text', (column) => column.primaryKey())
    // Null until the first claim succeeds: the row must exist to be locked.
    .addColumn('position', 'bigint')
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ['process_checkpoints', 'projection_checkpoints']) await db.schema.dropTable(table).execute()
}
