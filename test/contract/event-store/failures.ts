/** When the line, the server or the writer fails: never a lost acknowledgement, never an event twice. */
import { describe, expect, test } from 'vitest'
import {
  type Appended,
  type EventStore,
  type ExpectedRevision,
  type NewEvent,
  OutcomeUnknown,
  StoreUnavailable,
  type StreamName,
} from '../../../src/domain/ports/event-store.ts'
import { at, collect, eventsOf, idOf, newEvents, newStream } from '../support/events.ts'
import type { CurrentLog } from '../support/log-under-test.ts'

/** The deadline of an append through a line is at most 2 s; with it the line must be over within this time. */
const ANSWERED_WITHIN_MS = 4_000

export function failureCases(current: CurrentLog): void {
  describe('failures', () => {
    test('an append whose acknowledgement is lost is stored once: the store finds out, or says so and answers the repeat', async () => {
      const { store, line } = await current().openThroughLine()
      const direct = await current().open()
      const stream = newStream()
      await store.append(stream, 'no-stream', newEvents(1))
      const batch = newEvents(3)
      line.loseNextAcknowledgement()

      const begun = performance.now()
      const outcome = await outcomeOf(store.append(stream, 0n, batch))
      expect(performance.now() - begun).toBeLessThan(ANSWERED_WITHIN_MS)
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(OutcomeUnknown)
      const stored = await collect(direct.readStream(stream, { from: 1n }))
      expect(stored.map(idOf)).toEqual(batch.map(idOf))

      const repeated = await appendUntilKnown(store, stream, 0n, batch)
      expect(repeated).toEqual({ revision: 3n, position: at(stored, -1).position })
      if (!(outcome instanceof Error)) expect(outcome).toEqual(repeated)
      expect(await collect(direct.readStream(stream))).toHaveLength(4)
    })

    test.each(['stopped', 'frozen'] as const)(
      'an append on a line that is %s fails within its deadline, and its repeat stores the events once',
      async (fault) => {
        const { store, line } = await current().openThroughLine()
        const direct = await current().open()
        const stream = newStream()
        await store.append(stream, 'no-stream', newEvents(1))
        if (fault === 'stopped') await line.stop()
        else line.freeze()

        const batch = newEvents(2)
        const begun = performance.now()
        const outcome = await outcomeOf(store.append(stream, 0n, batch))
        expect(performance.now() - begun).toBeLessThan(ANSWERED_WITHIN_MS)
        if (line.breakable) expect(outcome).toBeInstanceOf(Error)
        if (outcome instanceof Error) expect([OutcomeUnknown, StoreUnavailable]).toContain(outcome.constructor)
        if (fault === 'stopped') await line.start()
        else line.thaw()

        const { revision } = await appendUntilKnown(store, stream, 0n, batch)
        expect(revision).toBe(2n)
        expect((await collect(direct.readStream(stream, { from: 1n }))).map(idOf)).toEqual(batch.map(idOf))
      },
    )

    test('many appends through a line that is reset again and again are each stored once', async () => {
      const { store, line } = await current().openThroughLine()
      const direct = await current().open()
      const appends = Array.from({ length: 40 }, () => ({ stream: newStream(), batch: newEvents(2) }))
      for (let begin = 0; begin < appends.length; begin += 8) {
        const running = appends.slice(begin, begin + 8).map(({ stream, batch }) => appendUntilKnown(store, stream, 'no-stream', batch))
        line.reset()
        await Promise.all(running)
      }
      const stored = await eventsOf(direct.readAll())
      expect(stored.map(idOf).sort()).toEqual(appends.flatMap(({ batch }) => batch.map(idOf)).sort())
    })

    test('reads and the head fail on a line that is stopped, saying that the store is unavailable, and work again behind it', async () => {
      const { store, line } = await current().openThroughLine()
      const stream = newStream()
      await store.append(stream, 'no-stream', newEvents(2))
      await line.stop()
      if (line.breakable) {
        await expect(collect(store.readStream(stream))).rejects.toBeInstanceOf(StoreUnavailable)
        await expect(collect(store.readAll())).rejects.toBeInstanceOf(StoreUnavailable)
        await expect(store.head()).rejects.toBeInstanceOf(StoreUnavailable)
      }
      await line.start()
      await expect.poll(() => collect(store.readStream(stream)).catch(() => []), { timeout: 20_000 }).toHaveLength(2)
      expect(await eventsOf(store.readAll())).toHaveLength(2)
    })

    test('a writer killed at any moment loses nothing acknowledged, leaves no half append, and blocks nobody', async () => {
      const store = await current().open()
      const stream = newStream('killed')
      const writer = await current().startWriter(stream)
      const acknowledged: { eventIds: readonly string[]; revision: bigint }[] = []
      for await (const append of writer.acknowledged) {
        acknowledged.push(append)
        if (acknowledged.length === 50) void writer.kill()
      }
      await writer.kill()

      const stored = await collect(store.readStream(stream))
      const ids = stored.map(idOf)
      expect(stored.map(({ revision }) => revision)).toEqual(stored.map((_, index) => BigInt(index)))
      expect(ids.slice(0, acknowledged.length * 3)).toEqual(acknowledged.flatMap(({ eventIds }) => eventIds))
      // At most the one append that was on its way, and that one whole.
      expect([0, 3]).toContain(ids.length - acknowledged.length * 3)
      expect((await eventsOf(store.readAll())).map(idOf)).toEqual(ids)

      const begun = performance.now()
      await store.append(stream, at(stored, -1).revision, newEvents(1))
      expect(performance.now() - begun).toBeLessThan(10_000)
    })

    test('a closed store refuses everything', async () => {
      const store = await current().open()
      const stream = newStream()
      await store.append(stream, 'no-stream', newEvents(1))
      await store.close()
      await expect(store.append(stream, 0n, newEvents(1))).rejects.toBeInstanceOf(StoreUnavailable)
      await expect(collect(store.readStream(stream))).rejects.toBeInstanceOf(StoreUnavailable)
      await expect(collect(store.readAll())).rejects.toBeInstanceOf(StoreUnavailable)
      await expect(store.head()).rejects.toBeInstanceOf(StoreUnavailable)
      await store.close()
    })

    test('closing waits for the appends that have begun', async () => {
      const [store, other] = await Promise.all([current().open(), current().open()])
      const streams = Array.from({ length: 20 }, () => newStream())
      const appends = streams.map((stream) => store.append(stream, 'no-stream', newEvents(1)))
      await store.close()
      await Promise.all(appends)
      expect(await eventsOf(other.readAll())).toHaveLength(20)
    })
  })
}

const outcomeOf = (append: Promise<Appended>): Promise<Appended | Error> =>
  append.catch((error: unknown) => {
    if (error instanceof Error) return error
    throw error
  })

/** What a caller does with an unknown outcome: the same ids, the same expectation, until the store knows. */
async function appendUntilKnown(
  store: EventStore,
  stream: StreamName,
  expected: ExpectedRevision,
  batch: readonly NewEvent[],
): Promise<Appended> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await outcomeOf(store.append(stream, expected, batch))
    if (!(outcome instanceof Error)) return outcome
    const mayRepeat = outcome instanceof OutcomeUnknown || outcome instanceof StoreUnavailable
    if (!mayRepeat || attempt === 100) throw outcome
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
