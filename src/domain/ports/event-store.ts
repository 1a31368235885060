import type { JsonObject } from './json.ts'

/**
 * The log. One total order of events, in named streams, appended with an exact expectation.
 * Every adapter keeps every guarantee below; `test/contract/event-store.ts` holds them to it.
 */
export interface EventStore {
  /**
   * Appends all events or none, at most 1 000 000 bytes with metadata. A repeat with the same event ids and the same expectation
   * returns the first result, so one attempt whose outcome is unknown may always be tried again. Nothing else is deduplicated.
   * @throws ConcurrencyConflict the stream is not where `expected` says.
   * @throws OutcomeUnknown the store neither confirmed nor refused in time.
   * @throws AppendTooLarge nothing was sent.
   */
  append(stream: StreamName, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended>

  /** The events of one stream, from `from` (inclusive) in the given direction. An unknown stream is an empty one. */
  readStream(
    stream: StreamName,
    options?: { from?: bigint; direction?: 'forwards' | 'backwards'; limit?: number; signal?: AbortSignal },
  ): AsyncIterable<RecordedEvent>

  /**
   * Events of all streams after `after` (exclusive), in position order, up to the head as it was when the read began.
   * @throws UnknownPosition `after` is no position of this log.
   */
  readAll(options?: {
    after?: Position
    types?: readonly string[]
    limit?: number
    signal?: AbortSignal
  }): AsyncIterable<RecordedEvent | Checkpoint>

  /**
   * All events after `after`, then those to come, until the signal aborts. Pulled, so a slow reader costs no memory. Survives outages by
   * itself. Yields a checkpoint now and then, and each time it reaches the head, also when no event matches `types`.
   */
  subscribe(options: { after?: Position; types?: readonly string[]; signal: AbortSignal }): AsyncIterable<RecordedEvent | Checkpoint>

  /** The end of the log, whoever wrote it; undefined when it is empty. */
  head(): Promise<Position | undefined>

  close(): Promise<void>
}

/** Everything up to here has been seen. */
export type Checkpoint = Readonly<{ checkpoint: Position; caughtUp: boolean }>

/** Strictly increasing in commit order, never reused, may have holes. */
export type Position = bigint
export type StreamName = `${string}-${string}`
export type ExpectedRevision = 'no-stream' | bigint

export type NewEvent = Readonly<{ type: string; data: JsonObject; metadata: EventMetadata }>
export type RecordedEvent = NewEvent & Readonly<{ stream: StreamName; revision: bigint; position: Position; recordedAt: string }>
export type Appended = Readonly<{ revision: bigint; position: Position }>

export type EventMetadata = Readonly<{
  eventId: string
  /** The request or detection that began it all. */
  correlationId: string
  /** The event or command that directly caused this one. */
  causationId: string
  commandId?: string
  actor: string
  schemaVersion: number
  traceparent?: string
}>

/** The stream is not where the caller thought: somebody else wrote first. */
export class ConcurrencyConflict extends Error {
  override readonly name = 'ConcurrencyConflict'
  readonly stream: StreamName
  readonly expected: ExpectedRevision
  readonly actual: ExpectedRevision
  constructor(facts: { stream: StreamName; expected: ExpectedRevision; actual: ExpectedRevision }) {
    super(`${facts.stream} is at ${facts.actual}, not at ${facts.expected}`)
    this.stream = facts.stream
    this.expected = facts.expected
    this.actual = facts.actual
  }
}

/** The store neither confirmed nor refused in time: the events may be stored, or not. Only a repeat with the same ids tells. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown'
  readonly stream: StreamName
  constructor(facts: { stream: StreamName; cause?: unknown }) {
    super(`whether the append to ${facts.stream} was stored is unknown`, { cause: facts.cause })
    this.stream = facts.stream
  }
}

/** More than one append may hold. Nothing was sent. */
export class AppendTooLarge extends Error {
  override readonly name = 'AppendTooLarge'
  readonly sizeBytes: number
  readonly limitBytes: number
  constructor(facts: { sizeBytes: number; limitBytes: number }) {
    super(`an append of ${facts.sizeBytes} bytes is over the limit of ${facts.limitBytes}`)
    this.sizeBytes = facts.sizeBytes
    this.limitBytes = facts.limitBytes
  }
}

/** An append that no store may accept: empty, a `$` name, a bad id. Nothing was sent. */
export class InvalidAppend extends Error {
  override readonly name = 'InvalidAppend'
  readonly field: 'stream' | 'events' | 'eventId' | 'type'
  constructor(facts: { field: 'stream' | 'events' | 'eventId' | 'type'; rule: string }) {
    super(`${facts.field} ${facts.rule}`)
    this.field = facts.field
  }
}

/** The position is none of this log. */
export class UnknownPosition extends Error {
  override readonly name = 'UnknownPosition'
  readonly position: Position
  constructor(facts: { position: Position; cause?: unknown }) {
    super(`${facts.position} is no position of this log`, { cause: facts.cause })
    this.position = facts.position
  }
}

/** The store cannot be reached now. A read may be tried again; an append that may have been sent says OutcomeUnknown instead. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
  constructor(facts: { doing: string; cause?: unknown }) {
    super(`the event store is unavailable (${facts.doing})`, { cause: facts.cause })
  }
}
