/** The past: the state of any aggregate as of a position, a time, or now, folded from the log itself with the aggregate's own `evolve`. */
import { type AggregateName, aggregates } from '../domain/aggregates.ts'
import type { DomainEvent, Recorded } from '../domain/events.ts'
import { foldOf } from '../domain/fold.ts'
import type { Instant } from '../domain/instant.ts'
import type { Codec } from '../domain/ports/codec.ts'
import type { EventStore, Position, StreamName } from '../domain/ports/event-store.ts'
import type { Json } from '../domain/ports/json.ts'

export type ReplayAt = Readonly<{ position: Position }> | Readonly<{ time: Instant }> | 'now'

/** `state`: as the aggregate holds it; maps as objects, sets as lists. The rest is of the last event that is in it. */
export type ReplayedState = Readonly<{
  stream: StreamName
  aggregate: AggregateName
  state: Json
  revision: bigint
  position: Position
  at: Instant
}>

export type Replay = Readonly<{
  /** Undefined when the stream had no event by then, or is none of an aggregate. */
  stateAt: (stream: StreamName, at: ReplayAt) => Promise<ReplayedState | undefined>
}>

export const createReplay = ({ eventStore, codec }: { eventStore: Pick<EventStore, 'readStream'>; codec: Codec }): Replay => ({
  async stateAt(stream, at) {
    const aggregate = aggregateOf(stream)
    if (aggregate === undefined) return undefined
    const history: Recorded[] = []
    for await (const recorded of eventStore.readStream(stream)) {
      const event = codec.decode(recorded)
      if (!isBy(event, at)) break
      history.push(event)
    }
    const last = history.at(-1)
    if (!last) return undefined
    const { revision, position, recordedAt } = last
    return { stream, aggregate, state: plain(folds[aggregate](history)), revision, position, at: recordedAt }
  },
})

/** The category is a name that may hold dashes itself, so the longest that fits is the right one. */
export function aggregateOf(stream: string): AggregateName | undefined {
  const fitting = aggregateNames.filter((name) => stream.startsWith(`${name}-`))
  return fitting.sort((a, b) => b.length - a.length)[0]
}

function isBy(event: Recorded, at: ReplayAt): boolean {
  if (at === 'now') return true
  return 'position' in at ? event.position <= at.position : event.recordedAt <= at.time
}

const folds: Readonly<Record<AggregateName, (history: readonly DomainEvent[]) => unknown>> = {
  anomaly: (history) => foldOf(aggregates.anomaly, history),
  approval: (history) => foldOf(aggregates.approval, history),
  fingerprint: (history) => foldOf(aggregates.fingerprint, history),
  'healing-switch': (history) => foldOf(aggregates['healing-switch'], history),
  host: (history) => foldOf(aggregates.host, history),
  incident: (history) => foldOf(aggregates.incident, history),
  key: (history) => foldOf(aggregates.key, history),
  lanes: (history) => foldOf(aggregates.lanes, history),
  operation: (history) => foldOf(aggregates.operation, history),
  registry: (history) => foldOf(aggregates.registry, history),
  'remedy-guard': (history) => foldOf(aggregates['remedy-guard'], history),
  server: (history) => foldOf(aggregates.server, history),
  target: (history) => foldOf(aggregates.target, history),
}
const isAggregate = (name: string): name is AggregateName => Object.hasOwn(folds, name)
const aggregateNames: readonly AggregateName[] = Object.keys(folds).filter(isAggregate)

function plain(value: unknown): Json {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Set || Array.isArray(value)) return Array.from(value, plain)
  const members = value instanceof Map ? [...value] : Object.entries(value)
  return Object.fromEntries(members.filter(([, member]) => member !== undefined).map(([name, member]) => [String(name), plain(member)]))
}
