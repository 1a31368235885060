/** Limits that are part of the baseline: what they were while all was well. Beyond these, raising one is for a person. */
import type { TargetInventory } from './inventory.ts'
import type { Output, Program } from './program.ts'
import { readInfo } from './redis/info.ts'
import { parseMemory } from './redis/memory.ts'
import { look, readLook } from './server/look.ts'

export type LimitReading = Readonly<{ name: string; run: Program; read: (output: Output) => number | undefined }>

/** By the names that `${baseline.limits[...]}` and the ceilings of the policy use. */
export function limitReadings({ service, connection }: TargetInventory): readonly LimitReading[] {
  if (service === 'redis' && connection?.kind === 'redis') {
    return [{ name: 'redis.maxmemory', run: readInfo, read: (output) => parseMemory(output)?.maxmemoryBytes }]
  }
  // 0 is no limit, and nothing to go back to.
  if (service === 'server') {
    return [{ name: 'server.memory-limit', run: look(), read: (output) => readLook(output)?.memoryLimitBytes || undefined }]
  }
  return []
}
