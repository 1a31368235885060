/**
 * The only way between the log's JSON and the domain's union. What comes out is typed all through, in the newest version of its type;
 * whatever does not fit is refused by name, never passed on.
 */
import { z } from 'zod'
import type { DomainEvent, EventType, Recorded } from '../../domain/events.ts'
import { instant } from '../../domain/instant.ts'
import { type Codec, UndecodableEvent } from '../../domain/ports/codec.ts'
import type { RecordedEvent } from '../../domain/ports/event-store.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import { schemas } from './schemas/index.ts'
import { upcasts as allUpcasts, currentVersion, type Upcasts } from './versions.ts'

export type CodecOptions = Readonly<{
  /** For tests of the steps themselves. Default: all that there are. */
  upcasts?: Upcasts
}>

export function createCodec({ upcasts = allUpcasts }: CodecOptions = {}): Codec {
  return {
    encode({ type, data }, metadata) {
      return { type, data: plain(data), metadata: { ...metadata, schemaVersion: currentVersion(upcasts, type) } }
    },
    decode(event) {
      const { type } = event
      if (!isEventType(type)) throw new UndecodableEvent({ event, says: 'type is unknown to this program' })
      const lifted = lift(event, type, upcasts)
      const parsed = schemas[type].safeParse(lifted)
      if (!parsed.success) throw new UndecodableEvent({ event, says: describe(parsed.error), cause: parsed.error })
      return recorded(event, parsed.data)
    },
  }
}

export const isEventType = (type: string): type is EventType => Object.hasOwn(schemas, type)

function lift(event: RecordedEvent, type: EventType, upcasts: Upcasts): JsonObject {
  const { schemaVersion } = event.metadata
  const current = currentVersion(upcasts, type)
  if (!Number.isInteger(schemaVersion) || schemaVersion < 1) {
    throw new UndecodableEvent({ event, says: 'metadata.schemaVersion must be a whole number from 1 on' })
  }
  if (schemaVersion > current) {
    throw new UndecodableEvent({ event, says: `version ${schemaVersion} is newer than ${current}, the newest that this program knows` })
  }
  const steps = upcasts[type]?.slice(schemaVersion - 1) ?? []
  try {
    return steps.reduce((data, step) => step(data), event.data)
  } catch (cause) {
    throw new UndecodableEvent({ event, says: `version ${schemaVersion} could not be lifted to ${current}`, cause })
  }
}

/** The schema of exactly this type has accepted the data, which the compiler cannot follow from the name to the union. */
function recorded(event: RecordedEvent, data: DomainEvent['data']): Recorded {
  const { type, stream, revision, position, metadata } = event
  return { type, data, stream, revision, position, recordedAt: instant(event.recordedAt), metadata } as Recorded
}

/** Every type of the domain is plain JSON already; interfaces of readonly parts only do not say so. */
const plain = (data: DomainEvent['data']): JsonObject => data as JsonObject

/** `data.hints.path must be ...`: the first field that breaks a rule, and the rule. Never its value: that may be anything. */
function describe(error: z.ZodError): string {
  const [issue] = error.issues
  return issue ? `data${z.core.toDotPath(issue.path).replace(/^(?=[^[])/, '.')}: ${issue.message}` : 'data is invalid'
}
