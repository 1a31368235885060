/** Where every event is, and what caused it, without its data: answers filters over events, and causal chains. */
import type { Instant } from '../domain/instant.ts'
import { instant } from '../domain/instant.ts'
import type { StreamName } from '../domain/ports/event-store.ts'
import { defineEnvelopeProjection, type Envelope } from './projection.ts'

export type EventIndexRow = Readonly<{
  position: bigint
  stream: StreamName
  revision: bigint
  type: string
  eventId: string
  correlationId: string
  causationId: string
  commandId: string | null
  actor: string
  at: Instant
}>

export const eventIndex = defineEnvelopeProjection({
  name: 'event-index',
  version: 1,
  table: 'event_index',
  columns: {
    position: 'bigint',
    stream: 'text',
    revision: 'bigint',
    type: 'text',
    eventId: 'text',
    correlationId: 'text',
    causationId: 'text',
    commandId: 'text',
    actor: 'text',
    at: 'timestamptz',
  },
  primaryKey: 'position',
  nullable: ['commandId'],
  indexes: [
    { columns: ['eventId'] },
    { columns: ['correlationId', 'position'] },
    { columns: ['causationId', 'position'] },
    { columns: ['stream', 'position'] },
    { columns: ['type', 'position'] },
    { columns: ['actor', 'position'] },
    { columns: ['at'] },
  ],
  eventTypes: 'all',
  appendOnly: true,
  keys: (event) => [event.position],
  fold: (_row: EventIndexRow | undefined, event: Envelope): EventIndexRow => {
    const { position, stream, revision, type, recordedAt, metadata } = event
    const { eventId, correlationId, causationId, commandId = null, actor } = metadata
    return { position, stream, revision, type, eventId, correlationId, causationId, commandId, actor, at: instant(recordedAt) }
  },
})
