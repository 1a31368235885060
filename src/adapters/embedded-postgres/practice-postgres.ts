/**
 * A service to practise on: a second bundled PostgreSQL with its configuration, its log file and its socket where a service has them, so that it
 * can be broken and healed. Like the embedded database it lives exactly as long as its owner, also when the owner is killed with -9.
 */
import { appendFile, chown, mkdir, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { findBinaries, linkLibraries } from './binaries.ts'
import { ensureCluster } from './cluster.ts'
import { lockDataDirectory } from './data-directory-lock.ts'
import { asEmbeddedPostgresError, EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { SUPERUSER } from './initialise.ts'
import { serverIdentity } from './server-identity.ts'
import { makeSocketDirectory } from './socket-directory.ts'
import { superviseServer } from './supervised-server.ts'
import { defaultTemplateBase } from './template.ts'

export type PracticePostgres = Readonly<{
  /** The file that the server is started with. */
  configPath: string
  /** Every `.conf` file in it is read behind `configPath`. */
  includeDir: string
  logPath: string
  /** The socket itself, as a driver on the host names it. */
  socket: string
  superuser: string
  connectionString: (role: string) => string
  stop: () => Promise<void>
}>

export type PracticePostgresOptions = Readonly<{
  /** Made when missing; everything lies below it, except the socket when its path would be too long. */
  dir: string
  /** Lines of postgresql.conf, behind those that make it a service of its own. */
  settings?: readonly string[]
  signal?: AbortSignal
}>

const STOP_GRACE_SECONDS = 2
const READY_WITHIN_MS = 30_000
const NEVER = new AbortController().signal

/** @throws EmbeddedPostgresError with the rule that was broken, and what to do about it. */
export async function startPracticePostgres(options: PracticePostgresOptions): Promise<PracticePostgres> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 })
  const dir = await realpath(options.dir)
  try {
    const lock = await lockDataDirectory({ path: join(dir, 'owner.lock'), dataDir: dir, patienceMs: 10_000, stopOrphan: async () => {} })
    try {
      return await startLocked(dir, lock, options)
    } catch (error) {
      await lock.release()
      throw error
    }
  } catch (error) {
    throw asEmbeddedPostgresError(error, dir)
  }
}

type Lock = Awaited<ReturnType<typeof lockDataDirectory>>

async function startLocked(dir: string, lock: Lock, { settings = [], signal = NEVER }: PracticePostgresOptions): Promise<PracticePostgres> {
  const cluster = join(dir, 'data')
  const binaries = await findBinaries()
  const env = await linkLibraries(binaries, join(dir, 'lib'), process.getuid?.() ?? 0)
  const identity = await serverIdentity({ ownerUid: process.getuid?.() ?? 0 })
  await ensureCluster(cluster, defaultTemplateBase(), { binaries, env, identity, signal })
  await rm(join(cluster, 'postmaster.pid'), { force: true })
  const uid = identity.uid ?? process.getuid?.() ?? 0
  const [configPath, includeDir, logDir] = [join(cluster, 'postgresql.conf'), join(cluster, 'conf.d'), join(dir, 'log')]
  for (const each of [includeDir, logDir]) {
    await mkdir(each, { recursive: true, mode: 0o700 })
    if (process.getuid?.() === 0) await chown(each, uid, uid)
  }
  const socketDirectory = await makeSocketDirectory({ dataDir: dir, serverUid: uid })
  await appendFile(
    configPath,
    `\n${[...serviceSettings(socketDirectory.path, logDir), ...settings, `include_dir = 'conf.d'`].join('\n')}\n`,
  )

  const server = superviseServer({
    command: [...identity.prefix, binaries.postgres, '-D', cluster],
    env,
    cwd: dir,
    lockFd: lock.fd,
    graceSeconds: STOP_GRACE_SECONDS,
    temporaryDirectory: socketDirectory.isTemporary ? socketDirectory.path : undefined,
  })
  const stop = async (): Promise<void> => {
    server.letGo()
    await server.exited
    await lock.release()
  }
  // A pipe that nobody reads fills up, and then the server stands still.
  let said = ''
  server.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4_096)
  })
  const connectionString = (role: string): string =>
    `postgresql://${encodeURIComponent(role)}@localhost:${PORT}/postgres?host=${encodeURIComponent(socketDirectory.path)}`
  let ended = false
  void server.exited.then(() => {
    ended = true
  })
  try {
    await untilReady(connectionString(SUPERUSER), () => ended, signal)
  } catch (cause) {
    server.letGo()
    await server.exited
    throw new EmbeddedPostgresError({ rule: 'start-failed', says: `the practice database in ${dir} did not start: ${said.trim()}`, cause })
  }
  return {
    configPath,
    includeDir,
    logPath: join(logDir, LOG_FILE),
    socket: join(socketDirectory.path, `.s.PGSQL.${PORT}`),
    superuser: SUPERUSER,
    connectionString,
    stop,
  }
}

const PORT = 5432
const LOG_FILE = 'postgresql.log'

/** What a service has that the embedded database has not: a log file of its own, written as Debian's packages have it, and reasons to write. */
const serviceSettings = (socketDirectory: string, logDir: string): readonly string[] => [
  `listen_addresses = ''`,
  `port = ${PORT}`,
  `unix_socket_directories = ${quoted(`"${socketDirectory.replaceAll('"', '""')}"`)}`,
  'unix_socket_permissions = 0700',
  'logging_collector = on',
  `log_directory = ${quoted(logDir)}`,
  `log_filename = '${LOG_FILE}'`,
  'log_rotation_age = 0',
  'log_rotation_size = 0',
  `log_line_prefix = '%m [%p] %q%u@%d '`,
  `lc_messages = 'C'`,
]

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

async function untilReady(connectionString: string, hasEnded: () => boolean, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS
  for (;;) {
    signal.throwIfAborted()
    if (hasEnded()) throw new Error('the server ended')
    const client = new pg.Client({ connectionString })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query('select')
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(50, undefined, { signal })
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}
