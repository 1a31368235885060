/** What a `Read` call answers, in the server's own messages, encoded once per record. */
import type { LogRecord } from './server-log.ts'
import { shared, streams } from './stubs.ts'

const encoded = new WeakMap<LogRecord, Uint8Array>()

export function eventAnswer(record: LogRecord): Uint8Array {
  const known = encoded.get(record)
  if (known) return known
  const event = new streams.ReadResp.ReadEvent.RecordedEvent()
  const id = new shared.UUID()
  id.setString(record.eventId)
  event.setId(id)
  event.setStreamIdentifier(identifier(record.stream))
  event.setStreamRevision(String(record.revision))
  event.setCommitPosition(String(record.position))
  event.setPreparePosition(String(record.position))
  event.getMetadataMap().set('type', record.type)
  event.getMetadataMap().set('content-type', record.contentType)
  event.getMetadataMap().set('created', String(record.created))
  event.setData(record.data)
  event.setCustomMetadata(record.metadata)
  const read = new streams.ReadResp.ReadEvent()
  read.setEvent(event)
  read.setCommitPosition(String(record.position))
  const answer = new streams.ReadResp()
  answer.setEvent(read)
  const bytes = answer.serializeBinary()
  encoded.set(record, bytes)
  return bytes
}

export function confirmationAnswer(): Uint8Array {
  const confirmation = new streams.ReadResp.SubscriptionConfirmation()
  confirmation.setSubscriptionId(crypto.randomUUID())
  const answer = new streams.ReadResp()
  answer.setConfirmation(confirmation)
  return answer.serializeBinary()
}

export function checkpointAnswer(position: bigint): Uint8Array {
  const checkpoint = new streams.ReadResp.Checkpoint()
  checkpoint.setCommitPosition(String(position))
  checkpoint.setPreparePosition(String(position))
  const answer = new streams.ReadResp()
  answer.setCheckpoint(checkpoint)
  return answer.serializeBinary()
}

export function caughtUpAnswer(): Uint8Array {
  const answer = new streams.ReadResp()
  answer.setCaughtUp(new streams.ReadResp.CaughtUp())
  return answer.serializeBinary()
}

export function streamNotFoundAnswer(stream: string): Uint8Array {
  const notFound = new streams.ReadResp.StreamNotFound()
  notFound.setStreamIdentifier(identifier(stream))
  const answer = new streams.ReadResp()
  answer.setStreamNotFound(notFound)
  return answer.serializeBinary()
}

function identifier(stream: string) {
  const name = new shared.StreamIdentifier()
  name.setStreamName(Buffer.from(stream, 'utf8'))
  return name
}
