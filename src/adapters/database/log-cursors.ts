/** Where log following stands, one row per target and path; the last saved one wins, because one instance at a time follows a host. */
import { type Kysely, sql } from 'kysely'
import type { LogCursors } from '../../domain/ports/cursors.ts'
import type { DatabaseSchema } from './schema.ts'

export function createLogCursors(db: Kysely<DatabaseSchema>): LogCursors {
  return {
    async load(targetId, path) {
      const row = await db
        .selectFrom('log_cursors')
        .select('cursor')
        .where('target_id', '=', targetId)
        .where('path', '=', path)
        .executeTakeFirst()
      return row?.cursor
    },

    async save(targetId, path, cursor) {
      await db
        .insertInto('log_cursors')
        .values({ target_id: targetId, path, cursor: JSON.stringify(cursor) })
        .onConflict((conflict) =>
          conflict.columns(['target_id', 'path']).doUpdateSet((row) => ({ cursor: row.ref('excluded.cursor'), saved_at: sql`now()` })),
        )
        .execute()
    },

    async forget(targetId) {
      await db.deleteFrom('log_cursors').where('target_id', '=', targetId).execute()
    },
  }
}
