/**
 * A server fails since its configuration was changed: give it back the last configuration that it ran well with, and have it started. Configurations
 * come out of the server's own history, named by their hash; nothing is ever composed.
 */
import { z } from 'zod'
import type { Action, Probe } from '../action.ts'
import { parseParams, SETTLED_AFTER_SECONDS } from '../common/params.ts'
import type { Program } from '../program.ts'
import { look, readLook, runsWell, type ServerLook } from './look.ts'
import { configurationSetting, intentSetting, SERVER_STEP_TIMEOUT_MS, serverId, want } from './settings.ts'

const params = z.strictObject({ serverId })
type Params = z.infer<typeof params>

const seen: Omit<Probe<Params, ServerLook>, 'holds'> = { run: () => look(['present', 'last-good']), read: readLook }

const print = (sha256: string): Program => ({ kind: 'server', request: { verb: 'print-configuration', sha256 } })

export const restoreConfiguration: Action<Params, ServerLook> = {
  id: 'server.restore-configuration',
  version: 1,
  service: 'server',
  title: 'Give the server its last good configuration back, and start it',
  reversibility: 'reversible',
  privilege: 'fixer',
  parse: parseParams('server.restore-configuration', params),
  // Somebody who has changed it a moment ago is at work there.
  risk: (_params, { configurationAgeSeconds }) => (configurationAgeSeconds < SETTLED_AFTER_SECONDS ? 'high' : 'medium'),
  resources: ({ serverId }) => [`server:${serverId}`],
  precondition: {
    ...seen,
    // The earlier one must start, and the present one must not, or be known to fall over once it runs.
    holds: ({ supervisor, lastGood, lastGoodWorks, present, wasRunning }) =>
      supervisor === 'gave-up' && lastGood !== '' && lastGoodWorks === 'works' && (present === 'fails' || wasRunning),
  },
  previewSettings: (_params, { configuration, lastGood }) => [
    {
      setting: 'configuration',
      now: { sha256: configuration, print: print(configuration) },
      next: { sha256: lastGood, print: print(lastGood) },
    },
  ],
  snapshot: (_params, { lastGood }) => [configurationSetting(lastGood), intentSetting],
  steps: (_params, { configuration, lastGood }) => [
    {
      say: `put the configuration ${lastGood.slice(0, 12)} back in place of ${configuration.slice(0, 12)}`,
      run: { kind: 'server', request: { verb: 'configure', from: configuration, to: lastGood } },
    },
    want('running'),
  ],
  leaves: (_params, { lastGood }) => ({ settings: { configuration: lastGood, intent: 'running' } }),
  afterRestore: () => [],
  postcondition: { ...seen, run: () => look(), holds: runsWell },
  timeoutMs: SERVER_STEP_TIMEOUT_MS,
}
