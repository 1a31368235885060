/**
 * The entry of the command line: checks the Node it runs under before anything else is loaded, hands in what only an entry may know - the adapters -
 * and ends with the exit code.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CliContext } from './context.ts'
import type { DatabaseFacts, LocalServices } from './local-services.ts'

const NEEDED_MAJOR = 24

if (Number.parseInt(process.versions.node, 10) < NEEDED_MAJOR) {
  process.stderr.write(
    `steward: this is Node ${process.versions.node}, and Node ${NEEDED_MAJOR} is needed.\n` +
      'Use `npx steward` or the npm scripts, which find the Node that `npm ci` brings along, or install Node 24 from https://nodejs.org\n',
  )
  process.exit(1)
}

const { default: packageJson } = await import('../../package.json', { with: { type: 'json' } })
const { runCli } = await import('./run-cli.ts')

/** Adapters are loaded when a command needs them: asking for a list of hosts should not wait for a database driver. */
const local: LocalServices = {
  async startService(loaded, options) {
    const { startService } = await import('../main.ts')
    return startService(loaded, options)
  },
  async demoTools() {
    const [{ startPracticeHost }, { startPracticePostgres }] = await Promise.all([
      import('../adapters/ssh/practice-host.ts'),
      import('../adapters/embedded-postgres/practice-postgres.ts'),
    ])
    return { startPracticeHost, startPracticePostgres }
  },
  async knownActions() {
    const { catalogue } = await import('../domain/catalogue/catalogue.ts')
    return catalogue.map(({ id }) => id)
  },
  async checkFaults(directory = fileURLToPath(new URL('../../faults', import.meta.url))) {
    const [{ checkFaults }, { compileLogMatcher }] = await Promise.all([
      import('../adapters/fault-files/fault-files.ts'),
      import('../adapters/log-matcher/log-matcher.ts'),
    ])
    return { directory, ...(await checkFaults(directory, compileLogMatcher)) }
  },
  async tryEmbeddedDatabase({ dataDir, namespace }, signal) {
    const { startEmbeddedPostgres } = await import('../adapters/embedded-postgres/embedded-postgres.ts')
    const startedIn = async (directory: string): Promise<DatabaseFacts> => {
      await using server = await startEmbeddedPostgres({ dataDir: directory, signal })
      return await askPostgres(server.connectionString, namespace)
    }
    if (existsSync(join(dataDir, 'cluster'))) return startedIn(dataDir)
    const trial = await mkdtemp(join(tmpdir(), 'steward-doctor-'))
    try {
      return await startedIn(trial)
    } finally {
      await rm(trial, { recursive: true, force: true })
    }
  },
  askDatabase: ({ url, namespace }) => askPostgres(url, namespace),
  async askEventStore(options, signal) {
    const { createEventStoreDbEventStore } = await import('../adapters/event-store/eventstoredb/eventstoredb-event-store.ts')
    const store = createEventStoreDbEventStore(options)
    try {
      return { head: await orAborted(store.head(), signal) }
    } finally {
      await store.close()
    }
  },
}

const context: CliContext = {
  version: packageJson.version,
  nodeVersion: process.versions.node,
  platform: `${process.platform}-${process.arch}`,
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  nowMs: () => Date.now(),
  self: [process.execPath, import.meta.filename],
  exit: (code) => process.exit(code),
  onSignal(signals, listener) {
    for (const signal of signals) process.on(signal, listener)
    return {
      [Symbol.dispose]() {
        for (const signal of signals) process.off(signal, listener)
      },
    }
  },
  local,
}

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0)
  throw error
})
// One that does not want to hear the reason still gets the exit code.
process.stderr.on('error', (error) => {
  if (!('code' in error) || error.code !== 'EPIPE') throw error
})

process.exitCode = await runCli(process.argv.slice(2), context)

async function askPostgres(connectionString: string, namespace: string): Promise<DatabaseFacts> {
  const [{ default: pg }, { migrations }] = await Promise.all([import('pg'), import('../../migrations/index.ts')])
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
    application_name: 'steward doctor',
  })
  // Told by the query too; without a listener it would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<Pick<DatabaseFacts, 'version' | 'encoding'>>(
      `select current_setting('server_version') as version, current_setting('server_encoding') as encoding`,
    )
    const [facts] = rows
    if (facts === undefined) throw new Error('the server gave no answer')
    const table = `${client.escapeIdentifier(namespace)}.migrations`
    const exists = await client.query<{ exists: boolean }>('select to_regclass($1) is not null as exists', [table])
    const applied =
      exists.rows[0]?.exists === true ? (await client.query<{ name: string }>(`select name from ${table} order by name`)).rows : []
    return { ...facts, unknownMigrations: applied.map(({ name }) => name).filter((name) => !Object.hasOwn(migrations, name)) }
  } finally {
    await client.end()
  }
}

function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => aborted.reject(signal.reason), { once: true })
  return Promise.race([work, aborted.promise])
}
