/** Answers to health probes of managed servers. Not derivable from the log of events, and gone after a week; a backup need not have them. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('server_health_samples')
    .addColumn('server_id', 'text', (column) => column.notNull())
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('at', 'timestamptz(3)', (column) => column.notNull())
    .addColumn('live', 'boolean', (column) => column.notNull())
    .addColumn('ready', 'boolean', (column) => column.notNull())
    .addColumn('capable', 'boolean', (column) => column.notNull())
    .addColumn('response_ms', 'double precision')
    .addColumn('says', 'text')
    .execute()
  await db.schema.createIndex('server_health_samples_of_server').on('server_health_samples').columns(['server_id', 'at']).execute()
  await db.schema.createIndex('server_health_samples_at').on('server_health_samples').column('at').execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('server_health_samples').execute()
}
