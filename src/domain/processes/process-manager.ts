/**
 * A process manager: what follows from what, over time. Pure, so that a crash, a duplicate or a delay changes nothing: its stream tells which
 * inputs it has handled, and the same inputs give the same outputs.
 */
import type { AnyCommand } from '../aggregates.ts'
import type { EventOf, EventType } from '../events.ts'
import type { Instant } from '../instant.ts'
import type { EffectRequest } from './effects.ts'
import type { ProcessName } from './process-name.ts'

export type ProcessManager<State, InputType extends EventType> = Readonly<{
  name: ProcessName
  /** Where a process that was added later begins: with all of history, or with what comes. */
  introducedFrom: 'start' | 'head'
  inputs: readonly InputType[]
  /** Which instance an event belongs to; undefined: none. */
  correlate: (event: EventOf<InputType>) => string | undefined
  initialState: State
  /** Applies one input. Returns the same state when the input means nothing in it: then nothing follows from it. */
  evolve: (state: State, input: EventOf<InputType>, derivedId: DerivedId) => State
  /** What follows from having come into this state by this input. Called only when `evolve` changed it. */
  react: (state: State, input: EventOf<InputType>, context: ReactContext) => readonly Output[]
}>

/** The same parts, the same id, in every replay; different in every instance. */
export type DerivedId = (...parts: readonly string[]) => string

export type ReactContext = Readonly<{
  instance: string
  /** When the input was recorded, the only time that a process knows; for a timer, never before the moment it was due. */
  now: Instant
  derivedId: DerivedId
}>

export type Output =
  | Readonly<{ kind: 'command'; command: AnyCommand }>
  | Readonly<{ kind: 'effect'; effectId: string; request: EffectRequest }>
  | Readonly<{ kind: 'timeout'; timerId: string; name: string; dueAt: Instant }>
  | Readonly<{ kind: 'cancel-timeout'; timerId: string; name: string }>
