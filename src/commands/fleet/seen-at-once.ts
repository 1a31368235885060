/**
 * What somebody decided of a server holds for the next call: who was told that a tool is disabled must not see it called afterwards. The supervisor
 * hears of every event by its subscription, a moment later than the one who asked would go on.
 */
import type { Clock } from '../../domain/ports/clock.ts'
import type { HandleCommand } from '../aggregate-commands.ts'

export type SeesServers = Readonly<{
  /** Resolves when what is recorded of this server is known to whoever lets calls through; at once where another instance does. */
  seen(serverId: string): Promise<void>
}>

/** The answer does not wait longer: what was decided is recorded, and a log that is away keeps nobody from knowing that. */
const AT_MOST_MS = 1_000

export function seenAtOnce(handle: HandleCommand, clock: Clock, servers: () => SeesServers | undefined): HandleCommand {
  return async (addressed, cause) => {
    const handled = await handle(addressed, cause)
    // Reports of the supervisor itself wait for nobody: it would wait for itself.
    if (addressed.aggregate !== 'server' || !handled.changed || cause.actor === 'steward') return handled
    const over = new AbortController()
    try {
      const late = clock.sleep(AT_MOST_MS, over.signal).catch(() => undefined)
      await Promise.race([servers()?.seen(addressed.id), late])
    } finally {
      over.abort()
    }
    return handled
  }
}
