/**
 * A read model as data: a table, the rows that an event belongs to, and a fold. Pure, so that the same log gives the same rows for ever;
 * the runner does the rest (`runner/`), and the memory runner does the same without a database (`memory-projections.ts`).
 */
import type { EventOf, EventType, Recorded } from '../domain/events.ts'
import type { Codec } from '../domain/ports/codec.ts'
import type { RecordedEvent } from '../domain/ports/event-store.ts'
import type { Retention } from '../domain/usage/retention.ts'
import { cleanText } from './clean-text.ts'

export type ColumnType = 'text' | 'text[]' | 'bigint' | 'integer' | 'double precision' | 'boolean' | 'timestamptz' | 'json'

/** Plain values only: text, numbers, positions as bigint, `Instant`s for `timestamptz`, JSON for `json`; `null` where there is nothing. */
export type Row = Readonly<Record<string, unknown>>

export type TableOf<R extends Row> = Readonly<{
  /** Snake case; at most 30 characters, so that names with a build and a column behind them fit PostgreSQL's 63 bytes. */
  table: string
  columns: { readonly [Column in keyof R]: ColumnType }
  primaryKey: keyof R & string
  /** Columns whose null means "nothing". All others are `not null`. */
  nullable: readonly (keyof R & string)[]
  indexes?: readonly IndexOf<R>[]
  /** When rows are past their time. A row that no rule speaks of, or that has null in the column of its rule, is kept. */
  expires?: readonly Expiry<R>[]
}>

/** A row is past its time so long after the moment in the column; `only`: rows that have this text in that column. */
export type Expiry<R extends Row> = Readonly<{
  column: keyof R & string
  afterMs: (retention: Retention) => number
  only?: Readonly<{ column: keyof R & string; is: string }>
}>

export type IndexOf<R extends Row> = Readonly<{ columns: readonly (keyof R & string)[]; unique?: boolean }>

export type Projection<Name extends string, R extends Row, Type extends EventType> = TableOf<R> &
  Readonly<{
    name: Name
    /** Raise it when the columns or `fold` change: the runner then rebuilds beside the live table and swaps. */
    version: number
    eventTypes: readonly Type[]
    /** Every event makes one row of its own and none changes later: nothing has to be loaded. */
    appendOnly?: boolean
    /** The rows that an event belongs to. */
    keys: (event: Recorded<EventOf<Type>>) => readonly (string | bigint)[]
    /** The row `key` after the event; 'none' when there is none any more. */
    fold: (row: R | undefined, event: Recorded<EventOf<Type>>, key: string) => R | 'none'
  }>

/** A read model over the envelopes of all events: their data is not even parsed. */
export type EnvelopeProjection<Name extends string, R extends Row> = TableOf<R> &
  Readonly<{
    name: Name
    version: number
    eventTypes: 'all'
    appendOnly?: boolean
    keys: (event: Envelope) => readonly (string | bigint)[]
    fold: (row: R | undefined, event: Envelope, key: string) => R | 'none'
  }>

export type Envelope = Omit<RecordedEvent, 'data'>

/** One event for many read models: parsed when the first of them needs it, and only once. */
export type SharedEvent = Readonly<{ recorded: RecordedEvent; decoded: () => Recorded }>

export function shareEvent(recorded: RecordedEvent, codec: Codec): SharedEvent {
  let event: Recorded | undefined
  return {
    recorded,
    decoded() {
      event ??= codec.decode(recorded)
      return event
    },
  }
}

/** A projection whose types of events end here, so that a list can hold every one without a cast. */
export type ReadModel<Name extends string = string, R extends Row = Row> = Readonly<{
  name: Name
  version: number
  table: string
  columns: Readonly<Record<string, ColumnType>>
  primaryKey: string
  nullable: ReadonlySet<string>
  indexes: readonly Readonly<{ columns: readonly string[]; unique: boolean }>[]
  expires: readonly Expiry<Row>[]
  appendOnly: boolean
  /** Undefined: all. */
  eventTypes: ReadonlySet<string> | undefined
  /** Starts folding a batch; `wants` events only. */
  open: (events: readonly SharedEvent[]) => OpenBatch<R>
}>

export interface OpenBatch<R extends Row = Row> {
  /** The rows to load before `fold`, without doubles. Stops before an event that cannot be read: `fold` tells. */
  readonly keys: readonly string[]
  /** Folds over the rows as they are in the table, in the form in which `decodeRow` gives them. */
  fold(rows: readonly Row[]): Folded<R>
}

