/** Every other word for how a server is, derived in one place: the documents each had their own. */
import { unreachable } from '../decider.ts'
import type { Health, ServerState } from './lifecycle.ts'

type Standing = Readonly<{ enabled: boolean; state: ServerState; health: Health }>

export type StatusWords = Readonly<{
  /** Of the management module: running, stopped, error, starting, stopping. */
  management: 'running' | 'stopped' | 'error' | 'starting' | 'stopping'
  /** Of the tool servers: whether it may be used, and otherwise why not. */
  toolServer: 'enabled' | 'disabled' | 'error' | 'starting' | 'stopping'
  /** Of the dashboard. */
  dashboard: 'ok' | 'unhealthy' | 'error' | 'unknown'
}>

export const statusWords = (standing: Standing): StatusWords => ({
  management: managementWord(standing),
  toolServer: toolServerWord(standing),
  dashboard: dashboardWord(standing),
})

const managementWord = ({ state }: Standing): StatusWords['management'] => (state === 'maintenance' ? 'stopped' : state)

function toolServerWord({ enabled, state }: Standing): StatusWords['toolServer'] {
  if (!enabled) return 'disabled'
  switch (state) {
    case 'stopped':
    case 'maintenance':
      return 'disabled'
    case 'running':
      return 'enabled'
    case 'starting':
    case 'stopping':
    case 'error':
      return state
    default:
      return unreachable(state)
  }
}

function dashboardWord({ state, health }: Standing): StatusWords['dashboard'] {
  if (state === 'error') return 'error'
  if (state !== 'running' || health === 'unknown') return 'unknown'
  return health === 'healthy' ? 'ok' : 'unhealthy'
}
