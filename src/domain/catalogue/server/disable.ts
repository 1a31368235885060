/**
 * The supervisor has given a server up, and it does not start: disable it, so that its callers are told and nothing starts it with Steward. The fault
 * stays; what ends is that anybody waits for it.
 */
import { z } from 'zod'
import type { Action, Probe } from '../action.ts'
import { parseParams } from '../common/params.ts'
import { look, readLook, type ServerLook } from './look.ts'
import { intentSetting, SERVER_STEP_TIMEOUT_MS, serverId, want } from './settings.ts'

const params = z.strictObject({ serverId })
type Params = z.infer<typeof params>

const seen: Omit<Probe<Params, ServerLook>, 'holds'> = { run: () => look(['present']), read: readLook }

export const disable: Action<Params, ServerLook> = {
  id: 'server.disable',
  version: 1,
  service: 'server',
  title: 'Disable the server',
  reversibility: 'reversible',
  privilege: 'fixer',
  parse: parseParams('server.disable', params),
  risk: () => 'medium',
  resources: ({ serverId }) => [`server:${serverId}`],
  precondition: {
    ...seen,
    holds: ({ supervisor, present, intent }) => supervisor === 'gave-up' && present === 'fails' && intent !== 'disabled',
  },
  snapshot: () => [intentSetting],
  steps: () => [want('disabled')],
  leaves: () => ({ settings: { intent: 'disabled' } }),
  afterRestore: () => [],
  postcondition: { ...seen, run: () => look(), holds: ({ intent, lists }) => intent === 'disabled' && lists === 'not-running' },
  timeoutMs: SERVER_STEP_TIMEOUT_MS,
}
