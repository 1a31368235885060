/**
 * A process that owns an embedded database: prints `ready PID CONNECTION` or `refused RULE MESSAGE` on one line of JSON, then lives until
 * it is told to stop (SIGTERM) or killed. With `--write` it inserts numbers one by one and prints each that was acknowledged.
 */
import pg from 'pg'
import { startEmbeddedPostgres } from '../../../src/adapters/embedded-postgres/embedded-postgres.ts'
import { EmbeddedPostgresError } from '../../../src/adapters/embedded-postgres/embedded-postgres-error.ts'

const [dataDir = '', ...flags] = process.argv.slice(2)
const print = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`)

try {
  const database = await startEmbeddedPostgres({ dataDir, avoidUserNamespace: flags.includes('--avoid-user-namespace') })
  process.once('SIGTERM', () => void database.stop().then(() => process.exit(0)))
  print({ kind: 'ready', pid: database.pid, connectionString: database.connectionString, socketDir: database.socketDir })
  if (flags.includes('--write')) await write(database.connectionString)
  // Nothing else may keep an owner alive that has nothing to do.
  else setInterval(() => undefined, 60_000)
} catch (error) {
  if (!(error instanceof EmbeddedPostgresError)) throw error
  print({ kind: 'refused', rule: error.rule, says: error.message, ownerPid: error.ownerPid })
}

async function write(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query('create table if not exists number (value integer primary key)')
  for (let value = 1; ; value += 1) {
    await client.query('insert into number (value) values ($1)', [value])
    print({ kind: 'acknowledged', value })
  }
}
