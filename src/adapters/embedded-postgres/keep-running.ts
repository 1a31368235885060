/**
 * Starts the server again when it ends without being asked to: killed for memory, or stopped by a full disk that has space again. The
 * address stays the same, so for its clients it is an outage like any other. Only `stop` ends it for good.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../../domain/ports/logger.ts'
import type { RunningServer } from './launch-server.ts'

export type KeptServer = Readonly<{ pid(): number; stop(): Promise<void> }>

export function keepRunning(
  first: RunningServer,
  launch: (signal: AbortSignal) => Promise<RunningServer>,
  logger: Logger | undefined,
): KeptServer {
  const stopping = new AbortController()
  let server = first

  const relaunch = async (): Promise<void> => {
    let pauseMs = FIRST_PAUSE_MS
    while (!stopping.signal.aborted) {
      const startedMs = performance.now()
      await server.exited
      if (stopping.signal.aborted) return
      if (performance.now() - startedMs > LONG_LIFE_MS) pauseMs = FIRST_PAUSE_MS
      logger?.error({ source: 'postgres', pid: server.pid, pauseMs }, 'the embedded database ended unexpectedly and is started again')
      await delay(pauseMs, undefined, { signal: stopping.signal })
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      try {
        server = await launch(stopping.signal)
        logger?.info({ source: 'postgres', pid: server.pid }, 'the embedded database is ready again')
      } catch (error) {
        stopping.signal.throwIfAborted()
        logger?.error({ source: 'postgres', error }, 'the embedded database could not be started again')
      }
    }
  }

  const ended = relaunch().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error
  })
  const stop = async (): Promise<void> => {
    stopping.abort()
    server.letGo()
    await server.exited
    await ended
  }
  return { pid: () => server.pid, stop }
}

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000
/** A server that lived this long was well; its end is a new misfortune, not the old one. */
const LONG_LIFE_MS = 10_000
