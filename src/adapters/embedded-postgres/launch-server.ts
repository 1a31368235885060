/** Starts the server once and waits until it accepts connections; a server that does not come so far leaves nothing running. */
import type { Logger } from '../../domain/ports/logger.ts'
import { diskFull, EmbeddedPostgresError, saysDiskFull } from './embedded-postgres-error.ts'
import { followServerLog } from './server-log.ts'
import type { SupervisedServer, SuperviseOptions } from './supervised-server.ts'
import { superviseServer } from './supervised-server.ts'

export type RunningServer = Readonly<{ pid: number; exited: Promise<void>; letGo(): void }>

/**
 * Takes as long as recovery takes, which is as long as there is log to replay; the signal ends it.
 * @throws EmbeddedPostgresError `start-failed`, `disk-full`
 */
export async function launchServer({ dataDir, logger, signal, ...options }: LaunchOptions): Promise<RunningServer> {
  signal.throwIfAborted()
  const server = superviseServer(options)
  const log = followServerLog(server.stderr, logger)
  signal.addEventListener('abort', server.letGo, { once: true })
  try {
    const pid = await server.pid
    await Promise.race([log.ready, server.exited])
    signal.throwIfAborted()
    if (pid === undefined || !log.isReady()) throw failed(dataDir, log.lastLines())
    return { pid, exited: server.exited, letGo: server.letGo }
  } catch (error) {
    await end(server)
    throw error
  } finally {
    signal.removeEventListener('abort', server.letGo)
  }
}

export type LaunchOptions = SuperviseOptions & Readonly<{ dataDir: string; logger: Logger | undefined; signal: AbortSignal }>

async function end(server: SupervisedServer): Promise<void> {
  server.letGo()
  await server.exited
}

function failed(dataDir: string, output: string): EmbeddedPostgresError {
  if (saysDiskFull(output)) return diskFull(dataDir, new Error(output))
  return new EmbeddedPostgresError({
    rule: 'start-failed',
    says: `the database in ${dataDir} did not start: ${output || 'it said nothing'}`,
  })
}
