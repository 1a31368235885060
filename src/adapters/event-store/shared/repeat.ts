/**
 * Tells a repeat from a conflict. An append whose stream has moved on is a repeat when the events behind its expectation carry its own ids, in
 * its order: the same batch, or the beginning of it. Anything longer, shifted or mixed is a conflict. Real EventStoreDB servers do the same.
 */
import type { Appended, ExpectedRevision, Position } from '../../../domain/ports/event-store.ts'

/** What a store remembers of the event at one revision. */
export type StoredId = Readonly<{ eventId: string; revision: bigint; position: Position }>

/** The revision that the first event of an append takes. */
export const firstRevision = (expected: ExpectedRevision): bigint => (expected === 'no-stream' ? 0n : expected + 1n)

/** The revision of the last event, or `no-stream`, as `expected` writes it. */
export const asExpectation = (last: bigint | undefined): ExpectedRevision => last ?? 'no-stream'

/** The result of the first append, when this one repeats it. `storedAt` answers for one revision of the stream. */
export function resultOfRepeat(
  expected: ExpectedRevision,
  eventIds: readonly string[],
  storedAt: (revision: bigint) => StoredId | undefined,
): Appended | undefined {
  let result: Appended | undefined
  for (const [index, eventId] of eventIds.entries()) {
    const stored = storedAt(firstRevision(expected) + BigInt(index))
    if (stored?.eventId !== eventId) return undefined
    result = { revision: stored.revision, position: stored.position }
  }
  return result
}
