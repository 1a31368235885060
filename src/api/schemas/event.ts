/** An event as it is shown: as it was recorded, with positions as decimal strings, and without what its reader may not see. */
import { z } from 'zod'
import type { RecordedEvent } from '../../domain/ports/event-store.ts'
import type { EventIndexRow } from '../../projections/event-index.ts'
import type { EventRecord } from '../../projections/queries/index.ts'
import { type May, shownTo } from '../veil.ts'
import { exampleId, exampleTime, listOf, positionText, timeText } from './common.ts'

const metadata = z.object({
  correlationId: z.string().describe('The request or detection that began it all.'),
  causationId: z.string().describe('The event or command that directly caused this one.'),
  commandId: z.string().nullable(),
  actor: z.string(),
  schemaVersion: z.int(),
})

export const event = z
  .object({
    id: z.string(),
    type: z.string(),
    stream: z.string(),
    revision: positionText,
    position: positionText,
    recordedAt: timeText,
    data: z.record(z.string(), z.unknown()),
    withheld: listOf(z.string()).optional().describe('Members of `data` that this key may not see.'),
    metadata,
  })
  .meta({ id: 'Event' })

/** An event without its data, as a link of a causal chain. */
export const eventLink = z
  .object({
    id: z.string(),
    type: z.string(),
    stream: z.string(),
    revision: positionText,
    position: positionText,
    recordedAt: timeText,
    correlationId: z.string(),
    causationId: z.string(),
    commandId: z.string().nullable(),
    actor: z.string(),
    depth: z.int().optional().describe('How many steps away.'),
  })
  .meta({ id: 'EventLink' })

export const exampleEvent: z.input<typeof event> = {
  id: exampleId,
  type: 'TargetPaused',
  stream: 'target-0199f0a0-0000-7000-8000-000000000005',
  revision: '3',
  position: '4711',
  recordedAt: exampleTime,
  data: { targetId: '0199f0a0-0000-7000-8000-000000000005', by: 'mira', reason: 'maintenance', at: exampleTime },
  metadata: {
    correlationId: '0199f0a0-0000-7000-8000-000000000009',
    causationId: '0199f0a0-0000-7000-8000-000000000002',
    commandId: '0199f0a0-0000-7000-8000-000000000002',
    actor: 'mira',
    schemaVersion: 1,
  },
}

export const exampleLink: z.input<typeof eventLink> = {
  id: exampleId,
  type: 'TargetPaused',
  stream: exampleEvent.stream,
  revision: '3',
  position: '4711',
  recordedAt: exampleTime,
  correlationId: exampleEvent.metadata.correlationId,
  causationId: exampleEvent.metadata.causationId,
  commandId: exampleEvent.metadata.commandId,
  actor: 'mira',
  depth: 1,
}

export const recordedEventJson =
  (may: May) =>
  ({ type, data, metadata, stream, revision, position, recordedAt }: RecordedEvent): z.input<typeof event> => {
    const { eventId, correlationId, causationId, commandId = null, actor, schemaVersion } = metadata
    return {
      id: eventId,
      type,
      stream,
      revision: String(revision),
      position: String(position),
      recordedAt,
      ...shownTo(may, { type, data }),
      metadata: { correlationId, causationId, commandId, actor, schemaVersion },
    }
  }

export const eventJson =
  (may: May) =>
  (record: EventRecord): z.input<typeof event> => ({
    id: record.eventId,
    type: record.type,
    stream: record.stream,
    revision: String(record.revision),
    position: String(record.position),
    recordedAt: record.at,
    ...shownTo(may, record),
    metadata: {
      correlationId: record.correlationId,
      causationId: record.causationId,
      commandId: record.commandId,
      actor: record.actor,
      schemaVersion: record.schemaVersion,
    },
  })

export const linkJson = (row: EventIndexRow & { readonly depth?: number }): z.input<typeof eventLink> => ({
  id: row.eventId,
  type: row.type,
  stream: row.stream,
  revision: String(row.revision),
  position: String(row.position),
  recordedAt: row.at,
  correlationId: row.correlationId,
  causationId: row.causationId,
  commandId: row.commandId,
  actor: row.actor,
  ...(row.depth === undefined ? {} : { depth: row.depth }),
})
