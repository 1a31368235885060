/** A stretch of the log for one projection: the events that it wants, and how far the stretch reaches, read before any transaction begins. */
import type { Codec } from '../domain/ports/codec.ts'
import type { Checkpoint, EventStore, Position, RecordedEvent } from '../domain/ports/event-store.ts'
import type { Json } from '../domain/ports/json.ts'
import { type ReadModel, type SharedEvent, shareEvent } from './projection.ts'

export type Batch = Readonly<{
  events: readonly SharedEvent[]
  /** Everything up to here was looked at; events that the projection does not want are behind it too. */
  to: Position
}>

/** The larger a batch, the more events share the loading and writing of a row; what lies in memory is bounded by the text in it. */
export const BATCH_SIZE_EVENTS = 5_000
const BATCH_SIZE_CHARACTERS = 8_000_000

export type ReadBatchesOptions = Readonly<{
  eventStore: EventStore
  codec: Codec
  model: ReadModel
  after: Position
  /** Ends here, when the log goes further. */
  until?: Position | undefined
  batchSizeEvents?: number | undefined
  signal: AbortSignal
}>

/** The log after a position up to its head as it is now, in batches. The last one reaches the head even when no event of it is wanted. */
export async function* readBatches(options: ReadBatchesOptions): AsyncGenerator<Batch> {
  const { eventStore, codec, model, after, until, batchSizeEvents = BATCH_SIZE_EVENTS, signal } = options
  if (until !== undefined && until <= after) return
  const types = model.eventTypes === undefined ? {} : { types: [...model.eventTypes] }
  const items = eventStore.readAll({ ...(after > 0n ? { after } : {}), ...types, signal })
  let events: SharedEvent[] = []
  let characters = 0
  let reached = after
  for await (const item of items) {
    const position = isEvent(item) ? item.position : item.checkpoint
    if (until !== undefined && position > until) {
      reached = until
      break
    }
    reached = position
    if (!isEvent(item)) continue
    events.push(shareEvent(item, codec))
    characters += textIn(item.data)
    if (events.length < batchSizeEvents && characters < BATCH_SIZE_CHARACTERS) continue
    yield { events, to: reached }
    events = []
    characters = 0
  }
  if (events.length > 0 || reached > after) yield { events, to: reached }
}

/** Reads one batch ahead of the one that is being written. */
export async function* readAhead<Item>(items: AsyncGenerator<Item>): AsyncGenerator<Item> {
  let next = items.next()
  // An error waits until its turn has come; nobody may be told of it before.
  next.catch(() => undefined)
  try {
    for (;;) {
      const { done, value } = await next
      if (done) return
      next = items.next()
      next.catch(() => undefined)
      yield value
    }
  } finally {
    await items.return(undefined)
  }
}

/** Nearly all of what an event takes in memory, when it takes much. */
export function textIn(value: Json): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 1
  let characters = 0
  for (const part of Object.values(value)) characters += textIn(part)
  return characters
}

export const isEvent = (item: RecordedEvent | Checkpoint): item is RecordedEvent => 'type' in item
