import type { DomainEvent, Recorded } from '../events.ts'
import type { EventMetadata, NewEvent, RecordedEvent } from './event-store.ts'

/**
 * Between the log's JSON and the domain's union. Reading parses every field and lifts old versions step by step; writing stamps the version.
 * What it lets through is typed; nothing inside checks again.
 */
export interface Codec {
  encode(event: DomainEvent, metadata: Omit<EventMetadata, 'schemaVersion'>): NewEvent
  /** @throws UndecodableEvent a type or version that this program does not know, or data that breaks its schema. */
  decode(event: RecordedEvent): Recorded
}

export class UndecodableEvent extends Error {
  override readonly name = 'UndecodableEvent'
  readonly stream: string
  readonly revision: bigint
  readonly type: string
  constructor(facts: { event: RecordedEvent; says: string; cause?: unknown }) {
    const { stream, revision, type } = facts.event
    super(`${type} at ${stream}@${revision}: ${facts.says}`, { cause: facts.cause })
    this.stream = stream
    this.revision = revision
    this.type = type
  }
}
