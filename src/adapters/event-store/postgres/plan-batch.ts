/**
 * Decides a batch of appends one behind the other, as if each were alone under the head lock, and lays out the rows to write. Pure, so that the
 * rules of the port stand in one place without any SQL around them.
 */
import { type Appended, ConcurrencyConflict, type ExpectedRevision, type StreamName } from '../../../domain/ports/event-store.ts'
import type { SerialisedEvent } from '../shared/check-append.ts'
import { asExpectation, firstRevision, resultOfRepeat, type StoredId } from '../shared/repeat.ts'
import type { NewRow } from './sql/append-events.ts'
import type { Places } from './sql/load-stored-ids.ts'

export type Append = Readonly<{ stream: StreamName; expected: ExpectedRevision; events: readonly SerialisedEvent[] }>

/** What the store held when the batch took the head. A stream without events is not in `revisions`. */
export type Loaded = Readonly<{ head: bigint; revisions: ReadonlyMap<string, bigint> }>

export type BatchPlan = Readonly<{
  /** In the order of the appends. A verdict counts only when the rows were committed, since it may rest on them. */
  verdicts: readonly (Appended | ConcurrencyConflict)[]
  rows: readonly NewRow[]
  /** By index: whether the append has rows of its own. */
  writes: readonly boolean[]
}>

/** Where stored ids are needed: an append that expects an earlier place than the stream has may be a repeat. */
export const placesToCompare = (appends: readonly Append[], { revisions }: Loaded): readonly Places[] =>
  appends.flatMap(({ stream, expected, events }) => {
    const [from, last] = [firstRevision(expected), revisions.get(stream)]
    return last !== undefined && from <= last ? [{ stream, from, to: from + BigInt(events.length - 1) }] : []
  })

export function planBatch(
  appends: readonly Append[],
  loaded: Loaded,
  storedAt: (stream: string, revision: bigint) => StoredId | undefined,
): BatchPlan {
  let head = loaded.head
  const revisions = new Map(loaded.revisions)
  const rows: NewRow[] = []
  const writes: boolean[] = []
  const verdicts = appends.map(({ stream, expected, events }): Appended | ConcurrencyConflict => {
    const actual = asExpectation(revisions.get(stream))
    writes.push(actual === expected)
    if (actual !== expected) {
      const find = (revision: bigint): StoredId | undefined => storedAt(stream, revision) ?? idOfRow(rows, stream, revision)
      const eventIds = events.map(({ eventId }) => eventId)
      return resultOfRepeat(expected, eventIds, find) ?? new ConcurrencyConflict({ stream, expected, actual })
    }
    let revision = firstRevision(expected) - 1n
    for (const event of events) {
      head += 1n
      revision += 1n
      rows.push({ ...event, stream, revision, position: head })
    }
    revisions.set(stream, revision)
    return { revision, position: head }
  })
  return { verdicts, rows, writes }
}

/** The repeat may stand in the same batch as the first attempt. Seldom, so a search is cheap enough. */
const idOfRow = (rows: readonly NewRow[], stream: string, revision: bigint): StoredId | undefined =>
  rows.find((row) => row.revision === revision && row.stream === stream)
