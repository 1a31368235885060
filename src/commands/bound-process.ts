/** A process manager with its types tied off: what the runner needs, so that one runner serves them all. */
import type { DomainEvent, EventOf, EventType } from '../domain/events.ts'
import type { Instant } from '../domain/instant.ts'
import type { DerivedId, Output, ProcessManager } from '../domain/processes/process-manager.ts'
import type { ProcessName } from '../domain/processes/process-name.ts'

export type BoundProcess = Readonly<{
  name: ProcessName
  introducedFrom: 'start' | 'head'
  inputs: readonly EventType[]
  /** The instance that an event belongs to; undefined when it is none of this process. */
  instanceOf: (event: DomainEvent) => string | undefined
  /** What follows from an input after the inputs handled so far; undefined when it means nothing in that state. */
  next: (handled: readonly DomainEvent[], input: DomainEvent, context: NextContext) => readonly Output[] | undefined
}>

export type NextContext = Readonly<{ instance: string; now: Instant; derivedId: DerivedId }>

export function bindProcess<State, InputType extends EventType>(process: ProcessManager<State, InputType>): BoundProcess {
  const types = new Set<EventType>(process.inputs)
  const isInput = (event: DomainEvent): event is EventOf<InputType> => types.has(event.type)
  return {
    name: process.name,
    introducedFrom: process.introducedFrom,
    inputs: process.inputs,
    instanceOf: (event) => (isInput(event) ? process.correlate(event) : undefined),
    next(handled, input, context) {
      if (!isInput(input)) return undefined
      const { derivedId } = context
      const before = handled.filter(isInput).reduce((state, event) => process.evolve(state, event, derivedId), process.initialState)
      const after = process.evolve(before, input, derivedId)
      return after === before ? undefined : process.react(after, input, context)
    },
  }
}
