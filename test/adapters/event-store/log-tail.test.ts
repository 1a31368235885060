import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogPage } from '../../../src/adapters/event-store/postgres/log-reader.ts'
import { LogTail } from '../../../src/adapters/event-store/postgres/log-tail.ts'
import type { RecordedEvent } from '../../../src/domain/ports/event-store.ts'

const signal = new AbortController().signal

/** A log of events `even` and `odd`, of which a page holds so many. */
function openLog(pageEvents = 1_000) {
  const log: RecordedEvent[] = []
  const asked: { after: bigint; types: readonly string[] | undefined }[] = []
  let hold: Promise<void> | undefined
  let broken: Error | undefined
  const append = (count: number): void => {
    for (let added = 0; added < count; added++) {
      const position = BigInt(log.length + 1)
      const metadata = { eventId: `e-${position}`, correlationId: 'c', causationId: 'c', schemaVersion: 1, actor: 'test' }
      const type = position % 2n === 0n ? 'even' : 'odd'
      log.push({ position, revision: position, stream: 'a-1', type, data: {}, recordedAt: '2026-11-21T10:00:00.000Z', metadata })
    }
  }
  const tail = new LogTail({
    async page({ after, types }): Promise<LogPage> {
      asked.push({ after, types })
      const head = BigInt(log.length)
      const found = log.filter(({ position, type }) => position > after && (types === undefined || types.includes(type)))
      const events = found.slice(0, pageEvents)
      await hold
      if (broken) throw broken
      return { events, head, seenTo: events.length < found.length ? (events.at(-1)?.position ?? after) : head }
    },
  })
  const positions = async (after: bigint, types?: readonly string[]) =>
    (await tail.page({ after, types, signal })).events.map(({ position }) => Number(position))
  return {
    ...{ append, asked, tail, positions },
    holdUntil: (until: Promise<void>) => {
      hold = until
    },
    breakWith: (error: Error | undefined) => {
      broken = error
    },
  }
}

test('subscriptions at the end of the log share one look, each with what it wants', async () => {
  const { append, asked, positions } = openLog()
  append(2)
  await positions(0n)
  asked.length = 0
  append(4)
  const all = await Promise.all([positions(2n), positions(2n, ['even']), positions(2n, ['nothing']), positions(2n, ['odd', 'even'])])
  expect(all).toStrictEqual([[3, 4, 5, 6], [4, 6], [], [3, 4, 5, 6]])
  expect(asked).toStrictEqual([{ after: 2n, types: undefined }])
  // One that comes a little later finds it too, also from the middle.
  expect(await positions(4n)).toStrictEqual([5, 6])
  expect(asked).toHaveLength(1)
})

test('one that is behind reads for itself, and only what it wants', async () => {
  const { append, asked, positions } = openLog()
  append(6)
  await positions(0n)
  asked.length = 0
  expect(await positions(1n, ['odd'])).toStrictEqual([3, 5])
  expect(asked).toStrictEqual([{ after: 1n, types: ['odd'] }])
})

test('a look that fails is heard by all who wait for it, and the next one is a new one', async () => {
  const { append, positions, breakWith } = openLog()
  append(1)
  await positions(0n)
  append(1)
  breakWith(new Error('away'))
  const both = await Promise.allSettled([positions(1n), positions(1n)])
  expect(both.map(({ status }) => status)).toStrictEqual(['rejected', 'rejected'])
  breakWith(undefined)
  expect(await positions(1n)).toStrictEqual([2])
})

test('who gives up waiting leaves the look to the others', async () => {
  const { append, positions, holdUntil, tail } = openLog()
  append(1)
  await positions(0n)
  append(1)
  const held = Promise.withResolvers<void>()
  holdUntil(held.promise)
  const gone = new AbortController()
  const mine = tail.page({ after: 1n, types: undefined, signal: gone.signal })
  const other = positions(1n)
  gone.abort(new Error('enough'))
  await expect(mine).rejects.toThrow('enough')
  held.resolve()
  expect(await other).toStrictEqual([2])
})

test('whatever comes when, each subscription gets every event that it wants once, in order', async () => {
  const step = fc.oneof(
    fc.record({ append: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ reads: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 4 }) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), async (steps, pageEvents) => {
      const { append, tail } = openLog(pageEvents)
      const wanted = [undefined, ['even'], ['odd']] as const
      const readers = wanted.map((types) => ({ types, at: 0n, got: [] as bigint[] }))
      const read = async (index: number): Promise<void> => {
        const reader = readers[index]
        if (!reader) return
        const { at } = reader
        const page = await tail.page({ after: at, types: reader.types, signal })
        // Two reads of one reader at the same time do not happen: it waits for the first.
        if (reader.at !== at) return
        reader.got.push(...page.events.map(({ position }) => position))
        expect(page.seenTo).toBeGreaterThanOrEqual(at)
        reader.at = page.seenTo
      }
      let appended = 0
      for (const one of steps) {
        if ('append' in one) {
          append(one.append)
          appended += one.append
        } else await Promise.all([...new Set(one.reads)].map(read))
      }
      for (let round = 0; round <= appended; round++) for (const index of readers.keys()) await read(index)
      const all = Array.from({ length: appended }, (_, index) => BigInt(index + 1))
      expect(readers.map(({ got }) => got)).toStrictEqual([
        all,
        all.filter((each) => each % 2n === 0n),
        all.filter((each) => each % 2n === 1n),
      ])
    }),
    { numRuns: 300 },
  )
})
