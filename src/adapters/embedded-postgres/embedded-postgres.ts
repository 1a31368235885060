/**
 * The bundled PostgreSQL in the data directory: started, owned and stopped by this process.
 * It lives exactly as long as its owner, also when the owner is killed with -9, and the directory never has two owners.
 */
import { chown, mkdir, readFile, readlink, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../../domain/ports/logger.ts'
import { findBinaries, linkLibraries } from './binaries.ts'
import { clusterOwner, ensureCluster } from './cluster.ts'
import type { DataDirectoryLock } from './data-directory-lock.ts'
import { lockDataDirectory } from './data-directory-lock.ts'
import { asEmbeddedPostgresError, diskFull, EmbeddedPostgresError, saysDiskFull } from './embedded-postgres-error.ts'
import { SUPERUSER } from './initialise.ts'
import { serverIdentity } from './server-identity.ts'
import { followServerLog } from './server-log.ts'
import { asArguments, launchSettings } from './settings.ts'
import { makeSocketDirectory } from './socket-directory.ts'
import { superviseServer } from './supervised-server.ts'
import { defaultTemplateBase } from './template.ts'

export interface EmbeddedPostgres extends AsyncDisposable {
  readonly connectionString: string
  readonly socketDir: string
  /** Of the server (the postmaster). */
  readonly pid: number
  /** Resolves when the server has ended, whoever ended it. */
  readonly exited: Promise<void>
  /** Disconnects the clients, stops the server and gives the directory free. May be called again. */
  stop(): Promise<void>
}

export type EmbeddedPostgresOptions = Readonly<{
  /** Made when missing. Holds the cluster, the lock, and the socket when its path is short enough. */
  dataDir: string
  logger?: Logger
  /** Ends the start; a started server is ended by `stop`. */
  signal?: AbortSignal
  /** How long the server may take to stop in good order before it is made to; default 5. Nothing is lost either way. */
  stopGraceSeconds?: number
  /** Where the template is kept; default beside the packages; `false`: none. */
  templateBase?: string | false
  /** Root only: run the server under another user id even where a user namespace is possible. */
  avoidUserNamespace?: boolean
}>

/** @throws EmbeddedPostgresError with the rule that was broken, and what to do about it. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    await mkdir(options.dataDir, { recursive: true, mode: 0o700 })
    const dataDir = await realpath(options.dataDir)
    const lock = await lockDataDirectory({
      path: join(dataDir, 'owner.lock'),
      dataDir,
      patienceMs: ORPHAN_PATIENCE_MS,
      stopOrphan: () => stopOrphan(join(dataDir, 'cluster')),
      signal: options.signal,
    })
    try {
      return await startLocked(dataDir, lock, options)
    } catch (error) {
      await lock.release()
      throw error
    }
  } catch (error) {
    throw asEmbeddedPostgresError(error, options.dataDir)
  }
}

/** Longer than a supervisor takes to stop a server that does not want to. */
const ORPHAN_PATIENCE_MS = 10_000

async function startLocked(dataDir: string, lock: DataDirectoryLock, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { logger, signal, stopGraceSeconds = 5, templateBase = defaultTemplateBase(), avoidUserNamespace } = options
  const cluster = join(dataDir, 'cluster')
  const binaries = await findBinaries()
  const env = await linkLibraries(binaries, join(dataDir, 'lib'))
  const identity = await serverIdentity({ ownerUid: await clusterOwner(cluster), avoidUserNamespace })
  await ensureCluster(cluster, templateBase === false ? undefined : templateBase, { binaries, env, identity, signal })

  const serverUid = identity.uid ?? (await stat(cluster)).uid
  const socket = await makeSocketDirectory({ dataDir, serverUid })
  if (identity.uid !== undefined) await chown(socket.path, identity.uid, identity.uid)
  signal?.throwIfAborted()

  const server = superviseServer({
    command: [...identity.prefix, binaries.postgres, '-D', cluster, ...asArguments('-c', launchSettings(socket.path))],
    env,
    cwd: dataDir,
    lockFd: lock.fd,
    graceSeconds: stopGraceSeconds,
    temporaryDirectory: socket.isTemporary ? socket.path : undefined,
  })
  const { exited } = server
  const log = followServerLog(server.stderr, logger)
  const stop = async (): Promise<void> => {
    server.letGo()
    await exited
    await lock.release()
  }

  signal?.addEventListener('abort', server.letGo, { once: true })
  try {
    const pid = await server.pid
    const outcome = await Promise.race([log.ready.then(() => 'ready' as const), exited.then(() => 'ended' as const)])
    signal?.throwIfAborted()
    if (outcome === 'ended' || pid === undefined) throw failed(dataDir, log.lastLines())
    logger?.info({ source: 'postgres', pid, dataDir }, 'the embedded database is ready')
    return { connectionString: connectionString(socket.path), socketDir: socket.path, pid, exited, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    server.letGo()
    await exited
    throw error
  } finally {
    signal?.removeEventListener('abort', server.letGo)
  }
}

function failed(dataDir: string, output: string): EmbeddedPostgresError {
  if (saysDiskFull(output)) return diskFull(dataDir, new Error(output))
  return new EmbeddedPostgresError({
    rule: 'start-failed',
    says: `the database in ${dataDir} did not start: ${output || 'it said nothing'}`,
  })
}

/** Every part is named, so that PGPORT and its kin in the environment change nothing. No password: who reaches the socket is the owner. */
const connectionString = (socketDir: string): string =>
  `postgresql://${SUPERUSER}@localhost:5432/postgres?host=${encodeURIComponent(socketDir)}`

/** A server whose owner and supervisor were both killed stops for nobody; the next owner stops it, once sure that it is this one. */
async function stopOrphan(cluster: string): Promise<void> {
  const pid = Number.parseInt(await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => ''), 10)
  if (Number.isNaN(pid)) return
  const workingDirectory = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
  if (workingDirectory === cluster) process.kill(pid, 'SIGINT')
}
