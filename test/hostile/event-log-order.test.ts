/**
 * Does a live reader see everything? 32 writers append at once while a reader that starts late follows the log. The control is a store with
 * positions from a sequence: it must lose events in every run, or this test could not tell a sound store from a broken one.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/adapters/database/open-database.ts'
import { createPostgresEventStore } from '../../src/adapters/event-store/postgres/postgres-event-store.ts'
import type { EventStore } from '../../src/domain/ports/event-store.ts'
import { at, eventsOf, idOf, newEvent, newStream } from '../contract/support/events.ts'
import { Follower } from '../contract/support/follower.ts'
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts'
import { openSequenceStore } from './support/sequence-store.ts'

const RUNS = 20
const WRITERS = 32
const APPENDS_PER_WRITER = 8
/** The reader begins when a quarter is written. */
const READER_STARTS_BEHIND = (WRITERS * APPENDS_PER_WRITER) / 4

let server: TestPostgres
beforeAll(async () => {
  server = await startTestPostgres()
}, 60_000)
afterAll(() => server.stop())

const runs = Array.from({ length: RUNS }, (_, run) => run + 1)

describe('32 writers and a live reader that starts late', () => {
  test('the event store loses nothing, repeats nothing and keeps the order, in none of 20 runs', { timeout: 60_000 }, async () => {
    for (const run of runs) {
      const namespace = `order_${run}`
      await using database = await openDatabase({ connectionString: server.connectionString, namespace })
      await database.migrate()
      // Two stores, as two processes would have: the order must hold between them, not only within a queue.
      const stores = [1, 2].map(() => createPostgresEventStore({ connectionString: server.connectionString, namespace }))
      const { written, seen } = await race(stores)
      expect(seen.map(({ id }) => id).sort(), `run ${run}: every id once`).toEqual(written.sort())
      const positions = seen.map(({ position }) => position)
      expect(positions, `run ${run}: in order, without gaps`).toEqual(positions.map((_, index) => BigInt(index + 1)))
      await Promise.all(stores.map((store) => store.close()))
    }
  })

  test('the control with a sequence loses events in each of 20 runs', { timeout: 60_000 }, async () => {
    for (const run of runs) {
      const { written, seen } = await raceOfControl(`control_${run}`)
      const lost = written.filter((id) => !seen.includes(id))
      expect(lost.length, `run ${run}: the control must lose events`).toBeGreaterThan(0)
    }
  })
})

async function race(stores: readonly EventStore[]) {
  const written: string[] = []
  const late = Promise.withResolvers<void>()
  const writing = Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      const stream = newStream()
      for (let number = 0; number < APPENDS_PER_WRITER; number += 1) {
        const event = newEvent('Written', { writer, number })
        await at(stores, writer % stores.length).append(stream, number === 0 ? 'no-stream' : BigInt(number - 1), [event])
        written.push(idOf(event))
        if (written.length === READER_STARTS_BEHIND) late.resolve()
      }
    }),
  )
  await late.promise
  const store = at(stores, 0)
  const follower = new Follower(store)
  await writing
  await follower.caughtUp((await store.head()) ?? 0n)
  await follower.stop()
  expect(await eventsOf(store.readAll())).toEqual(follower.events)
  return { written, seen: follower.events.map((event) => ({ id: idOf(event), position: event.position })) }
}

async function raceOfControl(schema: string) {
  const store = await openSequenceStore(server.connectionString, schema, WRITERS + 1)
  const written: string[] = []
  let writing = true
  const late = Promise.withResolvers<void>()
  const writers = Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      for (let number = 0; number < APPENDS_PER_WRITER; number += 1) {
        const id = `${writer}-${number}`
        await store.append(id, ((writer * 7 + number * 3) % 11) + 1)
        written.push(id)
        if (written.length === READER_STARTS_BEHIND) late.resolve()
      }
    }),
  ).then(() => {
    writing = false
  })
  await late.promise
  const seen: string[] = []
  for (let position = 0n, last = false; !last; ) {
    // One more look after the last commit: what is lost now is lost for good.
    last = !writing
    for (const event of await store.readAfter(position)) {
      seen.push(event.id)
      position = event.position
    }
    await sleep(1)
  }
  await writers
  await store.close()
  return { written, seen }
}
