/** Reading a stream, the whole log, and its end. */
import { describe, expect, test } from 'vitest'
import { type EventStore, type RecordedEvent, type StreamName, UnknownPosition } from '../../../src/domain/ports/event-store.ts'
import { at, collect, eventsOf, idOf, isEvent, newEvent, newEvents, newStream } from '../support/events.ts'
import type { CurrentLog } from '../support/log-under-test.ts'

export function readCases(current: CurrentLog): void {
  describe('readStream', () => {
    test('gives a stream from any place, in both directions, up to a limit', async () => {
      const store = await current().open()
      const stream = newStream()
      await store.append(stream, 'no-stream', newEvents(5))
      await store.append(newStream(), 'no-stream', newEvents(5))
      const read = revisionsOf(store, stream)

      expect(await read({})).toEqual([0n, 1n, 2n, 3n, 4n])
      expect(await read({ from: 2n })).toEqual([2n, 3n, 4n])
      expect(await read({ from: 1n, limit: 2 })).toEqual([1n, 2n])
      expect(await read({ from: 5n })).toEqual([])
      expect(await read({ from: 4_000_000_000n })).toEqual([])
      expect(await read({ limit: 0 })).toEqual([])
      expect(await read({ direction: 'backwards' })).toEqual([4n, 3n, 2n, 1n, 0n])
      expect(await read({ direction: 'backwards', limit: 1 })).toEqual([4n])
      expect(await read({ direction: 'backwards', from: 2n })).toEqual([2n, 1n, 0n])
      expect(await read({ direction: 'backwards', from: 4_000_000_000n, limit: 2 })).toEqual([4n, 3n])
      expect(await read({ direction: 'backwards', from: 0n })).toEqual([0n])
    })

    test('gives nothing for a stream that does not exist', async () => {
      const store = await current().open()
      expect(await collect(store.readStream(newStream()))).toEqual([])
      expect(await collect(store.readStream(newStream(), { direction: 'backwards', from: 3n }))).toEqual([])
    })

    test('gives a long stream whole and in order, whatever its pages are', async () => {
      const store = await current().open()
      const stream = newStream()
      const ids: string[] = []
      for (let expected: bigint | 'no-stream' = 'no-stream'; ids.length < 3_000; ) {
        const batch = newEvents(500)
        expected = (await store.append(stream, expected, batch)).revision
        ids.push(...batch.map(idOf))
      }
      expect((await collect(store.readStream(stream))).map(idOf)).toEqual(ids)
      expect((await collect(store.readStream(stream, { direction: 'backwards' }))).map(idOf)).toEqual(ids.reverse())
    })

    test('of an aborted signal throws its reason, so that a part never looks like the whole', async () => {
      const store = await current().open()
      const stream = newStream()
      await store.append(stream, 'no-stream', newEvents(3))
      const reason = new Error('enough')
      const abort = new AbortController()
      const reading = async () => {
        for await (const _ of store.readStream(stream, { signal: abort.signal })) abort.abort(reason)
      }
      await expect(reading()).rejects.toBe(reason)
      await expect(collect(store.readStream(stream, { signal: abort.signal }))).rejects.toBe(reason)
      await expect(collect(store.readAll({ signal: abort.signal }))).rejects.toBe(reason)
    })
  })

  describe('readAll', () => {
    test('gives all streams in one order, whole events, and says at the end how far it has seen', async () => {
      const store = await current().open()
      const streams = [newStream(), newStream('other')]
      const ids: string[] = []
      let last = 0n
      for (let round = 0; round < 10; round += 1) {
        const batch = newEvents(2)
        const expected = round < 2 ? 'no-stream' : BigInt(round - (round % 2) - 1)
        last = (await store.append(at(streams, round % 2), expected, batch)).position
        ids.push(...batch.map(idOf))
      }

      const items = await collect(store.readAll())
      const events = items.filter(isEvent)
      expect(events.map(idOf)).toEqual(ids)
      expectIncreasing(events)
      expect(at(events, -1).position).toBe(last)
      const end = at(items, -1)
      expect(!isEvent(end) && end.caughtUp && end.checkpoint >= last).toBe(true)
      const inStreams = await Promise.all(streams.map((stream) => collect(store.readStream(stream))))
      expect(events).toEqual(inStreams.flat().sort((a, b) => (a.position < b.position ? -1 : 1)))
    })

    test('begins behind the position it is given', async () => {
      const store = await current().open()
      await store.append(newStream(), 'no-stream', newEvents(5))
      const events = await eventsOf(store.readAll())
      for (const [index, { position }] of events.entries()) {
        expect(await eventsOf(store.readAll({ after: position }))).toEqual(events.slice(index + 1))
      }
    })

    test('filters by type, and limits what matches', async () => {
      const store = await current().open()
      await store.append(newStream(), 'no-stream', [newEvent('A'), newEvent('B'), newEvent('C'), newEvent('A'), newEvent('Ab')])
      const types = async (options: { types?: string[]; limit?: number }) =>
        (await eventsOf(store.readAll(options))).map(({ type }) => type)

      expect(await types({ types: ['A', 'C'] })).toEqual(['A', 'C', 'A'])
      expect(await types({ types: ['A', 'C'], limit: 2 })).toEqual(['A', 'C'])
      expect(await types({ types: ['Nothing'] })).toEqual([])
      expect(await types({ types: [] })).toEqual([])
      expect(await types({ limit: 3 })).toEqual(['A', 'B', 'C'])
      expect(await types({ limit: 0 })).toEqual([])
    })

    test('ends at the head as it was when the read began', async () => {
      const store = await current().open()
      const stream = newStream()
      await store.append(stream, 'no-stream', newEvents(3))
      const seen: RecordedEvent[] = []
      for await (const item of store.readAll()) {
        if (!isEvent(item)) continue
        seen.push(item)
        await store.append(newStream(), 'no-stream', newEvents(2))
      }
      expect(seen).toHaveLength(3)
    })

    test('refuses a position that the log does not have, to readers and subscribers', async () => {
      const store = await current().open()
      const { position } = await store.append(newStream(), 'no-stream', newEvents(2))
      const after = position + 1n
      await expect(collect(store.readAll({ after }))).rejects.toBeInstanceOf(UnknownPosition)
      await expect(collect(store.subscribe({ after, signal: AbortSignal.timeout(10_000) }))).rejects.toBeInstanceOf(UnknownPosition)
    })

    test('does not show what others keep on the same server', async () => {
      const [store, neighbour] = await Promise.all([current().open(), current().openNeighbour()])
      const stream = newStream()
      const [ours, theirs] = [newEvents(3), newEvents(4)]
      await neighbour.append(stream, 'no-stream', theirs)
      await store.append(stream, 'no-stream', ours)
      await neighbour.append(newStream(), 'no-stream', newEvents(2))

      expect((await eventsOf(store.readAll())).map(idOf)).toEqual(ours.map(idOf))
      expect((await collect(store.readStream(stream))).map(idOf)).toEqual(ours.map(idOf))
      expect((await collect(neighbour.readStream(stream))).map(idOf)).toEqual(theirs.map(idOf))
    })
  })

  describe('head', () => {
    test('is at or behind the last append, and a place to read on from', async () => {
      const store = await current().open()
      const { position } = await store.append(newStream(), 'no-stream', newEvents(2))
      const head = await store.head()
      if (head === undefined) throw new Error('the log is not empty')
      expect(head).toBeGreaterThanOrEqual(position)
      expect(await eventsOf(store.readAll({ after: head }))).toEqual([])
      const later = newEvents(1)
      await store.append(newStream(), 'no-stream', later)
      expect((await eventsOf(store.readAll({ after: head }))).map(idOf)).toEqual(later.map(idOf))
    })
  })
}

const revisionsOf =
  (store: EventStore, stream: StreamName) =>
  async (options: Parameters<EventStore['readStream']>[1]): Promise<bigint[]> =>
    (await collect(store.readStream(stream, options))).map(({ revision }) => revision)

function expectIncreasing(events: readonly RecordedEvent[]): void {
  for (const [index, { position }] of events.slice(1).entries()) expect(position).toBeGreaterThan(at(events, index).position)
}
