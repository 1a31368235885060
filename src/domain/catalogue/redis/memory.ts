/** Whether Redis refuses writes because it is full. It prints no line about it, so this is read from `INFO`. */
import type { Output } from '../program.ts'
import { errorCount, numberOf, parseInfo } from './info.ts'

export type MemoryFacts = Readonly<{
  maxmemoryBytes: number
  /** What Redis compares with maxmemory: buffers of replicas and of the append-only file are not counted. */
  usedBytes: number
  policy: string
  /** Writes refused since start. */
  refusals: number
  systemMemoryBytes: number
}>

export function parseMemory(output: Output): MemoryFacts | undefined {
  const info = parseInfo(output)
  if (info === undefined) return undefined
  const [used, notCounted = 0, maxmemoryBytes] = ['used_memory', 'mem_not_counted_for_evict', 'maxmemory'].map((field) =>
    numberOf(info, field),
  )
  const policy = info.get('maxmemory_policy')
  if (used === undefined || maxmemoryBytes === undefined || policy === undefined) return undefined
  return {
    maxmemoryBytes,
    usedBytes: Math.max(0, used - notCounted),
    policy,
    refusals: errorCount(info, 'OOM'),
    systemMemoryBytes: numberOf(info, 'total_system_memory') ?? 0,
  }
}

/** Buffers of clients come and go: within this much of the limit it counts as reached. */
const SLACK = 0.05
const SLACK_BYTES = 1_048_576

/** Nothing may be evicted, or only what has an expiry and evidently is not enough. */
export const isFull = ({ maxmemoryBytes, usedBytes, policy }: MemoryFacts): boolean =>
  maxmemoryBytes > 0 && !policy.startsWith('allkeys-') && usedBytes >= maxmemoryBytes - Math.min(SLACK * maxmemoryBytes, SLACK_BYTES)
