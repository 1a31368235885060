/** What is read is what was written: any JSON, any type, any version. */
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/domain/ports/json.ts'
import { at, collect, eventsOf, newEvent, newStream } from '../support/events.ts'
import type { CurrentLog } from '../support/log-under-test.ts'

const values: [string, JsonObject][] = [
  ['NUL', { text: 'a\u0000b', '\u0000': 'in a name', escaped: '\\u0000' }],
  ['emoji', { text: '😀👩‍🚒', '🔧': ['é', 'e\u0301'] }],
  ['lone surrogates', { high: '\ud83d', low: 'x\ude00y', '\udc00': 'in a name', pair: '\ud83d\ude00' }],
  ['control characters and line separators', { text: '\u0001\u001b[31m\u007f\u2028\u2029\r\n\t', quote: '"\\/' }],
  ['numbers', { big: 9007199254740991, tiny: 5e-324, huge: 1.7976931348623157e308, fraction: 0.1, negative: -1 }],
  ['names of every object', JSON.parse('{"__proto__": {"x": 1}, "constructor": "c", "toString": null, "": 0}')],
  ['nesting and emptiness', { empty: {}, list: [], deep: [[[[{ a: [null, true, false] }]]]] }],
  ['a hundred levels', nested(100)],
]

export function roundTripCases(current: CurrentLog): void {
  describe('round trip', () => {
    test.each(values)('%s, in data and in metadata, read from the stream and from the log', async (_, data) => {
      const store = await current().open()
      const stream = newStream()
      const event = newEvent('Recorded', data, { actor: JSON.stringify(data), causationId: Object.values(data).join() })
      const { position, revision } = await store.append(stream, 'no-stream', [event])

      const stored = at(await collect(store.readStream(stream)), 0)
      const { recordedAt } = stored
      expect(recordedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      expect(stored).toEqual({ ...event, stream, revision, position, recordedAt })
      expect(JSON.stringify(stored.data)).toBe(JSON.stringify(data))
      expect((await eventsOf(store.readAll())).filter((each) => each.stream === stream)).toEqual([stored])
    })

    test('one event of nearly 1 MB', async () => {
      const store = await current().open()
      const stream = newStream()
      const event = newEvent('Recorded', { text: 'é😀\u0000x'.repeat(70_000) })
      await store.append(stream, 'no-stream', [event])
      expect(at(await collect(store.readStream(stream)), 0).data).toEqual(event.data)
    })

    test('a type that nobody knows any more and an old version of another, as they were written', async () => {
      const store = await current().open()
      const stream = newStream()
      const events = [
        newEvent('ForgottenLongAgo', { anything: [1] }, { schemaVersion: 1 }),
        newEvent('Weird type: with spaces/é', { old: 'shape' }, { schemaVersion: 0, traceparent: '00-ab-cd-01', commandId: 'c-1' }),
        newEvent('FromTheFuture', {}, { schemaVersion: 99 }),
      ]
      await store.append(stream, 'no-stream', events)
      const stored = await collect(store.readStream(stream))
      expect(stored.map(({ type, data, metadata }) => ({ type, data, metadata }))).toEqual(events)
    })

    test('names of streams are kept letter by letter', async () => {
      const store = await current().open()
      for (const stream of ['thing-a\'b;"c\\d%_', 'thing-é😀', 'Thing-ABC', 'thing-abc', 'thing-a-b-c', 'thing-a.b'] as const) {
        await store.append(stream, 'no-stream', [newEvent('Named', { stream })])
        expect((await collect(store.readStream(stream))).map((event) => [event.stream, event.data])).toEqual([[stream, { stream }]])
      }
    })

    test('what the caller changes afterwards does not reach the log', async () => {
      const store = await current().open()
      const stream = newStream()
      const data = { list: ['as appended'] }
      await store.append(stream, 'no-stream', [newEvent('Recorded', data)])
      data.list.push('afterwards')
      expect(at(await collect(store.readStream(stream)), 0).data).toEqual({ list: ['as appended'] })
    })
  })
}

function nested(levels: number): JsonObject {
  return levels === 0 ? {} : { inner: nested(levels - 1) }
}
