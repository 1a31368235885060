/** Appends decided in batches get the verdicts that the reference gives them one by one, however they are cut into batches. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts'
import { type Append, type Loaded, placesToCompare, planBatch } from '../../../src/adapters/event-store/postgres/plan-batch.ts'
import type { NewRow } from '../../../src/adapters/event-store/postgres/sql/append-events.ts'
import { checkAppend } from '../../../src/adapters/event-store/shared/check-append.ts'
import { instant } from '../../../src/domain/instant.ts'
import type { Appended, ConcurrencyConflict, EventStore, NewEvent, StreamName } from '../../../src/domain/ports/event-store.ts'
import { collect, idOf, newEvent } from '../../contract/support/events.ts'

type Attempt = Readonly<{ stream: StreamName; expected: 'no-stream' | bigint; ids: readonly number[] }>

const streams = ['thing-a', 'thing-b'] as const

// Few streams, few places, few ids: so that conflicts and repeats are as frequent as successes.
const attempts: fc.Arbitrary<readonly Attempt[]> = fc.array(
  fc.record({
    stream: fc.constantFrom<StreamName>(...streams),
    expected: fc.oneof(
      fc.constant('no-stream' as const),
      fc.integer({ min: 0, max: 5 }).map((revision) => BigInt(revision)),
    ),
    ids: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
  }),
  { maxLength: 30 },
)

const cuts = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 30 })

test('any appends in any batches', async () => {
  await fc.assert(
    fc.asyncProperty(attempts, cuts, async (all, sizes) => {
      const reference = createMemoryEventStore({
        clock: { now: () => instant('2026-11-21T10:00:00.000Z'), sleep: () => Promise.resolve() },
      })
      const expected: string[] = []
      for (const attempt of all) expected.push(await verdictOf(reference, attempt))

      const table: NewRow[] = []
      const actual = batchesOf(all, sizes).flatMap((batch) => decide(batch.map(toAppend), table).map(describeVerdict))
      expect(actual).toEqual(expected)
      expect(table.map(({ position }) => position)).toEqual(table.map((_, index) => BigInt(index + 1)))
      for (const stream of streams) {
        const stored = await collect(reference.readStream(stream))
        expect(table.filter((row) => row.stream === stream).map(({ eventId, revision }) => [eventId, revision])).toEqual(
          stored.map((event) => [idOf(event), event.revision]),
        )
      }
    }),
    { numRuns: 500 },
  )
})

/** What write-batch.ts does around the plan, with an array for the table. */
function decide(appends: readonly Append[], table: NewRow[]): readonly (Appended | ConcurrencyConflict)[] {
  const revisions = new Map<string, bigint>()
  for (const { stream, revision } of table) revisions.set(stream, revision)
  const loaded: Loaded = { head: BigInt(table.length), revisions }
  const places = placesToCompare(appends, loaded)
  const loadedRows = table.filter((row) =>
    places.some(({ stream, from, to }) => row.stream === stream && row.revision >= from && row.revision <= to),
  )
  const plan = planBatch(appends, loaded, (stream, revision) =>
    loadedRows.find((row) => row.stream === stream && row.revision === revision),
  )
  expect(plan.writes.filter(Boolean).length > 0).toBe(plan.rows.length > 0)
  table.push(...plan.rows)
  return plan.verdicts
}

async function verdictOf(store: EventStore, attempt: Attempt): Promise<string> {
  return store.append(attempt.stream, attempt.expected, attempt.ids.map(toEvent)).then(describeVerdict, describeVerdict)
}

/** Positions differ between the stores, by design; everything else is the same. */
const describeVerdict = (verdict: Appended | ConcurrencyConflict): string =>
  verdict instanceof Error ? verdict.message : `written to ${verdict.revision}`

const toAppend = ({ stream, expected, ids }: Attempt): Append => ({ stream, expected, events: checkAppend(stream, ids.map(toEvent)) })

const toEvent = (id: number): NewEvent => newEvent('Numbered', {}, { eventId: `00000000-0000-4000-8000-00000000000${id}` })

function batchesOf<Item>(items: readonly Item[], sizes: readonly number[]): Item[][] {
  const batches: Item[][] = []
  for (let start = 0, index = 0; start < items.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1
    batches.push(items.slice(start, start + size))
    start += size
  }
  return batches
}
