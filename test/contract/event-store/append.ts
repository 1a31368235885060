/** Appends: all or nothing, at an exact place, and what is refused before it is sent. */
import { describe, expect, test } from 'vitest'
import {
  AppendTooLarge,
  ConcurrencyConflict,
  type EventStore,
  InvalidAppend,
  type NewEvent,
  type StreamName,
} from '../../../src/domain/ports/event-store.ts'
import { at, collect, idOf, newEvent, newEvents, newStream } from '../support/events.ts'
import type { CurrentLog } from '../support/log-under-test.ts'

export function appendCases(current: CurrentLog): void {
  describe('append', () => {
    test('begins a stream at revision 0 and continues it from its exact revision', async () => {
      const store = await current().open()
      const stream = newStream()
      const first = await store.append(stream, 'no-stream', newEvents(2))
      const second = await store.append(stream, first.revision, newEvents(3))

      expect([first.revision, second.revision]).toEqual([1n, 4n])
      expect(second.position).toBeGreaterThan(first.position)
      const stored = await collect(store.readStream(stream))
      expect(stored.map(({ revision }) => revision)).toEqual([0n, 1n, 2n, 3n, 4n])
      expect([at(stored, 1).position, at(stored, 4).position]).toEqual([first.position, second.position])
    })

    test('is refused when the stream is elsewhere, naming both places, and writes nothing', async () => {
      const store = await current().open()
      const [missing, existing] = [newStream(), newStream()]
      const written = newEvents(2)
      await store.append(existing, 'no-stream', written)

      await expectConflict(store, existing, 'no-stream', 1n)
      await expectConflict(store, existing, 0n, 1n)
      await expectConflict(store, existing, 2n, 1n)
      await expectConflict(store, existing, 9_000_000_000n, 1n)
      await expectConflict(store, missing, 0n, 'no-stream')

      expect((await collect(store.readStream(existing))).map(idOf)).toEqual(written.map(idOf))
      expect(await collect(store.readStream(missing))).toEqual([])
    })

    test.each(['no-stream', 'an exact revision'] as const)('one of twenty racers for %s wins, the others are told', async (place) => {
      const stores = await Promise.all([current().open(), current().open()])
      const stream = newStream()
      const expected = place === 'no-stream' ? 'no-stream' : (await at(stores, 0).append(stream, 'no-stream', [newEvent()])).revision

      const races = await Promise.allSettled(
        Array.from({ length: 20 }, (_, racer) => at(stores, racer % 2).append(stream, expected, [newEvent('Won', { racer })])),
      )

      const winners = races.filter(({ status }) => status === 'fulfilled')
      const losers = races.filter((race) => race.status === 'rejected').map(({ reason }) => reason)
      expect(winners).toHaveLength(1)
      const actual = expected === 'no-stream' ? 0n : expected + 1n
      for (const loss of losers) expect(loss).toBeInstanceOf(ConcurrencyConflict)
      for (const loss of losers) expect(loss).toMatchObject({ stream, expected, actual })
      expect(await collect(at(stores, 0).readStream(stream, { from: actual }))).toHaveLength(1)
    })

    test('appends of one caller to one stream keep their order, also when none is awaited', async () => {
      const store = await current().open()
      const stream = newStream()
      const events = newEvents(20)
      await Promise.all(events.map((event, index) => store.append(stream, index === 0 ? 'no-stream' : BigInt(index - 1), [event])))
      expect((await collect(store.readStream(stream))).map(idOf)).toEqual(events.map(idOf))
    })

    test.each<[string, StreamName, NewEvent[], InvalidAppend['field']]>([
      ['no events', 'thing-1', [], 'events'],
      ['a stream of the store itself', '$thing-1', [newEvent()], 'stream'],
      ['a stream without an id', 'thing-', [newEvent()], 'stream'],
      ['a stream without a category', '-1', [newEvent()], 'stream'],
      ['a stream name with a NUL', 'thing-\u0000', [newEvent()], 'stream'],
      ['a stream name with half a character', 'thing-\ud83d', [newEvent()], 'stream'],
      ['a stream name of 2 000 letters', `thing-${'x'.repeat(2_000)}`, [newEvent()], 'stream'],
      ['an event without a type', 'thing-1', [newEvent(''), newEvent()], 'type'],
      ['an event type of the store itself', 'thing-1', [newEvent('$metadata')], 'type'],
      ['an id that is no UUID', 'thing-1', [newEvent(), newEvent('Thing', {}, { eventId: 'e-1' })], 'eventId'],
    ])('refuses %s, naming the field', async (_, stream, events, field) => {
      const store = await current().open()
      const refusal = await store.append(stream, 'no-stream', events).catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(InvalidAppend)
      expect(refusal).toMatchObject({ field })
    })

    test('holds exactly 1 000 000 bytes with metadata, in one event or over several, and not one more', async () => {
      const store = await current().open()
      const [one, several, over] = [newStream(), newStream(), newStream()]

      await store.append(one, 'no-stream', padded(1, 1_000_000))
      await store.append(several, 'no-stream', padded(10, 1_000_000))
      for (const count of [1, 10]) {
        const refusal = await store.append(over, 'no-stream', padded(count, 1_000_001)).catch((error: unknown) => error)
        expect(refusal).toBeInstanceOf(AppendTooLarge)
        expect(refusal).toMatchObject({ sizeBytes: 1_000_001, limitBytes: 1_000_000 })
      }

      expect(await collect(store.readStream(one))).toHaveLength(1)
      expect(await collect(store.readStream(several))).toHaveLength(10)
      expect(await collect(store.readStream(over))).toEqual([])
    })
  })
}

async function expectConflict(store: EventStore, stream: StreamName, expected: 'no-stream' | bigint, actual: 'no-stream' | bigint) {
  const refusal = await store.append(stream, expected, [newEvent(), newEvent()]).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(ConcurrencyConflict)
  expect(refusal).toMatchObject({ stream, expected, actual })
}

/** Events that weigh `sizeBytes` together: the UTF-8 of types, data and metadata. */
function padded(count: number, sizeBytes: number): NewEvent[] {
  const events = Array.from({ length: count }, (_, index) => newEvent('Padded', { index, text: 'é' }))
  const short = sizeBytes - events.reduce((sum, event) => sum + weigh(event), 0)
  const first = at(events, 0)
  return [{ ...first, data: { ...first.data, text: `é${'x'.repeat(short)}` } }, ...events.slice(1)]
}

const weigh = ({ type, data, metadata }: NewEvent): number =>
  Buffer.byteLength(type) + Buffer.byteLength(JSON.stringify(data)) + Buffer.byteLength(JSON.stringify(metadata))
