import type { Instant } from '../instant.ts'
import type { EffectKind } from '../processes/effects.ts'
import type { ProcessName } from '../processes/process-name.ts'

/**
 * What waits to be done, derived from the log: a hint where to look. It may lag and may name what is done already; the streams decide.
 */
export interface Agenda {
  /** Requested effects without an outcome, oldest first. */
  openEffects(limit: number): Promise<readonly OpenEffect[]>
  dueTimers(now: Instant, limit: number): Promise<readonly DueTimer[]>
  /** Operator commands that were received and have no result. */
  openCommands(receivedBefore: Instant, limit: number): Promise<readonly string[]>
}

export type OpenEffect = Readonly<{
  effectId: string
  process: ProcessName
  instance: string
  kind: EffectKind
  /** Set once somebody has started it. */
  runnerId: string | undefined
  deadlineAt: Instant | undefined
}>

export type DueTimer = Readonly<{ timerId: string; process: ProcessName; instance: string; name: string; dueAt: Instant }>
