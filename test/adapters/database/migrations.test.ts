/** Migrations go forwards and back, with data in place, from several instances at once, each in its own schema. */
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { MigrationFailed } from '../../../src/adapters/database/migrate.ts'
import { type Database, DatabaseUnsuitable, openDatabase } from '../../../src/adapters/database/open-database.ts'
import { createPostgresEventStore } from '../../../src/adapters/event-store/postgres/postgres-event-store.ts'
import { InvalidNamespace } from '../../../src/adapters/event-store/shared/namespace.ts'
import { eventsOf, newEvents, newStream } from '../../contract/support/events.ts'
import { withPostgres } from './support.ts'

const postgres = withPostgres()

test('forwards makes every table, back leaves none of them, and forwards again begins empty', async () => {
  const database = await postgres.database()
  const tables = await tablesOf(database)
  expect(tables).toEqual(
    expect.arrayContaining(['events', 'log_cursors', 'log_head', 'log_identity', 'process_checkpoints', 'projection_checkpoints']),
  )
  await fill(database)

  await database.migrateToEmpty()
  expect(await tablesOf(database)).toEqual(['migrations', 'migrations_lock'])

  await database.migrate()
  expect(await tablesOf(database)).toEqual(tables)
  expect(await countEvents(database)).toBe(0)
  await fill(database)
  expect(await countEvents(database)).toBe(3)
})

test('forwards a second time changes nothing of what is there', async () => {
  const database = await postgres.database()
  await fill(database)
  await database.migrate()
  expect(await countEvents(database)).toBe(3)
})

test('several instances may start at the same moment', async () => {
  const namespace = postgres.namespace()
  const { connectionString } = postgres.server()
  const databases = await Promise.all(Array.from({ length: 6 }, () => openDatabase({ connectionString, namespace })))
  await Promise.all(databases.map((database) => database.migrate()))
  await Promise.all(databases.map(fillQuietly))
  await Promise.all(databases.map((database) => database.close()))
})

test('namespaces on one server do not meet', async () => {
  const [one, other] = [await postgres.database('meet'), await postgres.database('meet_not')]
  await fill(one)
  expect(await countEvents(other)).toBe(0)
  await one.migrateToEmpty()
  await fill(other)
  expect(await countEvents(other)).toBe(3)
})

test('a schema made by a newer program is refused, naming the migration', async () => {
  const database = await postgres.database()
  await sql`insert into migrations (name, timestamp) values ('9999-from-the-future', '2099-01-01T00:00:00.000Z')`.execute(database.kysely)
  const refusal = await database.migrate().catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(MigrationFailed)
  expect(refusal).toMatchObject({ migration: '9999-from-the-future', message: expect.stringContaining('newer') })
})

test('a database that cannot hold all of Unicode is refused', async () => {
  const database = await postgres.database()
  await sql`create database latin encoding 'LATIN1' template template0 locale 'C'`.execute(database.kysely)
  const url = new URL(postgres.server().connectionString)
  url.pathname = '/latin'
  const refusal = await openDatabase({ connectionString: url.href, namespace: 'latin' }).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(DatabaseUnsuitable)
  expect(refusal).toMatchObject({ rule: 'not-utf8' })
})

test.each(['', 'Upper', '1st', 'with space', 'a"b', 'x'.repeat(41), 'pg_own', 'public'])(
  'the namespace %j is refused',
  async (namespace) => {
    const { connectionString } = postgres.server()
    await expect(openDatabase({ connectionString, namespace })).rejects.toBeInstanceOf(InvalidNamespace)
  },
)

async function tablesOf({ kysely, namespace }: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = ${namespace} order by tablename collate "C"`.execute(kysely)
  return rows.map(({ name }) => name)
}

async function fill({ kysely, connectionString, namespace }: Database): Promise<void> {
  const store = createPostgresEventStore({ connectionString, namespace })
  await store.append(newStream(), 'no-stream', newEvents(3))
  await store.close()
  await kysely.insertInto('projection_checkpoints').values({ name: 'incidents', build: 1, version: 1, position: 3n }).execute()
  await kysely.insertInto('process_checkpoints').values({ name: 'healer', position: 3n }).execute()
}

async function fillQuietly({ connectionString, namespace }: Database): Promise<void> {
  const store = createPostgresEventStore({ connectionString, namespace })
  await store.append(newStream(), 'no-stream', newEvents(3))
  await store.close()
}

async function countEvents({ connectionString, namespace }: Database): Promise<number> {
  const store = createPostgresEventStore({ connectionString, namespace })
  const events = await eventsOf(store.readAll())
  await store.close()
  return events.length
}
