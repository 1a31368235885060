/**
 * Checkpoints of process managers. A claim is the lock of one row for as long as its transaction lasts: it ends with its holder, and the move
 * of the checkpoint is what the transaction commits.
 */
import { type Kysely, sql, type Transaction } from 'kysely'
import type { Checkpoints } from '../../domain/ports/checkpoints.ts'
import type { Position } from '../../domain/ports/event-store.ts'
import type { DatabaseSchema } from './schema.ts'

export function createCheckpoints(db: Kysely<DatabaseSchema>): Checkpoints {
  return {
    async load(name) {
      const row = await db.selectFrom('process_checkpoints').select('position').where('name', '=', name).executeTakeFirst()
      return toPosition(row?.position)
    },

    async claim(name, from, work) {
      // Outside the claim: two who make the row at the same moment would wait for each other's whole work.
      await db
        .insertInto('process_checkpoints')
        .values({ name, position: null })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
      return db.transaction().execute(async (transaction) => {
        // While the work goes on, the transaction does nothing; a server that ends idle ones would end the claim in the middle of it.
        await sql`set local idle_in_transaction_session_timeout to 0`.execute(transaction)
        const row = await lock(transaction, name)
        if (!row) return 'busy'
        if (toPosition(row.position) !== from) return 'moved'
        const position = await work()
        await transaction.updateTable('process_checkpoints').set({ position }).where('name', '=', name).execute()
        return 'done'
      })
    },
  }
}

const lock = (transaction: Transaction<DatabaseSchema>, name: string) =>
  transaction.selectFrom('process_checkpoints').select('position').where('name', '=', name).forUpdate().skipLocked().executeTakeFirst()

const toPosition = (text: string | null | undefined): Position | undefined => (text == null ? undefined : BigInt(text))
