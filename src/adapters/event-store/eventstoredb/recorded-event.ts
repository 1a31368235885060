/**
 * From the client's event to ours, parsed at the edge: what is in our namespace and not in our form stops the reader instead of being skipped. Only
 * what the server itself wrote there is passed over: somebody deleted a stream for good, or a projection linked into it.
 */
import type { AllStreamResolvedEvent, ResolvedEvent } from '@eventstore/db-client'
import type { EventMetadata, RecordedEvent, StreamName } from '../../../domain/ports/event-store.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'

export type ClientEvent = NonNullable<ResolvedEvent['event'] | AllStreamResolvedEvent['event']>

/** A server that does not know the position of an event in its stream fills in the end of everything. */
const NO_POSITION = 0xffff_ffff_ffff_ffffn

/** A tombstone, a link: types with `$` belong to the server. Whoever reads the stream itself is still stopped. */
export const isOfServer = ({ type }: Pick<ClientEvent, 'type'>): boolean => type.startsWith('$')

/** @throws ForeignEvent */
export function toRecordedEvent(event: ClientEvent, prefix: string): RecordedEvent {
  const { data, metadata, streamId } = event
  const stream = streamId.slice(prefix.length)
  if (!streamId.startsWith(prefix) || !isStreamName(stream)) throw new ForeignEvent(event, 'the stream is none of this namespace')
  if (!isJsonObject(data)) throw new ForeignEvent(event, 'its data is no JSON object')
  if (!isEventMetadata(metadata)) throw new ForeignEvent(event, 'its metadata is incomplete')
  const position = event.position?.commit
  if (position === undefined || position === NO_POSITION) {
    throw new ForeignEvent(event, 'the server gives no position with it: EventStoreDB 22.10 or later is needed')
  }
  return { type: event.type, data, metadata, stream, revision: event.revision, position, recordedAt: instantOf(event.created) }
}

let lastInstant = { ms: Number.NaN, text: '' }

/** Events come in runs of the same millisecond, and formatting a date is a good part of reading an event. */
function instantOf(created: Date): string {
  const ms = created.getTime()
  if (ms !== lastInstant.ms) lastInstant = { ms, text: created.toISOString() }
  return lastInstant.text
}

/** An event in our namespace that Steward did not write, or cannot have written like this. */
export class ForeignEvent extends Error {
  override readonly name = 'ForeignEvent'
  constructor({ streamId, revision, type }: Pick<ClientEvent, 'streamId' | 'revision' | 'type'>, rule: string) {
    super(`event ${revision} (${type}) of stream ${streamId} cannot be read: ${rule}`)
  }
}

const isStreamName = (name: string): name is StreamName => name.includes('-')

// What the client parsed from JSON holds nothing but JSON; binary data is a Uint8Array.
const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)

const isEventMetadata = (value: unknown): value is EventMetadata =>
  typeof value === 'object' &&
  value !== null &&
  'eventId' in value &&
  typeof value.eventId === 'string' &&
  'correlationId' in value &&
  typeof value.correlationId === 'string' &&
  'causationId' in value &&
  typeof value.causationId === 'string' &&
  'actor' in value &&
  typeof value.actor === 'string' &&
  'schemaVersion' in value &&
  typeof value.schemaVersion === 'number'
