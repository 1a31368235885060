/**
 * Redis refuses writes because maxmemory is reached and nothing may be evicted: raise maxmemory, back to its baseline when it is below that, else by a
 * quarter and never above the ceiling. Anyone who may write can fill Redis on purpose, so going beyond the baseline waits for a person; back up to it
 * need not. Runtime only: the configuration file is left alone.
 */
import { z } from 'zod'
import type { Action, Probe } from '../action.ts'
import { parseParams } from '../common/params.ts'
import { readInfo } from './info.ts'
import { isFull, type MemoryFacts, parseMemory } from './memory.ts'
import { mayConfigure } from './rights.ts'

/** Earlier plans recorded 0 for what was left out, and recorded parameters are read again. */
const bytes = z.int().min(0).max(Number.MAX_SAFE_INTEGER).exactOptional()
const params = z.strictObject({
  /** Highest value that may ever be set. Default: twice the baseline, or half of the memory of the host when there is none. */
  ceilingBytes: bytes,
  baselineBytes: bytes,
})
type Params = Readonly<z.infer<typeof params>>

const GROWTH = 1.25
const MIB = 1_048_576
const STEP_SMALL = 65_536

const memory: Omit<Probe<Params, MemoryFacts>, 'holds'> = { run: () => readInfo, read: parseMemory }

/** An absolute value, so that setting it twice is setting it once. */
export function nextMaxmemory({ ceilingBytes = 0, baselineBytes = 0 }: Params, { maxmemoryBytes, systemMemoryBytes }: MemoryFacts): number {
  if (maxmemoryBytes < baselineBytes) return baselineBytes
  const ceiling = ceilingBytes > 0 ? ceilingBytes : baselineBytes > 0 ? 2 * baselineBytes : systemMemoryBytes / 2
  const step = maxmemoryBytes >= 16 * MIB ? MIB : STEP_SMALL
  return Math.min(Math.ceil((maxmemoryBytes * GROWTH) / step) * step, Math.floor(ceiling))
}

const setMaxmemory = (value: string) => ({ kind: 'redis', command: ['CONFIG', 'SET', 'maxmemory', value] }) as const

const isBeyondBaseline = (params: Params, facts: MemoryFacts): boolean => nextMaxmemory(params, facts) > (params.baselineBytes ?? 0)

export const raiseMaxmemory: Action<Params, MemoryFacts> = {
  id: 'redis.raise-maxmemory',
  version: 1,
  service: 'redis',
  title: 'Raise maxmemory, not beyond its ceiling',
  reversibility: 'reversible',
  privilege: 'fixer',
  parse: parseParams('redis.raise-maxmemory', params),
  risk: (params, facts) => (isBeyondBaseline(params, facts) ? 'high' : 'medium'),
  beyondBaseline: isBeyondBaseline,
  resources: () => ['service:redis'],
  precondition: {
    ...memory,
    // Full alone is no fault: somebody must have been refused. And a ceiling already reached leaves nothing to do.
    holds: (facts, params) => isFull(facts) && facts.refusals > 0 && nextMaxmemory(params, facts) > facts.maxmemoryBytes,
  },
  dryRun: (params, facts) => ({
    kind: 'script',
    script: 'redis/check-free-memory.sh',
    args: [String(nextMaxmemory(params, facts) - facts.maxmemoryBytes)],
  }),
  rights: () => mayConfigure,
  snapshot: () => [
    {
      kind: 'setting',
      name: 'maxmemory',
      read: { kind: 'redis', command: ['CONFIG', 'GET', 'maxmemory'] },
      value: settingValue,
      write: setMaxmemory,
    },
  ],
  steps: (params, facts) => {
    const value = String(nextMaxmemory(params, facts))
    return [{ say: `set maxmemory to ${value} bytes (it is ${facts.maxmemoryBytes})`, run: setMaxmemory(value) }]
  },
  leaves: (params, facts) => ({ settings: { maxmemory: String(nextMaxmemory(params, facts)) } }),
  afterRestore: () => [],
  postcondition: { ...memory, holds: (facts) => facts.maxmemoryBytes > 0 && !isFull(facts) },
  timeoutMs: 15_000,
}

/** `CONFIG GET` answers with a list of name and value, or with a map over RESP3. */
function settingValue(output: Parameters<typeof parseMemory>[0]): string | undefined {
  if (output.kind !== 'value' || output.value === null || typeof output.value !== 'object') return undefined
  const value = Array.isArray(output.value) ? output.value[1] : Object.values(output.value)[0]
  return typeof value === 'string' && /^\d+$/.test(value) ? value : undefined
}
