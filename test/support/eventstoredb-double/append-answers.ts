/** Batch appends on the wire: requests into proposed events, answers and errors in the server's own messages. */

import type { Expected, Proposed, ServerLog } from './server-log.ts'
import { any, empty, rpcStatus, shared, streams } from './stubs.ts'

type BatchAppendReq = InstanceType<typeof streams.BatchAppendReq>
type BatchAppendResp = InstanceType<typeof streams.BatchAppendResp>

/** Over the data of all events of one append; this version counts nothing else. */
export const MAX_APPEND_SIZE_BYTES = 1_048_576

/** One append of several requests, as it comes in. */
export type PendingAppend = { stream: string; expected: Expected; deadlineMs: number; events: Proposed[]; sizeBytes: number }

export class BadRequest extends Error {}

export function begin(options: NonNullable<ReturnType<BatchAppendReq['getOptions']>>): PendingAppend {
  const name = options.getStreamIdentifier()?.getStreamName_asU8()
  const expected = options.hasStreamPosition()
    ? BigInt(options.getStreamPosition())
    : options.hasNoStream()
      ? 'no-stream'
      : options.hasStreamExists()
        ? 'stream-exists'
        : 'any'
  const deadlineMs = options.getDeadline()?.toDate().getTime() ?? Number.POSITIVE_INFINITY
  return { stream: Buffer.from(name ?? []).toString('utf8'), expected, deadlineMs, events: [], sizeBytes: 0 }
}

export function add(pending: PendingAppend, request: BatchAppendReq): void {
  for (const message of request.getProposedMessagesList()) {
    const data = message.getData_asU8()
    pending.sizeBytes += data.length
    pending.events.push({
      eventId: message.getId()?.getString() ?? '',
      type: message.getMetadataMap().get('type') ?? '',
      contentType: message.getMetadataMap().get('content-type') ?? '',
      data,
      metadata: message.getCustomMetadata_asU8(),
    })
  }
}

/** Stores a whole append, or says why not. */
export function store(
  log: ServerLog,
  { stream, expected, deadlineMs, events, sizeBytes }: PendingAppend,
  maxBytes: number,
): BatchAppendResp {
  const answer = new streams.BatchAppendResp()
  const identifier = new shared.StreamIdentifier()
  identifier.setStreamName(Buffer.from(stream, 'utf8'))
  answer.setStreamIdentifier(identifier)

  if (stream === '' || events.some(({ eventId, type }) => type === '' || !/^[0-9a-f-]{36}$/i.test(eventId))) {
    answer.setError(failure('BadRequest', 'event_store.client.BadRequest', new shared.BadRequest()))
  } else if (deadlineMs <= Date.now()) {
    answer.setError(failure('Timeout', 'event_store.client.Timeout', new shared.Timeout()))
  } else if (sizeBytes > maxBytes) {
    const details = new shared.MaximumAppendSizeExceeded()
    details.setMaxappendsize(maxBytes)
    answer.setError(failure('MaximumAppendSizeExceeded', 'event_store.client.MaximumAppendSizeExceeded', details))
  } else {
    const result = log.append(stream, expected, events)
    if (result.kind === 'success') answer.setSuccess(success(result))
    else answer.setError(failure('WrongExpectedVersion', 'event_store.client.WrongExpectedVersion', wrong(expected, result.actual)))
  }
  return answer
}

function success({ revision, position }: { revision: bigint | undefined; position: bigint | undefined }) {
  const result = new streams.BatchAppendResp.Success()
  if (revision === undefined) result.setNoStream(new empty.Empty())
  else result.setCurrentRevision(String(revision))
  if (position === undefined) result.setNoPosition(new empty.Empty())
  else {
    const place = new shared.AllStreamPosition()
    place.setCommitPosition(String(position))
    place.setPreparePosition(String(position))
    result.setPosition(place)
  }
  return result
}

function wrong(expected: Expected, actual: bigint | undefined) {
  const details = new shared.WrongExpectedVersion()
  if (actual === undefined) details.setCurrentNoStream(new empty.Empty())
  else details.setCurrentStreamRevision(String(actual))
  if (expected === 'any') details.setExpectedAny(new empty.Empty())
  else if (expected === 'no-stream') details.setExpectedNoStream(new empty.Empty())
  else if (expected === 'stream-exists') details.setExpectedStreamExists(new empty.Empty())
  else details.setExpectedStreamPosition(String(expected))
  return details
}

function failure(message: string, typeName: string, details: { serializeBinary(): Uint8Array }) {
  const status = new rpcStatus.Status()
  const packed = new any.Any()
  packed.pack(details.serializeBinary(), typeName)
  status.setMessage(message)
  status.setDetails(packed)
  return status
}
