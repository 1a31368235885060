/** Repeats: the same ids with the same expectation are answered with the first result. Nothing else is deduplicated. */
import { describe, expect, test } from 'vitest'
import { ConcurrencyConflict } from '../../../src/domain/ports/event-store.ts'
import { at, collect, idOf, newEvent, newEvents, newStream } from '../support/events.ts'
import type { CurrentLog } from '../support/log-under-test.ts'

export function repeatCases(current: CurrentLog): void {
  describe('repeat of an append', () => {
    test('gives the first result, and the events are stored once', async () => {
      const store = await current().open()
      const stream = newStream()
      const batch = newEvents(2)
      const first = await store.append(stream, 'no-stream', batch)

      expect(await store.append(stream, 'no-stream', batch)).toEqual(first)
      expect((await collect(store.readStream(stream))).map(idOf)).toEqual(batch.map(idOf))
    })

    test('gives the first result from another store, and after the stream has moved on', async () => {
      const [store, other] = await Promise.all([current().open(), current().open()])
      const stream = newStream()
      const [begin, middle, end] = [newEvents(2), newEvents(2), newEvents(1)]
      const first = await store.append(stream, 'no-stream', begin)
      const second = await store.append(stream, 1n, middle)
      await store.append(stream, 3n, end)

      expect(await other.append(stream, 'no-stream', begin)).toEqual(first)
      expect(await other.append(stream, 1n, middle)).toEqual(second)
      expect((await collect(store.readStream(stream))).map(idOf)).toEqual([...begin, ...middle, ...end].map(idOf))
    })

    test('of only the beginning of the batch gives the place of its last event', async () => {
      const store = await current().open()
      const stream = newStream()
      const batch = newEvents(3)
      await store.append(stream, 'no-stream', batch)
      const stored = await collect(store.readStream(stream))

      const { revision, position } = await store.append(stream, 'no-stream', batch.slice(0, 2))
      expect({ revision, position }).toEqual({ revision: 1n, position: at(stored, 1).position })
      expect(await collect(store.readStream(stream))).toHaveLength(3)
    })

    test('at the same moment gives one result to both', async () => {
      const [store, other] = await Promise.all([current().open(), current().open()])
      const stream = newStream()
      const batch = newEvents(2)
      const results = await Promise.all([store, other, store].map((each) => each.append(stream, 'no-stream', batch)))
      expect(new Set(results.map(({ position }) => position)).size).toBe(1)
      expect(await collect(store.readStream(stream))).toHaveLength(2)
    })

    test('with more events, with a shifted batch or with one strange event is a conflict', async () => {
      const store = await current().open()
      const stream = newStream()
      const batch = newEvents(2)
      await store.append(stream, 'no-stream', batch)

      for (const changed of [[...batch, newEvent()], batch.slice(1), [...batch].reverse(), [at(batch, 0), newEvent()]]) {
        await expect(store.append(stream, 'no-stream', changed)).rejects.toBeInstanceOf(ConcurrencyConflict)
      }
      expect((await collect(store.readStream(stream))).map(idOf)).toEqual(batch.map(idOf))
    })

    test('at a revision behind which another event stands by now is a conflict, though the id is in the stream', async () => {
      const store = await current().open()
      const stream = newStream()
      const batch = newEvents(3)
      await store.append(stream, 'no-stream', batch)

      await expect(store.append(stream, 1n, [at(batch, 1)])).rejects.toBeInstanceOf(ConcurrencyConflict)
      expect((await collect(store.readStream(stream))).map(idOf)).toEqual(batch.map(idOf))
    })

    test('is not told by ids alone: at the current revision, or in another stream, the same id is written again', async () => {
      const store = await current().open()
      const [stream, other] = [newStream(), newStream()]
      const event = newEvent()
      await store.append(stream, 'no-stream', [event])
      await store.append(stream, 0n, [event])
      await store.append(other, 'no-stream', [event])

      expect((await collect(store.readStream(stream))).map(idOf)).toEqual([idOf(event), idOf(event)])
      expect((await collect(store.readStream(other))).map(idOf)).toEqual([idOf(event)])
    })
  })
}
