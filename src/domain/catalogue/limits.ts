/** Limits that are part of the baseline: what they were while all was well. Beyond these, raising one is for a person. */
import type { TargetInventory } from './inventory.ts'
import type { Output, Program } from './program.ts'
import { readInfo } from './redis/info.ts'
import { parseMemory } from './redis/memory.ts'

export type LimitReading = Readonly<{ name: string; run: Program; read: (output: Output) => number | undefined }>

/** By the names that `${baseline.limits[...]}` and the ceilings of the policy use. */
export const limitReadings = ({ service, connection }: TargetInventory): readonly LimitReading[] =>
  service === 'redis' && connection?.kind === 'redis'
    ? [{ name: 'redis.maxmemory', run: readInfo, read: (output) => parseMemory(output)?.maxmemoryBytes }]
    : []