export type Folded<R extends Row = Row> = Readonly<{
  /** By key, in the order of first touch. */
  upserts: ReadonlyMap<string, R>
  deletes: readonly string[]
  /** How many events went in; the next one is the poison, when there is any. */
  taken: number
  poison: Readonly<{ event: Envelope; cause: unknown }> | undefined
}>

export const defineProjection = <Name extends string, R extends Row, Type extends EventType>(
  projection: Projection<Name, R, Type>,
): ReadModel<Name, R> => {
  const types: ReadonlySet<string> = new Set(projection.eventTypes)
  const isWanted = (event: Recorded): event is Recorded<EventOf<Type>> => types.has(event.type)
  const read = (event: SharedEvent): Recorded<EventOf<Type>> => {
    const decoded = event.decoded()
    if (!isWanted(decoded)) throw new TypeError(`${projection.name} does not handle ${decoded.type}`)
    return decoded
  }
  return { ...describe(projection), eventTypes: types, open: (events) => openBatch(projection, events, read) }
}

export const defineEnvelopeProjection = <Name extends string, R extends Row>(
  projection: EnvelopeProjection<Name, R>,
): ReadModel<Name, R> => ({
  ...describe(projection),
  eventTypes: undefined,
  open: (events) => openBatch(projection, events, ({ recorded }) => recorded),
})

export const wants = (model: Pick<ReadModel, 'eventTypes'>, type: string): boolean =>
  model.eventTypes === undefined || model.eventTypes.has(type)

function describe<Name extends string, R extends Row>(
  projection: TableOf<R> & Readonly<{ name: Name; version: number; appendOnly?: boolean }>,
) {
  const { name, version, table, columns, primaryKey, nullable, indexes = [], expires = [], appendOnly = false } = projection
  return {
    name,
    version,
    table,
    columns,
    primaryKey,
    nullable: new Set<string>(nullable),
    indexes: indexes.map(({ columns: of, unique = false }) => ({ columns: of, unique })),
    expires,
    appendOnly,
  }
}

type Folding<R extends Row, Event> = Readonly<{
  primaryKey: keyof R & string
  keys: (event: Event) => readonly (string | bigint)[]
  fold: (row: R | undefined, event: Event, key: string) => R | 'none'
}>

function openBatch<R extends Row, Event>(
  { primaryKey, keys: keysOf, fold }: Folding<R, Event>,
  events: readonly SharedEvent[],
  read: (event: SharedEvent) => Event,
): OpenBatch<R> {
  const readable: { event: Event; keys: readonly string[] }[] = []
  const keys = new Set<string>()
  let poison: Folded['poison']
  for (const shared of events) {
    try {
      const event = read(shared)
      const own = keysOf(event).map((key) => cleanText(String(key)))
      readable.push({ event, keys: own })
      for (const key of own) keys.add(key)
    } catch (cause) {
      poison = { event: shared.recorded, cause }
      break
    }
  }
  return {
    keys: [...keys],
    fold(loaded) {
      // What was loaded was written from rows of this type, through the same columns.
      const rows = new Map<string, R | undefined>(loaded.map((row) => [String(row[primaryKey]), row as R]))
      const existing = new Set(rows.keys())
      const touched = new Set<string>()
      let taken = 0
      for (const { event, keys: own } of readable) {
        const before = own.map((key) => [key, rows.get(key)] as const)
        try {
          for (const key of own) {
            const after = fold(rows.get(key), event, key)
            rows.set(key, after === 'none' ? undefined : after)
          }
        } catch (cause) {
          // All rows of one event, or none of them.
          for (const [key, row] of before) rows.set(key, row)
          poison = { event: eventAt(events, taken), cause }
          break
        }
        for (const key of own) touched.add(key)
        taken += 1
      }
      const upserts = new Map<string, R>()
      const deletes: string[] = []
      for (const key of touched) {
        const row = rows.get(key)
        if (row !== undefined) upserts.set(key, row)
        else if (existing.has(key)) deletes.push(key)
      }
      return { upserts, deletes, taken, poison }
    },
  }
}

function eventAt(events: readonly SharedEvent[], index: number): Envelope {
  const shared = events[index]
  if (!shared) throw new RangeError(`no event at ${index}`)
  return shared.recorded
}
