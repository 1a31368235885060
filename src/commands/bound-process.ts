/** A process manager with its types tied off: what the runner needs, so that one runner serves them all. */
import type { DomainEvent, EventOf, EventType, Recorded } from '../domain/events.ts'
import type { Fold } from '../domain/fold.ts'
import type { Instant } from '../domain/instant.ts'
import type { Codec } from '../domain/ports/codec.ts'
import type { RecordedEvent } from '../domain/ports/event-store.ts'
import type { Ids } from '../domain/ports/ids.ts'
import type { DerivedId, Output, ProcessManager } from '../domain/processes/process-manager.ts'
import type { ProcessName } from '../domain/processes/process-name.ts'
import type { EventLog } from './event-log.ts'
import { type ProcessStream, processStreamFold, processStreamOf } from './process-stream.ts'
import type { Folded } from './stream-memory.ts'

export type BoundProcess = Readonly<{
  name: ProcessName
  introducedFrom: 'start' | 'head'
  inputs: readonly EventType[]
  /** The instance that an event belongs to; undefined when it is none of this process. */
  instanceOf: (event: DomainEvent) => string | undefined
  /** The same of an event whose data breaks its schema, by the ids in it alone. @throws not even they can be told. */
  instanceOfUnread: (event: Pick<RecordedEvent, 'type' | 'data'>) => string | undefined
  /** A reader of its instances. */
  instancesIn: (log: EventLog, ids: Ids) => (instance: string) => Promise<ProcessInstance>
}>

/** Where an instance stands. */
export type ProcessInstance = Readonly<{
  stream: ProcessStream
  expected: Folded<unknown>['expected']
  /**
   * What follows from an input after those handled so far; undefined when it means nothing in that state.
   * @throws whatever the process manager throws, on this input or on one before.
   */
  next: (input: DomainEvent, context: Readonly<{ now: Instant }>) => readonly Output[] | undefined
}>

export function bindProcess<State, InputType extends EventType>(process: ProcessManager<State, InputType>): BoundProcess {
  const types: ReadonlySet<string> = new Set(process.inputs)
  const isInput = (event: DomainEvent): event is EventOf<InputType> => types.has(event.type)
  /** As far as its ids go; what they turn out to be is checked. */
  const isUnreadInput = (event: Pick<RecordedEvent, 'type' | 'data'>): event is EventOf<InputType> => types.has(event.type)
  return {
    name: process.name,
    introducedFrom: process.introducedFrom,
    inputs: process.inputs,
    instanceOf: (event) => (isInput(event) ? process.correlate(event) : undefined),
    instanceOfUnread(event) {
      if (!isUnreadInput(event)) return undefined
      const instance: unknown = process.correlate(event)
      if (instance !== undefined && typeof instance !== 'string') throw new TypeError(`${event.type} does not tell its instance`)
      return instance
    },
    instancesIn(log, ids) {
      const derivedIdIn =
        (instance: string): DerivedId =>
        (...parts) =>
          ids.derived(process.name, instance, ...parts)
      const evolve = (state: State, input: DomainEvent, instance: string): State =>
        isInput(input) ? process.evolve(state, input, derivedIdIn(instance)) : state
      const read = log.reader(instanceFold(process.initialState, evolve, log.codec))
      return async (instance) => {
        const { state, expected } = await read(processStreamOf(process.name, instance))
        return {
          stream: state.stream,
          expected,
          next(input, { now }) {
            if (!isInput(input)) return undefined
            const before = state.own()
            const derivedId = derivedIdIn(instance)
            const after = process.evolve(before, input, derivedId)
            return after === before ? undefined : process.react(after, input, { instance, now, derivedId })
          },
        }
      }
    },
  }
}

/** `own` is the state of the process manager; it throws when one of the inputs cannot be read or applied any more, so that only this instance is held up. */
type InstanceState<State> = Readonly<{ stream: ProcessStream; own: () => State }>

function instanceFold<State>(
  initialState: State,
  evolve: (state: State, input: DomainEvent, instance: string) => State,
  codec: Codec,
): Fold<InstanceState<State>, Recorded> {
  return {
    initialState: { stream: processStreamFold.initialState, own: () => initialState },
    evolve({ stream, own }, event) {
      const next = processStreamFold.evolve(stream, event)
      if (event.type !== 'InputHandled') return { stream: next, own }
      try {
        const { input, instance } = event.data
        const handled = codec.decode({ ...event, ...embedded(input, event.metadata) })
        const state = evolve(own(), handled, instance)
        return { stream: next, own: () => state }
      } catch (error) {
        return {
          stream: next,
          own() {
            throw error
          },
        }
      }
    },
  }
}

const embedded = ({ type, schemaVersion, data }: EventOf<'InputHandled'>['data']['input'], metadata: Recorded['metadata']) => ({
  type,
  data,
  metadata: { ...metadata, schemaVersion },
})
