/** Which servers there are, with the position up to which that is known: ids and position come from one snapshot. */
import { sql } from 'kysely'
import type { ServerRoster } from '../domain/ports/server-roster.ts'
import type { Database } from './database.ts'
import { servers } from './servers.ts'

export const createServerRoster = (database: Database): ServerRoster => ({
  async servers() {
    const { rows } = await sql<{ ids: readonly string[] | null; position: string | null }>`
      select (select array_agg(server_id) from servers where situation = 'registered') as ids,
             (select position from projection_checkpoints where name = ${servers.name} and stage = 'live') as position`.execute(database)
    const [row] = rows
    const position = row?.position == null ? 0n : BigInt(row.position)
    return { serverIds: row?.ids ?? [], position: position === 0n ? undefined : position }
  },
})
