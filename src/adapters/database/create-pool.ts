/** A pool whose connections all begin in the schema of the namespace. A connection that dies between two queries is replaced, and ends no process. */
import pg from 'pg'
import { sessionSetup } from './session.ts'

export type PoolOptions = Readonly<{
  connectionString: string
  namespace: string
  purpose: string
  maxConnections: number
  /** Settings of the server for each connection. */
  settings?: Readonly<Record<string, string>>
  /** How long one query may take before its connection is given up. Without it, as long as it takes. */
  queryTimeoutMs?: number
  /** Default 5 000. */
  connectTimeoutMs?: number
}>

export function createPool(options: PoolOptions): pg.Pool {
  const { connectionString, namespace, purpose, maxConnections, settings, queryTimeoutMs, connectTimeoutMs = 5_000 } = options
  const setup = sessionSetup(namespace, settings)
  const pool = new pg.Pool({
    connectionString,
    application_name: `steward ${purpose}`,
    max: maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    query_timeout: queryTimeoutMs,
    verify(client, done) {
      client.query(setup).then(() => done(), done)
    },
  })
  // Without a listener the death of a connection would end the process: of an idle one, and of one that is taken but has no query running,
  // as in the middle of a transaction. Its next query fails and tells its owner.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}
