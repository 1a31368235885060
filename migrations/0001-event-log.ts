/** The log. `json`, not `jsonb`: events are kept letter by letter, and jsonb refuses \u0000 and lone surrogates. */
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('events')
    // Given out under the lock of `log_head`: no gaps, in commit order. A sequence would be faster, and lose events to live readers.
    .addColumn('position', 'bigint', (column) => column.primaryKey())
    // Names are compared byte by byte, whatever the database's own collation is.
    .addColumn('stream', sql`text collate "C"`, (column) => column.notNull())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addColumn('type', sql`text collate "C"`, (column) => column.notNull())
    .addColumn('event_id', 'uuid', (column) => column.notNull())
    // Of type, data and metadata. Lets a reader bound its page in bytes without touching the data.
    .addColumn('size_bytes', 'integer', (column) => column.notNull())
    .addColumn('recorded_at', sql`timestamptz(3)`, (column) => column.notNull())
    .addColumn('data', 'json', (column) => column.notNull())
    .addColumn('metadata', 'json', (column) => column.notNull())
    .addUniqueConstraint('events_stream_revision', ['stream', 'revision'])
    .execute()

  // One row, only ever locked: who holds it appends at the end of the log. The end itself is the last position in `events`. Kept here it
  // would leave a dead row version per append, and one open transaction of a stranger would make every append slower than the last.
  await db.schema
    .createTable('log_head')
    .addColumn('singleton', 'boolean', (column) => column.primaryKey().defaultTo(true).check(sql`singleton`))
    .execute()
  await sql`insert into ${sql.table('log_head')} default values`.execute(db)

  // Which log the read models of this database were made from.
  await db.schema
    .createTable('log_identity')
    .addColumn('singleton', 'boolean', (column) => column.primaryKey().defaultTo(true).check(sql`singleton`))
    .addColumn('log_id', 'uuid', (column) => column.notNull())
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ['log_identity', 'log_head', 'events']) await db.schema.dropTable(table).execute()
}
