/** Events for tests of read models: recorded as a store would, one position after the other, with data from the fixtures. */
import { readFileSync } from 'node:fs'
import { createCodec } from '../../../src/adapters/codec/codec.ts'
import { aggregates } from '../../../src/domain/aggregates.ts'
import type { DomainEvent, EventOf, EventType, Recorded } from '../../../src/domain/events.ts'
import { instant } from '../../../src/domain/instant.ts'
import type { NewEvent, StreamName } from '../../../src/domain/ports/event-store.ts'

export const codec = createCodec()
export const at = instant('2026-11-21T10:30:00.000Z')

/** The data of the first fixture of a type, with some fields changed. */
export function sample<Type extends EventType>(type: Type, changes: Partial<EventOf<Type>['data']> = {}, index = 0): EventOf<Type> {
  const file = new URL(`../../fixtures/events/${type}.v1.json`, import.meta.url)
  // The codec's own test reads every fixture; here its data is only put under its name.
  return { type, data: { ...JSON.parse(readFileSync(file, 'utf8'))[index], ...changes } } as EventOf<Type>
}

/** A log in memory: gives out positions and revisions. */
export class History {
  readonly events: Recorded[] = []
  readonly #revisions = new Map<string, bigint>()

  add<Event extends DomainEvent>(stream: StreamName, event: Event): Recorded<Event> {
    const revision = (this.#revisions.get(stream) ?? -1n) + 1n
    this.#revisions.set(stream, revision)
    const position = BigInt(this.events.length + 1) * 10n
    const eventId = `0199f0a0-0000-7000-8000-${position.toString().padStart(12, '0')}`
    const metadata = { eventId, correlationId: 'c', causationId: 'c', actor: 'mira', schemaVersion: 1 }
    const recorded: Recorded<Event> = { ...event, stream, revision, position, recordedAt: at, metadata }
    this.events.push(recorded)
    return recorded
  }
}

/** Metadata with a fresh id. */
export const newEvent = (event: DomainEvent, metadata: Partial<NewEvent['metadata']> = {}): NewEvent => {
  const eventId = crypto.randomUUID()
  return codec.encode(event, { eventId, correlationId: eventId, causationId: eventId, actor: 'mira', ...metadata })
}

export const aggregateNames = Object.keys(aggregates)
