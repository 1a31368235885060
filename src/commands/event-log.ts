/**
 * The event store as commands see it: typed events in, typed events out. One attempt at appending keeps its event ids over its own retries,
 * so an unknown outcome becomes a known one; a new attempt always gets new ids.
 */
import type { DomainEvent, Recorded } from '../domain/events.ts'
import type { Fold } from '../domain/fold.ts'
import type { Codec } from '../domain/ports/codec.ts'
import {
  type Appended,
  type EventMetadata,
  type EventStore,
  type ExpectedRevision,
  OutcomeUnknown,
  StoreUnavailable,
  type StreamName,
} from '../domain/ports/event-store.ts'
import type { Ids } from '../domain/ports/ids.ts'
import { type AggregateStates, createAggregateStates } from './aggregate-states.ts'
import { type ProcessStream, processStreamFold } from './process-stream.ts'
import { createStreamMemory, type ReadFolded } from './stream-memory.ts'

export type EventLog = Readonly<{
  /** All events of a stream, and the revision to expect of the next append. For streams that stay short, and for looking back. */
  load: (stream: StreamName) => Promise<Loaded>
  /** What aggregates are now. */
  states: AggregateStates
  /** What process instances have handled and wait for. */
  processStream: ReadFolded<ProcessStream>
  /** A reader of streams that fold in another way, with a memory of its own. */
  reader: <State, Event extends DomainEvent>(fold: Fold<State, Event>) => ReadFolded<State>
  append: (stream: StreamName, expected: ExpectedRevision, events: readonly DomainEvent[], cause: Cause) => Promise<Appended>
  store: EventStore
  codec: Codec
}>

export type Loaded = Readonly<{ events: readonly Recorded[]; expected: ExpectedRevision }>

/** Why an event is recorded. */
export type Cause = Omit<EventMetadata, 'eventId' | 'schemaVersion'>

/** How often one attempt is repeated with the same ids before its outcome is given up as unknown. A store that waits repeats by itself before. */
const UNKNOWN_OUTCOME_REPEATS = 1

export function createEventLog({ store, codec, ids }: { store: EventStore; codec: Codec; ids: Ids }): EventLog {
  const reader = <State, Event extends DomainEvent>(fold: Fold<State, Event>) => createStreamMemory({ store, codec }, fold)
  return {
    store,
    codec,
    reader,
    states: createAggregateStates(reader),
    processStream: reader(processStreamFold),
    async load(stream) {
      const events: Recorded[] = []
      for await (const event of store.readStream(stream)) events.push(codec.decode(event))
      return { events, expected: events.at(-1)?.revision ?? 'no-stream' }
    },
    async append(stream, expected, events, cause) {
      const attempt = events.map((event) => codec.encode(event, { ...cause, eventId: ids.fresh() }))
      let unknown: OutcomeUnknown | undefined
      for (let repeat = 0; ; repeat++) {
        try {
          return await store.append(stream, expected, attempt)
        } catch (error) {
          // That this time nothing was sent says nothing of the time before.
          if (unknown && error instanceof StoreUnavailable) throw unknown
          if (!(error instanceof OutcomeUnknown) || repeat >= UNKNOWN_OUTCOME_REPEATS) throw error
          unknown = error
        }
      }
    },
  }
}
