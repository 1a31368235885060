/** From the events of a stream to a state, and from a state to a decision: the one place where streams and deciders meet. */
import { type AnyCommand, aggregates } from './aggregates.ts'
import { type Decider, type Decision, unreachable } from './decider.ts'
import type { DomainEvent } from './events.ts'

/** What an aggregate decides, given the events of its stream. */
export function decideOn(history: readonly DomainEvent[], { aggregate, command }: AnyCommand): Decision<DomainEvent> {
  switch (aggregate) {
    case 'anomaly':
      return decideBy(aggregates.anomaly, history, command)
    case 'approval':
      return decideBy(aggregates.approval, history, command)
    case 'fingerprint':
      return decideBy(aggregates.fingerprint, history, command)
    case 'healing-switch':
      return decideBy(aggregates['healing-switch'], history, command)
    case 'host':
      return decideBy(aggregates.host, history, command)
    case 'incident':
      return decideBy(aggregates.incident, history, command)
    case 'key':
      return decideBy(aggregates.key, history, command)
    case 'lanes':
      return decideBy(aggregates.lanes, history, command)
    case 'operation':
      return decideBy(aggregates.operation, history, command)
    case 'registry':
      return decideBy(aggregates.registry, history, command)
    case 'remedy-guard':
      return decideBy(aggregates['remedy-guard'], history, command)
    case 'target':
      return decideBy(aggregates.target, history, command)
    default:
      return unreachable(aggregate)
  }
}

const decideBy = <State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
  history: readonly DomainEvent[],
  command: Command,
): Decision<DomainEvent> => decider.decide(foldOf(decider, history), command)

/** The state of an aggregate after the events of its stream. */
export const foldOf = <State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
  history: readonly DomainEvent[],
): State => history.filter(isOwn<Event>).reduce(decider.evolve, decider.initialState)

/** Only an aggregate itself writes to its stream, so the name of the stream is the proof. */
const isOwn = <Event extends DomainEvent>(_event: DomainEvent): _event is Event => true
