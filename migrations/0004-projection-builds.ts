/** Read models are rebuilt beside the live ones: which build is which, what stopped it, and which table it fills. */
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('projection_checkpoints')
    .addColumn('stage', 'text', (column) => column.notNull().defaultTo('live').check(sql`stage in ('live', 'building', 'verifying')`))
    .addColumn('table_name', 'text')
    // The event that stopped it, as JSON.
    .addColumn('parked', 'jsonb')
    // Until then no runner moves it: a build beside it is drawing level.
    .addColumn('held_until', 'timestamptz')
    .addColumn('moved_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute()
  await db.schema
    .createIndex('projection_checkpoints_live')
    .unique()
    .on('projection_checkpoints')
    .column('name')
    .where(sql.ref('stage'), '=', sql.lit('live'))
    .execute()
}

/** The read models' tables go too: they are made by their projections, and only these rows know them. */
export async function down(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ table_name: string }>`
    select table_name from projection_checkpoints where table_name is not null`.execute(db)
  for (const { table_name } of rows) await db.schema.dropTable(table_name).ifExists().execute()
  await db.schema.dropIndex('projection_checkpoints_live').execute()
  await db.schema
    .alterTable('projection_checkpoints')
    .dropColumn('stage')
    .dropColumn('table_name')
    .dropColumn('parked')
    .dropColumn('held_until')
    .dropColumn('moved_at')
    .execute()
}
