/** What the stream of a process instance says: which inputs it handled, with which outputs, what is pending, and whether it is parked. */

import type { EventOf, Recorded } from '../domain/events.ts'
import type { Position, StreamName } from '../domain/ports/event-store.ts'
import type { ProcessName } from '../domain/processes/process-name.ts'

export type ProcessStream = Readonly<{
  handled: readonly Recorded<EventOf<'InputHandled'>>[]
  /** Position of the last handled input: what is at or below it was seen. */
  lastInput: Position | undefined
  /** Commands issued by the input at a position, in order. */
  commandsOf: (position: Position) => readonly Recorded<EventOf<'CommandIssued'>>[]
  refusedCommands: ReadonlySet<string>
  pendingTimers: ReadonlyMap<string, EventOf<'TimeoutScheduled'>['data']>
  effects: ReadonlyMap<string, Recorded<EventOf<'EffectRequested'>>>
  parked: Recorded<EventOf<'InstanceParked'>> | undefined
  /** Inputs before this position that were missed while it was parked are handled by the catching-up alone, so that none overtakes another. */
  resumedAt: Position | undefined
  /** A parked input that an operator chose to skip. */
  skipped: ReadonlySet<Position>
}>

export const processStreamOf = (process: ProcessName, instance: string): StreamName => `${process}-${instance}`

export function readProcessStream(events: readonly Recorded[]): ProcessStream {
  const handled: Recorded<EventOf<'InputHandled'>>[] = []
  const commands = new Map<Position, Recorded<EventOf<'CommandIssued'>>[]>()
  const refusedCommands = new Set<string>()
  const pendingTimers = new Map<string, EventOf<'TimeoutScheduled'>['data']>()
  const effects = new Map<string, Recorded<EventOf<'EffectRequested'>>>()
  const skipped = new Set<Position>()
  let parked: Recorded<EventOf<'InstanceParked'>> | undefined
  let resumedAt: Position | undefined
  let lastInput: Position | undefined
  for (const event of events) {
    switch (event.type) {
      case 'InputHandled':
        handled.push(event)
        lastInput = BigInt(event.data.position)
        break
      case 'CommandIssued':
        if (lastInput !== undefined) commands.set(lastInput, [...(commands.get(lastInput) ?? []), event])
        break
      case 'CommandRefused':
        refusedCommands.add(event.data.commandId)
        break
      case 'EffectRequested':
        effects.set(event.data.effectId, event)
        break
      case 'TimeoutScheduled':
        pendingTimers.set(event.data.timerId, event.data)
        break
      case 'TimeoutElapsed':
      case 'TimeoutCancelled':
        pendingTimers.delete(event.data.timerId)
        break
      case 'InstanceParked':
        parked = event
        break
      case 'InstanceUnparked':
        if (parked && event.data.way === 'skip') skipped.add(BigInt(parked.data.position))
        parked = undefined
        resumedAt = event.position
        break
    }
  }
  const commandsOf = (position: Position) => commands.get(position) ?? []
  return { handled, lastInput, commandsOf, refusedCommands, pendingTimers, effects, parked, resumedAt, skipped }
}
