/** What the stream of a process instance says: which input it handled last, with which outputs, what is pending, and whether it is parked. */

import type { EventOf, Recorded } from '../domain/events.ts'
import { type Fold, foldOf } from '../domain/fold.ts'
import type { Position, StreamName } from '../domain/ports/event-store.ts'
import type { ProcessName } from '../domain/processes/process-name.ts'

export type ProcessStream = Readonly<{
  /** Position of the last handled input: what is at or below it was seen. */
  lastInput: Position | undefined
  /** The commands that the last handled input issued, in order. */
  issued: readonly Recorded<EventOf<'CommandIssued'>>[]
  refusedCommands: ReadonlySet<string>
  pendingTimers: ReadonlyMap<string, Recorded<EventOf<'TimeoutScheduled'>>>
  effects: ReadonlyMap<string, Recorded<EventOf<'EffectRequested'>>>
  parked: Recorded<EventOf<'InstanceParked'>> | undefined
  /** Inputs before this position that were missed while it was parked are handled by the catching-up alone, so that none overtakes another. */
  resumedAt: Position | undefined
  /** A parked input that an operator chose to skip. */
  skipped: ReadonlySet<Position>
}>

export const processStreamOf = (process: ProcessName, instance: string): StreamName => `${process}-${instance}`

export const processStreamFold: Fold<ProcessStream, Recorded> = {
  initialState: {
    lastInput: undefined,
    issued: [],
    refusedCommands: new Set(),
    pendingTimers: new Map(),
    effects: new Map(),
    parked: undefined,
    resumedAt: undefined,
    skipped: new Set(),
  },
  evolve,
}

export const readProcessStream = (events: readonly Recorded[]): ProcessStream => foldOf(processStreamFold, events)

function evolve(stream: ProcessStream, event: Recorded): ProcessStream {
  switch (event.type) {
    case 'InputHandled':
      return { ...stream, lastInput: BigInt(event.data.position), issued: [] }
    case 'CommandIssued':
      return { ...stream, issued: [...stream.issued, event] }
    case 'CommandRefused':
      return { ...stream, refusedCommands: new Set([...stream.refusedCommands, event.data.commandId]) }
    case 'EffectRequested':
      return { ...stream, effects: new Map([...stream.effects, [event.data.effectId, event]]) }
    case 'TimeoutScheduled':
      return { ...stream, pendingTimers: new Map([...stream.pendingTimers, [event.data.timerId, event]]) }
    case 'TimeoutElapsed':
    case 'TimeoutCancelled':
      return { ...stream, pendingTimers: new Map([...stream.pendingTimers].filter(([timerId]) => timerId !== event.data.timerId)) }
    case 'InstanceParked':
      return { ...stream, parked: event }
    case 'InstanceUnparked': {
      const { parked } = stream
      const skipped = parked && event.data.way === 'skip' ? new Set([...stream.skipped, BigInt(parked.data.position)]) : stream.skipped
      return { ...stream, parked: undefined, resumedAt: event.position, skipped }
    }
    default:
      return stream
  }
}
