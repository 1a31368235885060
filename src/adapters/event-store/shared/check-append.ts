/**
 * What every store refuses before anything is sent, in one place, so that the adapters cannot differ. What passes here round-trips through each
 * of them: names are well-formed text without control characters, and the events are serialised once, for the limit and for the wire.
 */
import type { EventMetadata, NewEvent, StreamName } from '../../../domain/ports/event-store.ts'
import { AppendTooLarge, InvalidAppend } from '../../../domain/ports/event-store.ts'

export const APPEND_LIMIT_BYTES = 1_000_000

/** The longest stream or type name: fits an index entry of every store, with room for a namespace in front. */
export const NAME_LIMIT_BYTES = 400

/** An event whose `data` and `metadata` are JSON text: ASCII escapes for NUL and lone surrogates, UTF-8 for the rest. */
export type SerialisedEvent = Readonly<{ type: string; eventId: string; data: string; metadata: string; sizeBytes: number }>

/**
 * Checks and serialises one append.
 * @throws InvalidAppend naming the field and its rule.
 * @throws AppendTooLarge more than 1 000 000 bytes, counted as the UTF-8 of types, data and metadata.
 */
export function checkAppend(stream: StreamName, events: readonly NewEvent[]): readonly SerialisedEvent[] {
  checkStreamName(stream)
  if (events.length === 0) throw new InvalidAppend({ field: 'events', rule: 'must hold at least one event' })
  const serialised = events.map(serialise)
  const sizeBytes = serialised.reduce((sum, event) => sum + event.sizeBytes, 0)
  if (sizeBytes > APPEND_LIMIT_BYTES) throw new AppendTooLarge({ sizeBytes, limitBytes: APPEND_LIMIT_BYTES })
  return serialised
}

function checkStreamName(stream: string): void {
  checkName('stream', stream)
  // A category and an id: the category is everything before the first dash.
  if (!/^[^-]+-./u.test(stream)) throw new InvalidAppend({ field: 'stream', rule: 'must be a category, a dash and an id' })
}

function checkName(field: 'stream' | 'type', name: string): void {
  if (name === '') throw new InvalidAppend({ field, rule: 'must not be empty' })
  if (name.startsWith('$')) throw new InvalidAppend({ field, rule: 'must not begin with $, which is kept for the store itself' })
  if (!name.isWellFormed() || /\p{Cc}/u.test(name)) {
    throw new InvalidAppend({ field, rule: 'must be well-formed Unicode without control characters' })
  }
  if (Buffer.byteLength(name) > NAME_LIMIT_BYTES) {
    throw new InvalidAppend({ field, rule: `must not be longer than ${NAME_LIMIT_BYTES} bytes` })
  }
}

function serialise(event: NewEvent): SerialisedEvent {
  checkName('type', event.type)
  checkEventId(event.metadata)
  const data = JSON.stringify(event.data)
  const metadata = JSON.stringify(event.metadata)
  const sizeBytes = Buffer.byteLength(event.type) + Buffer.byteLength(data) + Buffer.byteLength(metadata)
  return { type: event.type, eventId: event.metadata.eventId, data, metadata, sizeBytes }
}

// Lower case only: stores hand ids back in lower case, and an id is compared as text everywhere else.
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function checkEventId({ eventId }: EventMetadata): void {
  if (!UUID.test(eventId)) throw new InvalidAppend({ field: 'eventId', rule: 'must be a UUID in lower case' })
}
