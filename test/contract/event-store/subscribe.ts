/** Subscriptions: from any place, on through outages, with progress told, until the signal aborts. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EventStore } from '../../../src/domain/ports/event-store.ts'
import { eventsOf, idOf, isEvent, newEvent, newEvents, newStream } from '../support/events.ts'
import { Follower } from '../support/follower.ts'
import type { CurrentLog } from '../support/log-under-test.ts'

export function subscribeCases(current: CurrentLog): void {
  describe('subscribe', () => {
    test('gives everything from the beginning, says that it has caught up, and goes on with what comes', async () => {
      const store = await current().open()
      const [past, live] = [newEvents(5), newEvents(3)]
      const { position } = await store.append(newStream(), 'no-stream', past)
      const follower = follow(store)

      await follower.caughtUp(position)
      expect(follower.events.map(idOf)).toEqual(past.map(idOf))
      const last = await store.append(newStream(), 'no-stream', live)
      await follower.caughtUp(last.position)
      expect(follower.events.map(idOf)).toEqual([...past, ...live].map(idOf))
      expect(follower.events).toEqual(await eventsOf(store.readAll()))
      await follower.stop()
    })

    test('begins behind any position: in the middle, at the last event, at the head', async () => {
      const store = await current().open()
      await store.append(newStream(), 'no-stream', newEvents(4))
      const events = await eventsOf(store.readAll())
      const starts = events.map(({ position }, index) => ({ after: position, rest: events.slice(index + 1) }))
      const head = await store.head()
      const followers = [...starts, ...(head === undefined ? [] : [{ after: head, rest: [] }])].map(({ after, rest }) => ({
        follower: follow(store, { after }),
        rest,
      }))
      const live = newEvents(2)
      const { position } = await store.append(newStream(), 'no-stream', live)

      for (const { follower, rest } of followers) {
        await follower.caughtUp(position)
        expect(follower.events.map(idOf)).toEqual([...rest, ...live].map(idOf))
        await follower.stop()
      }
    })

    test('tells of each time it reaches the head, never of more than it has given', async () => {
      const store = await current().open()
      await store.append(newStream(), 'no-stream', newEvents(3))
      const follower = follow(store)
      for (let round = 0; round < 5; round += 1) {
        const { position } = await store.append(newStream(), 'no-stream', newEvents(2))
        await follower.caughtUp(position)
      }
      await follower.stop()

      let seen = 0n
      for (const item of follower.items) {
        const position = isEvent(item) ? item.position : item.checkpoint
        if (isEvent(item)) expect(position).toBeGreaterThan(seen)
        else expect(position).toBeGreaterThanOrEqual(seen)
        seen = position
      }
    })

    test('with a filter that matches nothing still moves its checkpoint, behind old events and behind new ones', async () => {
      const store = await current().open()
      const old = await store.append(newStream(), 'no-stream', newEvents(100))
      const follower = follow(store, { types: ['NeverWritten'] })
      await follower.caughtUp(old.position)
      const fresh = await store.append(newStream(), 'no-stream', newEvents(1))
      await follower.caughtUp(fresh.position)
      expect(follower.events).toEqual([])
      await follower.stop()
    })

    test('filters by type, live and in the past', async () => {
      const store = await current().open()
      await store.append(newStream(), 'no-stream', [newEvent('A'), newEvent('B'), newEvent('AB')])
      const follower = follow(store, { types: ['A', 'C'] })
      await follower.until(({ checkpoints }) => checkpoints.some(({ caughtUp }) => caughtUp))
      const { position } = await store.append(newStream(), 'no-stream', [newEvent('C'), newEvent('B'), newEvent('A')])
      await follower.caughtUp(position)
      expect(follower.events.map(({ type }) => type)).toEqual(['A', 'C', 'A'])
      await follower.stop()
    })

    test('does not show what others write to the same server, and is not held up by it', async () => {
      const [store, neighbour] = await Promise.all([current().open(), current().openNeighbour()])
      const follower = follow(store)
      await neighbour.append(newStream(), 'no-stream', newEvents(50))
      const ours = newEvents(2)
      const { position } = await store.append(newStream(), 'no-stream', ours)
      await neighbour.append(newStream(), 'no-stream', newEvents(50))
      await follower.caughtUp(position)
      expect(follower.events.map(idOf)).toEqual(ours.map(idOf))
      await follower.stop()
    })

    test('sees what another store appends', async () => {
      const [store, other] = await Promise.all([current().open(), current().open()])
      const follower = follow(store)
      await follower.until(({ checkpoints }) => checkpoints.length > 0)
      const events = newEvents(3)
      const { position } = await other.append(newStream(), 'no-stream', events)
      await follower.caughtUp(position)
      expect(follower.events.map(idOf)).toEqual(events.map(idOf))
      await follower.stop()
    })

    test('several at once are independent of each other', async () => {
      const store = await current().open()
      await store.append(newStream(), 'no-stream', newEvents(20))
      const followers = Array.from({ length: 10 }, () => follow(store))
      // One that never asks for its second event must not hold up the rest.
      const stuck = store.subscribe({ signal: AbortSignal.timeout(60_000) })[Symbol.asyncIterator]()
      await stuck.next()
      const { position } = await store.append(newStream(), 'no-stream', newEvents(20))
      for (const follower of followers) {
        await follower.caughtUp(position)
        expect(follower.events).toHaveLength(40)
        await follower.stop()
      }
      await stuck.return?.()
    })

    test.each(['stopped', 'reset', 'frozen', 'frozen, then reset'] as const)(
      'survives a line that is %s without loss or repeat',
      async (fault) => {
        const { store, line } = await current().openThroughLine()
        const direct = await current().open()
        const follower = follow(store)
        const before = newEvents(3)
        const { position } = await direct.append(newStream(), 'no-stream', before)
        await follower.caughtUp(position)

        if (fault === 'stopped') await line.stop()
        if (fault === 'reset') line.reset()
        if (fault.startsWith('frozen')) line.freeze()
        const during = newEvents(300)
        await direct.append(newStream(), 'no-stream', during)
        if (fault === 'stopped') await line.start()
        if (fault === 'frozen, then reset') line.reset()
        if (fault.startsWith('frozen')) line.thaw()

        const behind = newEvents(3)
        const last = await direct.append(newStream(), 'no-stream', behind)
        await follower.caughtUp(last.position)
        expect(follower.events.map(idOf)).toEqual([...before, ...during, ...behind].map(idOf))
        await follower.stop()
      },
    )

    test('begins in an outage, and gives everything when that is over', async () => {
      const { store, line } = await current().openThroughLine()
      const direct = await current().open()
      const events = newEvents(3)
      await line.stop()
      const follower = follow(store)
      const { position } = await direct.append(newStream(), 'no-stream', events)
      await line.start()
      await follower.caughtUp(position)
      expect(follower.events.map(idOf)).toEqual(events.map(idOf))
      await follower.stop()
    })

    test.each(['working', 'stopped', 'frozen'] as const)('ends within 1 s of the abort, on a line that is %s', async (state) => {
      const { store, line } = await current().openThroughLine()
      const { position } = await store.append(newStream(), 'no-stream', newEvents(3))
      const follower = follow(store)
      await follower.caughtUp(position)
      if (state === 'stopped') await line.stop()
      if (state === 'frozen') line.freeze()

      const begun = performance.now()
      await follower.stop()
      expect(performance.now() - begun).toBeLessThan(1_000)
      if (state === 'stopped') await line.start()
      if (state === 'frozen') line.thaw()
    })

    test('ends at once when the signal was aborted before, and in the middle of catching up', async () => {
      const store = await current().open()
      await store.append(newStream(), 'no-stream', newEvents(50))
      expect(await eventsOf(store.subscribe({ signal: AbortSignal.abort() }))).toEqual([])
      const abort = new AbortController()
      let seen = 0
      for await (const item of store.subscribe({ signal: abort.signal })) {
        if (isEvent(item)) seen += 1
        if (seen === 10) abort.abort()
      }
      expect(seen).toBe(10)
    })

    test('leaves the store usable when the reader just walks away', async () => {
      const store = await current().open()
      await store.append(newStream(), 'no-stream', newEvents(50))
      for (let round = 0; round < 20; round += 1) {
        for await (const item of store.subscribe({ signal: AbortSignal.timeout(60_000) })) if (isEvent(item)) break
        for await (const item of store.readAll()) if (isEvent(item)) break
      }
      expect(await eventsOf(store.readAll())).toHaveLength(50)
    })

    test('a reader that stands still costs no memory, however much is written meanwhile', async () => {
      const store = await current().open()
      const withoutReader = await growthBytes(() => appendMegabytes(store, 32))
      const abort = new AbortController()
      const slow = store.subscribe({ signal: abort.signal })[Symbol.asyncIterator]()
      await slow.next()
      // What the store itself keeps of 32 MB (all, in memory; nothing, on a server) is in both figures.
      const withReader = await growthBytes(() => appendMegabytes(store, 32))
      expect(withReader - withoutReader).toBeLessThan(16_000_000)

      let seen = 1
      while (seen < 64) if (isEvent((await slow.next()).value)) seen += 1
      abort.abort()
      expect((await slow.next()).done).toBe(true)
    })

    test('ends when its store is closed', async () => {
      const store = await current().open()
      const follower = follow(store)
      await follower.until(({ checkpoints }) => checkpoints.length > 0)
      await store.close()
      await follower.ended
    })
  })
}

/** A follower that ends with its test, however that ends. */
function follow(store: EventStore, options?: ConstructorParameters<typeof Follower>[1]): Follower {
  const follower = new Follower(store, options)
  onTestFinished(() => follower.stop().catch(() => undefined))
  return follower
}

async function appendMegabytes(store: EventStore, count: number): Promise<void> {
  const text = 'x'.repeat(999_000)
  for (let written = 0; written < count; written += 1) await store.append(newStream(), 'no-stream', [newEvent('Large', { written, text })])
}

async function growthBytes(work: () => Promise<void>): Promise<number> {
  const before = await usedBytes()
  await work()
  return (await usedBytes()) - before
}

async function usedBytes(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const gc: () => void = runInNewContext('gc')
  // Twice, with a turn of the loop between: buffers are freed by finalisers of the first.
  gc()
  await new Promise((resolve) => setImmediate(resolve))
  gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
