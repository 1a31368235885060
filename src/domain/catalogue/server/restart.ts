/**
 * The supervisor has given a server up that starts when it is tried: ask the supervisor to start it again. Only the supervisor starts anything; this
 * makes its counts begin anew, and sees whether that was enough.
 */
import { z } from 'zod'
import type { Action, Probe } from '../action.ts'
import { parseParams } from '../common/params.ts'
import { look, readLook, runsWell, type ServerLook } from './look.ts'
import { intentSetting, SERVER_STEP_TIMEOUT_MS, serverId, want } from './settings.ts'

const params = z.strictObject({ serverId })
type Params = z.infer<typeof params>

const seen: Omit<Probe<Params, ServerLook>, 'holds'> = { run: () => look(['present']), read: readLook }

export const restart: Action<Params, ServerLook> = {
  id: 'server.restart',
  version: 1,
  service: 'server',
  title: 'Ask the supervisor to start the server again',
  reversibility: 'reversible',
  privilege: 'fixer',
  parse: parseParams('server.restart', params),
  risk: () => 'low',
  resources: ({ serverId }) => [`server:${serverId}`],
  precondition: { ...seen, holds: ({ supervisor, present }) => supervisor === 'gave-up' && present === 'works' },
  snapshot: () => [intentSetting],
  steps: () => [want('running')],
  leaves: () => ({ settings: { intent: 'running' } }),
  afterRestore: () => [],
  postcondition: { ...seen, run: () => look(), holds: runsWell },
  timeoutMs: SERVER_STEP_TIMEOUT_MS,
}
