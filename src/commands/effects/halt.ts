/** Whether healing is stopped: by the switch in the log, by a file in the data directory, or by a file on the host. */
import { HEALING_SWITCH_ID } from '../../domain/aggregates.ts'
import type { StopFile } from '../../domain/ports/stop-file.ts'
import type { EventLog } from '../event-log.ts'
import type { Reached } from './reach.ts'

/** What stops healing now; undefined when nothing does. */
export type Halted = (reached: Reached, signal: AbortSignal) => Promise<string | undefined>

export const HOST_STOP_FILE = 'healing.stop'

export const createHalted =
  ({ log, stopFile }: { log: EventLog; stopFile: StopFile }): Halted =>
  async ({ target, execute }, signal) => {
    const { stopped } = (await log.states['healing-switch'](HEALING_SWITCH_ID)).state
    if (stopped) return `${stopped.by}: ${stopped.reason}`
    const local = await stopFile.present()
    if (local !== undefined) return `the file ${local.path}`
    // A managed server has no host of its own: the file in the data directory is the one on its host.
    if (target.registration.service === 'server') return undefined
    const path = `${target.registration.stateDir}/${HOST_STOP_FILE}`
    const there = await execute({ kind: 'exec', argv: ['test', '-e', path] }, { signal })
    return there.kind === 'text' && there.exitCode === 0 ? `the file ${path} on the host` : undefined
  }
