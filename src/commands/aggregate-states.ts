/** What aggregates are now, and what they decide: the one place where streams and deciders meet. */
import { type AggregateName, type AnyCommand, aggregates, type StateOf, streamOf } from '../domain/aggregates.ts'
import { type Decider, type Decision, unreachable } from '../domain/decider.ts'
import type { DomainEvent } from '../domain/events.ts'
import type { Fold } from '../domain/fold.ts'
import type { Folded, ReadFolded } from './stream-memory.ts'

export type AggregateStates = { readonly [Name in AggregateName]: (id: string) => Promise<Folded<StateOf<Name>>> }

export function createAggregateStates(
  reader: <State, Event extends DomainEvent>(fold: Fold<State, Event>) => ReadFolded<State>,
): AggregateStates {
  const of = <State, Event extends DomainEvent>(aggregate: AggregateName, fold: Fold<State, Event>) => {
    const read = reader(fold)
    return (id: string) => read(streamOf(aggregate, id))
  }
  return {
    anomaly: of('anomaly', aggregates.anomaly),
    approval: of('approval', aggregates.approval),
    fingerprint: of('fingerprint', aggregates.fingerprint),
    'healing-switch': of('healing-switch', aggregates['healing-switch']),
    host: of('host', aggregates.host),
    incident: of('incident', aggregates.incident),
    key: of('key', aggregates.key),
    lanes: of('lanes', aggregates.lanes),
    operation: of('operation', aggregates.operation),
    registry: of('registry', aggregates.registry),
    'remedy-guard': of('remedy-guard', aggregates['remedy-guard']),
    server: of('server', aggregates.server),
    target: of('target', aggregates.target),
  }
}

/** A decision, and the state of the stream that it was made on. */
export type Decided = Readonly<{ decision: Decision<DomainEvent> }> & Omit<Folded<unknown>, 'state'>

export function decideOn(states: AggregateStates, { aggregate, id, command }: AnyCommand): Promise<Decided> {
  switch (aggregate) {
    case 'anomaly':
      return decideBy(aggregates.anomaly, states.anomaly(id), command)
    case 'approval':
      return decideBy(aggregates.approval, states.approval(id), command)
    case 'fingerprint':
      return decideBy(aggregates.fingerprint, states.fingerprint(id), command)
    case 'healing-switch':
      return decideBy(aggregates['healing-switch'], states['healing-switch'](id), command)
    case 'host':
      return decideBy(aggregates.host, states.host(id), command)
    case 'incident':
      return decideBy(aggregates.incident, states.incident(id), command)
    case 'key':
      return decideBy(aggregates.key, states.key(id), command)
    case 'lanes':
      return decideBy(aggregates.lanes, states.lanes(id), command)
    case 'operation':
      return decideBy(aggregates.operation, states.operation(id), command)
    case 'registry':
      return decideBy(aggregates.registry, states.registry(id), command)
    case 'remedy-guard':
      return decideBy(aggregates['remedy-guard'], states['remedy-guard'](id), command)
    case 'server':
      return decideBy(aggregates.server, states.server(id), command)
    case 'target':
      return decideBy(aggregates.target, states.target(id), command)
    default:
      return unreachable(aggregate)
  }
}

async function decideBy<State, Command, Event extends DomainEvent>(
  { decide }: Decider<State, Command, Event>,
  read: Promise<Folded<State>>,
  command: Command,
): Promise<Decided> {
  const { state, ...standing } = await read
  return { ...standing, decision: decide(state, command) }
}
