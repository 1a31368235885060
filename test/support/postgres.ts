/**
 * A real PostgreSQL for a test file: the bundled one, in a scratch directory. Speed before durability, unless `durable` asks for real fsync, as
 * benchmarks do. It stops with `stop`, and also when the test process is killed.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded-postgres.ts'

export interface TestPostgres extends AsyncDisposable {
  /** As the superuser, over the unix socket. */
  readonly connectionString: string
  /** For a proxy in front of it. */
  readonly socketPath: string
  /** The same database through a TCP port of this machine. */
  connectionStringAt(port: number): string
  stop(): Promise<void>
}

export async function startTestPostgres({ durable = false }: { durable?: boolean } = {}): Promise<TestPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pg-'))
  const server = await startEmbeddedPostgres({ dataDir, stopGraceSeconds: 1 })
  if (!durable) await switchDurabilityOff(server.connectionString)
  const stop = async (): Promise<void> => {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  return {
    connectionString: server.connectionString,
    socketPath: join(server.socketDir, '.s.PGSQL.5432'),
    connectionStringAt: (port) => throughPort(server.connectionString, port),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function switchDurabilityOff(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  for (const setting of ['fsync', 'full_page_writes']) await client.query(`alter system set ${setting} to off`)
  await client.query('select pg_reload_conf()')
  await client.end()
}

function throughPort(connectionString: string, port: number): string {
  const url = new URL(connectionString)
  url.searchParams.delete('host')
  url.host = `127.0.0.1:${port}`
  return url.href
}
