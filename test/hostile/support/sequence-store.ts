/**
 * The control: a log whose positions come from a sequence, as in many event stores on PostgreSQL. The number is taken before the commit, so a
 * later number may become visible first, and a live reader that has passed it never looks back. The pause makes the window wide enough to be
 * hit in every run; without it the loss is only rarer.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createPool } from '../../../src/adapters/database/create-pool.ts'

export type SequenceStore = Readonly<{
  append(id: string, pauseMs: number): Promise<void>
  /** What lies behind a position, in position order. */
  readAfter(position: bigint): Promise<readonly { id: string; position: bigint }[]>
  close(): Promise<void>
}>

export async function openSequenceStore(connectionString: string, schema: string, maxConnections: number): Promise<SequenceStore> {
  const pool = createPool({ connectionString, namespace: schema, purpose: 'control', maxConnections })
  await pool.query(`create schema ${schema}; create table events (position bigserial primary key, id text not null)`)
  return {
    async append(id, pauseMs) {
      const client = await pool.connect()
      try {
        await client.query('begin')
        await client.query(`insert into events (id) values ($1)`, [id])
        await sleep(pauseMs)
        await client.query('commit')
      } finally {
        client.release()
      }
    },
    async readAfter(position) {
      const { rows } = await pool.query<{ id: string; position: string }>(
        `select id, position from events where position > $1 order by position`,
        [position],
      )
      return rows.map((row) => ({ id: row.id, position: BigInt(row.position) }))
    },
    close: () => pool.end(),
  }
}
