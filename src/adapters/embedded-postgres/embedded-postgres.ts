/**
 * The bundled PostgreSQL in the data directory: started, owned and stopped by this process.
 * It lives exactly as long as its owner, also when the owner is killed with -9, and the directory never has two owners.
 */
import { realpath, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../../domain/ports/logger.ts'
import { findBinaries, linkLibraries } from './binaries.ts'
import { clusterOwner, ensureCluster } from './cluster.ts'
import type { DataDirectoryLock } from './data-directory-lock.ts'
import { asEmbeddedPostgresError } from './embedded-postgres-error.ts'
import { holdDataDirectory } from './hold-data-directory.ts'
import { SUPERUSER } from './initialise.ts'
import { keepRunning } from './keep-running.ts'
import type { RunningServer } from './launch-server.ts'
import { launchServer } from './launch-server.ts'
import { serverIdentity } from './server-identity.ts'
import { asArguments, launchSettings } from './settings.ts'
import { makeSocketDirectory } from './socket-directory.ts'
import { defaultTemplateBase } from './template.ts'

export interface EmbeddedPostgres extends AsyncDisposable {
  /** The same for the whole life, also when the server had to be started again. */
  readonly connectionString: string
  readonly socketDir: string
  /** Of the server (the postmaster) that runs now. */
  readonly pid: number
  /** Disconnects the clients, stops the server and gives the directory free. May be called again. */
  stop(): Promise<void>
}

export type EmbeddedPostgresOptions = Readonly<{
  /** Made when missing. Holds the cluster, the lock, and the socket when its path is short enough. */
  dataDir: string
  /** Of a directory that is held already: it stays locked when the database has stopped. Default: it is locked here, for the life of the database. */
  lock?: DataDirectoryLock
  logger?: Logger
  /** Ends the start; a started server is ended by `stop`. */
  signal?: AbortSignal
  /** How long the server may take to stop in good order before it is made to; default 5. Nothing is lost either way. */
  stopGraceSeconds?: number
  /** How long a server that lost its owner is waited for before it is told to stop; default 10 000, longer than its own supervisor takes. */
  orphanPatienceMs?: number
  /** Where the template is kept; default beside the packages; `false`: none. */
  templateBase?: string | false
  /** Root only: run the server under another user id even where a user namespace is possible. */
  avoidUserNamespace?: boolean
}>

/** @throws EmbeddedPostgresError with the rule that was broken, and what to do about it. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const lock = options.lock ?? (await holdDataDirectory(options))
  const release = options.lock === undefined ? lock.release : async () => undefined
  try {
    return await startLocked(await realpath(options.dataDir), { ...lock, release }, options)
  } catch (error) {
    await release()
    throw asEmbeddedPostgresError(error, options.dataDir)
  }
}

const NEVER = new AbortController().signal

async function startLocked(dataDir: string, lock: DataDirectoryLock, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { logger, signal = NEVER, stopGraceSeconds = 5, templateBase = defaultTemplateBase(), avoidUserNamespace } = options
  const cluster = join(dataDir, 'cluster')
  const binaries = await findBinaries()
  const directoryUid = (await stat(dataDir)).uid
  const env = await linkLibraries(binaries, join(dataDir, 'lib'), directoryUid)
  const identity = await serverIdentity({ ownerUid: (await clusterOwner(cluster)) ?? directoryUid, avoidUserNamespace })
  await ensureCluster(cluster, templateBase === false ? undefined : templateBase, { binaries, env, identity, signal })
  // Every process of a server holds our lock, so whatever ran here has ended. PostgreSQL itself only compares process ids, and takes a
  // zombie, or in a restarted container any other process, for the server of last time.
  await rm(join(cluster, 'postmaster.pid'), { force: true })

  const launch = async (signal: AbortSignal): Promise<RunningServer & { socketDir: string }> => {
    const socket = await makeSocketDirectory({ dataDir, serverUid: (await stat(cluster)).uid })
    const server = await launchServer({
      command: [...identity.prefix, binaries.postgres, '-D', cluster, ...asArguments('-c', launchSettings(socket.path))],
      env,
      cwd: dataDir,
      lockFd: lock.fd,
      graceSeconds: stopGraceSeconds,
      temporaryDirectory: socket.isTemporary ? socket.path : undefined,
      ...{ dataDir, logger, signal },
    })
    return { ...server, socketDir: socket.path }
  }

  const first = await launch(signal)
  const kept = keepRunning(first, launch, logger)
  const stop = async (): Promise<void> => {
    await kept.stop()
    await lock.release()
  }
  logger?.info({ source: 'postgres', pid: first.pid, dataDir }, 'the embedded database is ready')
  return {
    connectionString: connectionString(first.socketDir),
    socketDir: first.socketDir,
    get pid() {
      return kept.pid()
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** Every part is named, so that PGPORT and its kin in the environment change nothing. No password: who reaches the socket is the owner. */
const connectionString = (socketDir: string): string =>
  `postgresql://${SUPERUSER}@localhost:5432/postgres?host=${encodeURIComponent(socketDir)}`
