/**
 * The kernel ends a server because it uses more memory than its limit, and the supervisor has given it up: raise the limit, back to its baseline when
 * it is below that, else by half and never above the ceiling. Whoever may call a server may fill its memory on purpose, so going beyond the baseline
 * waits for a person. What the server writes about memory proves nothing: the kernel has to have ended it.
 */
import { z } from 'zod'
import type { Action, Probe } from '../action.ts'
import { parseParams } from '../common/params.ts'
import { look, readLook, runsWell, type ServerLook } from './look.ts'
import { intentSetting, memoryLimitSetting, SERVER_STEP_TIMEOUT_MS, serverId, want } from './settings.ts'

const bytes = z.int().min(0).max(Number.MAX_SAFE_INTEGER).exactOptional()
const params = z.strictObject({
  serverId,
  /** Highest value that may ever be set. Default: twice the baseline; without a baseline, none is set. */
  ceilingBytes: bytes,
  baselineBytes: bytes,
})
type Params = Readonly<z.infer<typeof params>>

const GROWTH = 1.5
const MIB = 1_048_576

const seen: Omit<Probe<Params, ServerLook>, 'holds'> = { run: () => look(['present']), read: readLook }

/** An absolute value, so that setting it twice is setting it once. */
export function nextMemoryLimit({ ceilingBytes = 0, baselineBytes = 0 }: Params, { memoryLimitBytes }: ServerLook): number {
  if (memoryLimitBytes < baselineBytes) return baselineBytes
  const ceiling = ceilingBytes > 0 ? ceilingBytes : 2 * baselineBytes
  return Math.min(Math.ceil((memoryLimitBytes * GROWTH) / MIB) * MIB, ceiling)
}

const isBeyondBaseline = (params: Params, facts: ServerLook): boolean => nextMemoryLimit(params, facts) > (params.baselineBytes ?? 0)

/** Tried, it was ended by the kernel again; or it starts, and it is while it runs that it needs more than it has. */
const needsMemory = ({ because, wasRunning, present, presentBecause }: ServerLook): boolean =>
  because === 'out-of-memory' && (present === 'fails' ? presentBecause === 'out-of-memory' : present === 'works' && wasRunning)

export const raiseMemoryLimit: Action<Params, ServerLook> = {
  id: 'server.raise-memory-limit',
  version: 1,
  service: 'server',
  title: 'Raise the memory limit of the server, not beyond its ceiling, and start it',
  reversibility: 'reversible',
  privilege: 'fixer',
  parse: parseParams('server.raise-memory-limit', params),
  risk: (params, facts) => (isBeyondBaseline(params, facts) ? 'high' : 'medium'),
  beyondBaseline: isBeyondBaseline,
  resources: ({ serverId }) => [`server:${serverId}`],
  precondition: {
    ...seen,
    holds: (facts, params) =>
      facts.supervisor === 'gave-up' &&
      facts.memoryLimitBytes > 0 &&
      needsMemory(facts) &&
      nextMemoryLimit(params, facts) > facts.memoryLimitBytes,
  },
  snapshot: () => [memoryLimitSetting, intentSetting],
  steps(params, facts) {
    const next = nextMemoryLimit(params, facts)
    return [
      {
        say: `set its memory limit to ${next} bytes (it is ${facts.memoryLimitBytes})`,
        run: { kind: 'server', request: { verb: 'limit-memory', bytes: next } },
      },
      want('running'),
    ]
  },
  leaves: (params, facts) => ({ settings: { 'memory-limit': String(nextMemoryLimit(params, facts)), intent: 'running' } }),
  afterRestore: () => [],
  postcondition: { ...seen, run: () => look(), holds: runsWell },
  timeoutMs: SERVER_STEP_TIMEOUT_MS,
}
