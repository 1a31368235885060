/** Events for store tests: a fresh id each, whole metadata, and helpers that read until something is true instead of sleeping. */
import { randomUUID } from 'node:crypto'
import type { Checkpoint, EventMetadata, NewEvent, RecordedEvent, StreamName } from '../../../src/domain/ports/event-store.ts'
import type { JsonObject } from '../../../src/domain/ports/json.ts'

export function newEvent(type = 'SomethingHappened', data: JsonObject = {}, metadata: Partial<EventMetadata> = {}): NewEvent {
  const eventId = randomUUID()
  return {
    type,
    data,
    metadata: { eventId, correlationId: eventId, causationId: eventId, actor: 'test', schemaVersion: 1, ...metadata },
  }
}

export const newEvents = (count: number, type?: string, data?: JsonObject): NewEvent[] =>
  Array.from({ length: count }, () => newEvent(type, data))

export const newStream = (category = 'thing'): StreamName => `${category}-${randomUUID()}`

export const isEvent = (item: RecordedEvent | Checkpoint): item is RecordedEvent => 'type' in item

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

export const eventsOf = async (items: AsyncIterable<RecordedEvent | Checkpoint>): Promise<RecordedEvent[]> =>
  (await collect(items)).filter(isEvent)

export const idOf = (event: NewEvent): string => event.metadata.eventId

export function at<Item>(items: readonly Item[], index: number): Item {
  const item = items.at(index)
  if (item === undefined) throw new RangeError(`no item at ${index} of ${items.length}`)
  return item
}
