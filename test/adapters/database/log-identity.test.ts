/** A database and a log that do not belong together are refused, whichever of them was swapped, and nothing is changed. */
import { expect, onTestFinished, test } from 'vitest'
import { fitLogToDatabase, LogMismatch } from '../../../src/adapters/database/log-identity.ts'
import type { Database } from '../../../src/adapters/database/open-database.ts'
import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts'
import { createPostgresEventStore } from '../../../src/adapters/event-store/postgres/postgres-event-store.ts'
import { createIds } from '../../../src/adapters/ids/uuid-ids.ts'
import { instant } from '../../../src/domain/instant.ts'
import type { EventStore } from '../../../src/domain/ports/event-store.ts'
import { at, eventsOf, newEvents, newStream } from '../../contract/support/events.ts'
import { withPostgres } from './support.ts'

const postgres = withPostgres()
const ids = createIds({ namespace: 'test' })

test('the first start gives the log its identity, as its first event, and every later start finds it', async () => {
  const database = await postgres.database()
  const store = logOf(database)
  const first = await fit(store, database)
  await store.append(newStream(), 'no-stream', newEvents(1))
  expect(await fit(store, database)).toEqual(first)

  const events = await eventsOf(store.readAll())
  expect(events).toHaveLength(2)
  expect(at(events, 0)).toMatchObject({ stream: 'log-identity', type: 'LogCreated', data: first, revision: 0n })
})

test('instances that start at the same moment agree on one identity', async () => {
  const database = await postgres.database()
  const store = logOf(database)
  const identities = await Promise.all(Array.from({ length: 5 }, () => fit(store, database)))
  expect(new Set(identities.map(({ logId }) => logId)).size).toBe(1)
  expect(await eventsOf(store.readAll())).toHaveLength(1)
})

test('a new database is taken into the service of an old log', async () => {
  const [old, fresh] = [await postgres.database(), await postgres.database()]
  const store = memoryLog()
  const identity = await fit(store, old, 'shared')
  expect(await fit(store, fresh, 'shared')).toEqual(identity)
})

test('another log is refused, naming both', async () => {
  const database = await postgres.database()
  const ours = await fit(memoryLog(), database, 'shared')
  const others = memoryLog()
  const theirs = await fit(others, await postgres.database(), 'shared')
  const refusal = await fit(others, database, 'shared').catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(LogMismatch)
  expect(refusal).toMatchObject({ rule: 'other-log', message: expect.stringMatching(new RegExp(`${ours.logId}.*${theirs.logId}`)) })
})

test('an empty log in the place of the old one is refused, and stays empty', async () => {
  const database = await postgres.database()
  const { logId } = await fit(memoryLog(), database, 'shared')
  const empty = memoryLog()
  const refusal = await fit(empty, database, 'shared').catch((error: unknown) => error)
  expect(refusal).toMatchObject({ name: 'LogMismatch', rule: 'log-without-identity', message: expect.stringContaining(logId) })
  expect(await empty.head()).toBeUndefined()
})

test('the log of another namespace is refused', async () => {
  const store = memoryLog()
  await fit(store, await postgres.database(), 'one')
  const refusal = await fit(store, await postgres.database(), 'other').catch((error: unknown) => error)
  expect(refusal).toMatchObject({ rule: 'other-namespace', message: expect.stringMatching(/other.*one/) })
})

test.each(['projection_checkpoints', 'process_checkpoints'] as const)(
  'a log that ends before a checkpoint in %s is refused, naming it',
  async (table) => {
    const database = await postgres.database()
    const store = logOf(database)
    const { logId } = await fit(store, database)
    const head = (await store.head()) ?? 0n
    const insert = (position: bigint) =>
      table === 'process_checkpoints'
        ? database.kysely
            .insertInto(table)
            .values({ name: `at-${position}`, position })
            .execute()
        : database.kysely
            .insertInto(table)
            .values({ name: `at-${position}`, build: 1, version: 1, position })
            .execute()

    await insert(head)
    await expect(fit(store, database)).resolves.toMatchObject({ logId })
    await insert(head + 1n)
    const refusal = await fit(store, database).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(LogMismatch)
    expect(refusal).toMatchObject({ rule: 'checkpoint-behind-the-end', message: expect.stringContaining(`at-${head + 1n}`) })
  },
)

const fit = (store: EventStore, { kysely, namespace }: Database, name = namespace) =>
  fitLogToDatabase({ store, db: kysely, namespace: name, ids })

function logOf({ connectionString, namespace }: Database): EventStore {
  const store = createPostgresEventStore({ connectionString, namespace })
  onTestFinished(() => store.close())
  return store
}

const memoryLog = (): EventStore =>
  createMemoryEventStore({ clock: { now: () => instant('2026-11-21T10:00:00.000Z'), sleep: () => Promise.resolve() } })
