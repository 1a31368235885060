/** One total order, the same for all, however many write. hostile/event-log-order.test.ts shows that such a test can fail. */
import { describe, expect, test } from 'vitest'
import { at, eventsOf, idOf, newEvent, newStream } from '../support/events.ts'
import { Follower } from '../support/follower.ts'
import type { CurrentLog } from '../support/log-under-test.ts'

const WRITERS = 32
const APPENDS_PER_WRITER = 20

export function orderCases(current: CurrentLog): void {
  describe('order', () => {
    test('a live reader sees every event of 32 writers once, in position order, and a later read agrees', async () => {
      const stores = await Promise.all([current().open(), current().open()])
      const [store] = [at(stores, 0)]
      const follower = new Follower(store)

      const written = await Promise.all(
        Array.from({ length: WRITERS }, async (_, writer) => {
          const stream = newStream()
          const results: { id: string; position: bigint }[] = []
          for (let number = 0; number < APPENDS_PER_WRITER; number += 1) {
            const event = newEvent('Written', { writer, number })
            const expected = number === 0 ? 'no-stream' : BigInt(number - 1)
            const { position } = await at(stores, writer % 2).append(stream, expected, [event])
            results.push({ id: idOf(event), position })
          }
          return results
        }),
      )

      const inOrder = written.flat().sort((a, b) => (a.position < b.position ? -1 : 1))
      await follower.caughtUp(at(inOrder, -1).position)
      await follower.stop()
      expect(follower.events.map((event) => ({ id: idOf(event), position: event.position }))).toEqual(inOrder)
      expect(await eventsOf(store.readAll())).toEqual(follower.events)
    })

    test('an open transaction of somebody else does not hold up readers or writers', async () => {
      await using _transaction = await current().holdForeignTransaction()
      const store = await current().open()
      const follower = new Follower(store)
      const event = newEvent()
      const { position } = await store.append(newStream(), 'no-stream', [event])
      await follower.caughtUp(position)
      expect(follower.events.map(idOf)).toEqual([idOf(event)])
      expect((await eventsOf(store.readAll())).map(idOf)).toEqual([idOf(event)])
      await follower.stop()
    })
  })
}
