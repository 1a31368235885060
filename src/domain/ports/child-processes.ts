/**
 * Programs that run below Steward and speak over their standard streams. Whatever is started here ends here: nothing that a program or its
 * children left behind outlives Steward, however it died.
 */
import type { Instant } from '../instant.ts'
import type { ProcessLimits } from '../server/config.ts'
import type { LimitMethod, SpawnedProcess } from '../server/events.ts'

export interface ChildProcesses {
  /**
   * Starts a program in a process group of its own, marked with its run, with the given environment and nothing of ours.
   * @throws SpawnFailed it could not be started; nothing of it runs.
   */
  spawn(spec: ChildSpec): Promise<ChildProcess>

  /** Takes down every process that carries a mark of this data directory and belongs to no living child of this life. Returns how many there were. */
  sweep(): Promise<number>

  /**
   * Ends the group of a process that an earlier life recorded, where that very process still leads it: the same id, the same start, since the same
   * start of the machine. Returns whether there was one.
   */
  endLeftOver(process: Pick<SpawnedProcess, 'pid' | 'startTicks'>, startedAfter: Instant): Promise<boolean>

  /** Tells the programs of this data directory on this machine from those of another one. */
  readonly place: string

  /** How limits are kept on this machine, and why not by a better means. */
  limiting(): Readonly<{ method: LimitMethod; keeps: readonly (keyof ProcessLimits)[]; says: string }>

  /** How what descends from a program is found and ended. */
  holding(): Holding

  /** Stops all children and the watchdog. */
  close(): Promise<void>
}

/** cgroup: the kernel holds it together. mark: by what its descendants inherit, which a process can take off on purpose. group: only what stays in its process group. */
export type Holding = Readonly<{ method: 'cgroup' | 'mark' | 'group'; says: string }>

export type ChildSpec = Readonly<{
  /** Names this life of the program; every process that descends from it carries it. */
  runId: string
  command: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
  workingDirectory?: string
  limits: ProcessLimits
  /** A longer line on its standard output ends the program. Default 16 MiB. */
  maxLineBytes?: number
  /** Its error stream is written here as well, bounded and rotated. */
  logPath?: string
}>

export interface ChildProcess {
  readonly process: SpawnedProcess
  /** Whole lines of the standard output, without the newline, as they come; synchronous, and only one reader. */
  read(reader: ChildReader): void
  /** Stops reading until `resume`: the program waits on its pipe, and no memory grows. */
  pause(): void
  resume(): void
  /**
   * Writes one line to its standard input. Resolves when the pipe takes more.
   * @throws InputClosed the program is gone or has closed its input.
   */
  write(line: string): Promise<void>
  /** The last lines of its error stream, at most 64 KiB. */
  stderrTail(): string
  /** Settles once, when the program itself has ended, within milliseconds. Its descendants may still be on their way out. */
  readonly ended: Promise<ChildEnd>
  /**
   * Closes its input, then SIGTERM to the group after half of `graceMs` (at most 1 s), then SIGKILL after all of it, at once with 0; resolves when
   * nothing of it is left. After a program has ended by itself too, this is how to wait until its descendants are gone. May be called again with
   * less patience.
   * @throws StopFailed something of it cannot be ended.
   */
  stop(graceMs: number): Promise<ChildStopped>
}

export type ChildReader = Readonly<{
  line(text: string): void
  /**
   * Once, and no line after it. `closed`: the program has closed its output, or is gone; a last line without newline was not finished and is
   * not delivered. `too-long`: a line beyond the limit; the program is being killed.
   */
  ended(why: 'closed' | 'too-long'): void
}>

export type ChildEnd = Readonly<{ code: number | null; signal: string | null; outOfMemory: boolean }>
export type ChildStopped = ChildEnd & Readonly<{ how: 'asked' | 'killed' | 'gone' }>

export class SpawnFailed extends Error {
  override readonly name = 'SpawnFailed'
  readonly rule: 'executable-missing' | 'not-executable' | 'working-directory' | 'limits' | 'system'
  constructor(facts: { rule: SpawnFailed['rule']; says: string; cause?: unknown }) {
    super(facts.says, { cause: facts.cause })
    this.rule = facts.rule
  }
}

export class InputClosed extends Error {
  override readonly name = 'InputClosed'
  constructor(cause: unknown) {
    super('the program has closed its input, or is gone', { cause })
  }
}

export class StopFailed extends Error {
  override readonly name = 'StopFailed'
  readonly pids: readonly number[]
  constructor(pids: readonly number[]) {
    super(`these processes do not end, not even by SIGKILL: ${pids.join(', ')}`)
    this.pids = pids
  }
}
