/** From the events of a stream to what they amount to. Every stream is read this way: of aggregates, and of process instances. */
import type { DomainEvent } from './events.ts'

export type Fold<State, Event extends DomainEvent> = Readonly<{
  initialState: State
  /** Applies one event. Ignores what does not fit the state: history is never refused. */
  evolve: (state: State, event: Event) => State
}>

/** The state after the events of a stream. */
export const foldOf = <State, Event extends DomainEvent>(fold: Fold<State, Event>, history: readonly DomainEvent[]): State =>
  history.filter(isOwn<Event>).reduce(fold.evolve, fold.initialState)

/** Only its owner writes to a stream, so the name of the stream is the proof. */
export const isOwn = <Event extends DomainEvent>(_event: DomainEvent): _event is Event => true
