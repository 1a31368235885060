/** An event as the driver gives it, and as the port wants it. */
import type { EventMetadata, RecordedEvent, StreamName } from '../../../../domain/ports/event-store.ts'
import type { JsonObject } from '../../../../domain/ports/json.ts'

export type EventColumns = {
  position: string
  stream: StreamName
  revision: string
  type: string
  recorded_at: Date
  data: JsonObject
  metadata: EventMetadata
  size_bytes: number
}

export const toRecordedEvent = (row: EventColumns): RecordedEvent => ({
  type: row.type,
  data: row.data,
  metadata: row.metadata,
  stream: row.stream,
  revision: BigInt(row.revision),
  position: BigInt(row.position),
  recordedAt: row.recorded_at.toISOString(),
})
