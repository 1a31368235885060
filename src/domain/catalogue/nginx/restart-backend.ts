/**
 * nginx cannot reach a backend: start the backend's unit, not nginx. Only a unit of the inventory, only when it refuses connections *and* its
 * process is gone; one that runs and refuses has another fault. Nothing can be restored: a stopped service is no state to go back to.
 */
import { z } from 'zod'
import type { Action, Probe } from '../action.ts'
import { parseParams } from '../common/params.ts'
import { mayStart } from '../common/rights.ts'
import { controlWords, startService, unitOf } from '../common/service-steps.ts'
import { lines } from '../common/text-facts.ts'
import { backend } from '../inventory.ts'

const params = z.strictObject({ backend })

type Params = z.infer<typeof params>

type Facts = Readonly<{ connect: 'accepted' | 'refused' | 'no-answer'; process: 'running' | 'stopped' | 'unknown' }>

const connects = ['accepted', 'refused', 'no-answer'] as const
const processes = ['running', 'stopped', 'unknown'] as const

const backendState: Omit<Probe<Params, Facts>, 'holds'> = {
  run({ backend: { address, control } }) {
    const colon = address.lastIndexOf(':')
    const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
    return { kind: 'script', script: 'nginx/read-backend.sh', args: [host, address.slice(colon + 1), ...controlWords(control)] }
  },
  read(output) {
    const line = lines(output)?.[0]
    const connect = connects.find((word) => word === line?.get('connect'))
    const process = processes.find((word) => word === line?.get('process'))
    return connect === undefined || process === undefined ? undefined : { connect, process }
  },
}

export const restartBackend: Action<Params, Facts> = {
  id: 'nginx.restart-backend',
  version: 2,
  service: 'nginx',
  title: 'Start the backend that refuses nginx',
  reversibility: 'compensable',
  privilege: 'fixer',
  parse: parseParams('nginx.restart-backend', params),
  risk: () => 'medium',
  resources: ({ backend }) => [`unit:${unitOf(backend.control)}`],
  precondition: { ...backendState, holds: ({ connect, process }) => connect === 'refused' && process === 'stopped' },
  rights: ({ backend }) => [mayStart(backend.control)],
  snapshot: () => [],
  steps: ({ backend }) => [startService(backend.control)],
  afterRestore: () => [],
  postcondition: { ...backendState, holds: ({ connect, process }) => connect === 'accepted' && process === 'running' },
  timeoutMs: 30_000,
}
