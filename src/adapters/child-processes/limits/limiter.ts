/**
 * One means of the machine by which the programs of the fleet are kept within their limits and, with a group of the kernel's own, also held
 * together: nothing that runs in such a group leaves it, whatever it does to its session, its parents or its environment.
 */
import type { ProcessLimits } from '../../../domain/server/config.ts'
import type { LimitMethod } from '../../../domain/server/events.ts'

export type Limiter = Readonly<{
  method: LimitMethod
  /** The limits that this means keeps; the others are not kept at all. */
  keeps: readonly (keyof ProcessLimits)[]
  /** Whether the programs are held together by the kernel. */
  contains: boolean
  says: string
  /** Directories below which the groups of this life stand, for the watchdog. */
  directories: readonly string[]
  /** @throws when the place cannot be made, or a limit not be set. */
  confine(runId: string, limits: ProcessLimits): Promise<Confinement>
  /** Kills what earlier lives left, and takes their places away. Returns how many processes there were. */
  sweep(): Promise<number>
  close(): Promise<void>
}>

/** The place of one run. */
export type Confinement = Readonly<{
  /** Put before the launcher's command. */
  prefix: readonly string[]
  /** What the prefix needs in the environment; the program gets it as well. */
  env: Readonly<Record<string, string>>
  /** The launcher writes itself into these before it becomes the program. */
  groupFiles: readonly string[]
  /** In the launcher, as numbers of the shell's `ulimit`. */
  openFiles: number | undefined
  processes: number | undefined
  /** The launcher has become the program. Returns the directory of its group where only now it is known, for the watchdog. */
  started(pid: number): Promise<string | undefined>
  /** Ids of all that runs in it; nothing when the means holds nothing together. */
  members(): readonly number[]
  /** As much of it at once as the kernel can. */
  kill(): void
  /** Whether the kernel killed something of it for memory; undefined when this means cannot tell. */
  ranOutOfMemory(): Promise<boolean | undefined> | boolean | undefined
  release(): Promise<void>
}>

/** What becomes of a means that was tried. */
export type Tried = Readonly<{ limiter: Limiter } | { unavailable: string }>
