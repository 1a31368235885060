/**
 * The configurations that a server has had, and the one that it is known to have run well with: the last whose run reached running and did not fail soon
 * after. What ran is what was configured when the run began, not what was written down meanwhile.
 */
import type { Fold } from '../fold.ts'
import { elapsedMs, type Instant } from '../instant.ts'
import type { ServerConfig } from './config.ts'
import { changedFields } from './config-diff.ts'
import type { ServerEvent } from './events.ts'
import { STABLE_AFTER_MS } from './restarts.ts'

export type ConfigHistory = Readonly<{
  /** Every one, the oldest first; the last is the present one. */
  configs: readonly Readonly<{ config: ServerConfig; since: Instant }>[]
  run: Readonly<{ runId: string; config: ServerConfig; runningAt: Instant | undefined }> | undefined
  /** Of the last run that went well. */
  good: ServerConfig | undefined
}>

export const configHistory: Fold<ConfigHistory, ServerEvent> = {
  initialState: { configs: [], run: undefined, good: undefined },
  evolve(state, event) {
    switch (event.type) {
      case 'ServerRegistered':
      case 'ServerConfigChanged':
        return { ...state, configs: [...state.configs, { config: event.data.config, since: event.data.at }] }
      case 'ServerStarting': {
        const present = state.configs.at(-1)
        return { ...state, run: present && { runId: event.data.runId, config: present.config, runningAt: undefined } }
      }
      case 'ServerRunning':
        return state.run?.runId === event.data.runId ? { ...state, run: { ...state.run, runningAt: event.data.at } } : state
      case 'ServerFailed':
      case 'ServerStopped': {
        const { run } = state
        const { runId, at } = event.data
        if (run?.runId !== runId) return state
        const wentWell = run.runningAt !== undefined && (event.type === 'ServerStopped' || elapsedMs(run.runningAt, at) >= STABLE_AFTER_MS)
        return { ...state, run: undefined, ...(wentWell ? { good: run.config } : {}) }
      }
      default:
        return state
    }
  },
}

/** Undefined: there is none, or it is the present one. What ran well before and fails now is not what has to be mended. */
export function lastGoodConfig({ configs, good }: ConfigHistory): ServerConfig | undefined {
  const present = configs.at(-1)
  return good && present && changedFields(good, present.config).length > 0 ? good : undefined
}
