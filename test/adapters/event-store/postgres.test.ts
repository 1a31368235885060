/** What the contract does not ask, and production will: a refused batch, a writer that stands still, a server that restarts, large pages. */
import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../../src/adapters/database/open-database.ts'
import { openSession } from '../../../src/adapters/database/session.ts'
import {
  createPostgresEventStore,
  type PostgresEventStoreOptions,
} from '../../../src/adapters/event-store/postgres/postgres-event-store.ts'
import { lockHead } from '../../../src/adapters/event-store/postgres/sql/lock-head.ts'
import { type EventStore, StoreUnavailable } from '../../../src/domain/ports/event-store.ts'
import { at, collect, eventsOf, idOf, newEvent, newEvents, newStream } from '../../contract/support/events.ts'
import { Follower } from '../../contract/support/follower.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { withPostgres } from '../database/support.ts'

const postgres = withPostgres()

test('appends that arrive together share one transaction', async () => {
  const database = await postgres.database()
  const store = storeOver(database)
  await store.append(newStream(), 'no-stream', newEvents(1))
  const appends = Array.from({ length: 100 }, () => store.append(newStream(), 'no-stream', newEvents(2)))
  await Promise.all(appends)
  const { rows } = await database.pool.query<{ transactions: string }>('select count(distinct xmin::text) as transactions from events')
  // The first alone, then all that waited.
  expect(Number(rows[0]?.transactions)).toBeLessThanOrEqual(4)
})

test('in a batch that the server refuses only the culprit fails', async () => {
  const database = await postgres.database()
  await refusePoison(database)
  const store = storeOver(database)
  const appends = Array.from({ length: 9 }, (_, index) => ({ stream: newStream(), event: newEvent(index === 4 ? 'Poison' : 'Fine') }))
  const outcomes = await Promise.allSettled(appends.map(({ stream, event }) => store.append(stream, 'no-stream', [event])))

  expect(outcomes.map(({ status }) => status)).toEqual(appends.map((_, index) => (index === 4 ? 'rejected' : 'fulfilled')))
  const refused = at(outcomes, 4)
  expect(refused.status === 'rejected' && refused.reason).toBeInstanceOf(StoreUnavailable)
  expect(refused.status === 'rejected' && refused.reason.cause.message).toContain('poison')
  expect((await eventsOf(store.readAll())).map(idOf).sort()).toEqual(
    appends
      .filter((_, index) => index !== 4)
      .map(({ event }) => idOf(event))
      .sort(),
  )
  const positions = (await eventsOf(store.readAll())).map(({ position }) => position)
  expect(positions).toEqual(positions.map((_, index) => BigInt(index + 1)))
})

test('appends of one batch build on each other, conflict with each other, and repeat each other', async () => {
  const store = storeOver(await postgres.database())
  const stream = newStream()
  const [first, second] = [newEvents(2), newEvents(1)]
  const outcomes = await Promise.allSettled([
    store.append(stream, 'no-stream', first),
    store.append(stream, 1n, second),
    store.append(stream, 1n, newEvents(1)),
    store.append(stream, 'no-stream', first),
    store.append(stream, 1n, second),
  ])
  expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.revision : outcome.reason.name))).toEqual([
    1n,
    2n,
    'ConcurrencyConflict',
    1n,
    2n,
  ])
  expect((await collect(store.readStream(stream))).map(idOf)).toEqual([...first, ...second].map(idOf))
})

test('a process that stands still with the head in its hands does not stop the others', async () => {
  const database = await postgres.database()
  const { connectionString, namespace } = database
  // What a stopped process leaves: a transaction that took the head and says nothing more.
  const stuck = await openSession({
    connectionString,
    namespace,
    purpose: 'stuck writer',
    settings: { idle_in_transaction_session_timeout: '300ms' },
  })
  onTestFinished(() => stuck.destroy())
  await stuck.client.query(lockHead)
  const store = storeOver(database)
  await expect(store.append(newStream(), 'no-stream', newEvents(1))).resolves.toMatchObject({ position: 1n })
  expect(stuck.lost.aborted).toBe(true)
})

test('a process that is cut off with the head in its hands is ended by the server, and what it wanted is decided once', async () => {
  const database = await postgres.database()
  const proxy = await startTcpProxy({ path: postgres.server().socketPath })
  onTestFinished(() => proxy.close())
  const connectionString = postgres.server().connectionStringAt(proxy.port)
  const cutOff = storeOver({ ...database, connectionString }, { appendTimeoutMs: 500 })
  const [stream, batch] = [newStream(), newEvents(2)]
  // From the moment the lock is asked for nothing passes any more, not even the end of the connection.
  void proxy.loseAnswersTo('log_head').then(() => proxy.freeze())
  const outcome = cutOff.append(stream, 'no-stream', batch)
  await expect(outcome).rejects.toBeInstanceOf(StoreUnavailable)

  const { position } = await storeOver(database).append(newStream(), 'no-stream', newEvents(1))
  expect(position).toBe(1n)
  proxy.resetConnections()
  proxy.thaw()
  await expect(cutOff.append(stream, 'no-stream', batch)).resolves.toEqual({ revision: 1n, position: 3n })
})

test('goes on by itself when every connection is ended by the server', async () => {
  const database = await postgres.database()
  const store = storeOver(database)
  const follower = new Follower(store)
  onTestFinished(() => follower.stop())
  const ids: string[] = []
  const stream = newStream()
  for (let round = 0; round < 5; round += 1) {
    const [event] = [newEvent()]
    await store.append(stream, round === 0 ? 'no-stream' : BigInt(round - 1), [event])
    ids.push(idOf(event))
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'steward log %' and pid <> pg_backend_pid()`,
    )
  }
  const { position } = await store.append(stream, 4n, [newEvent('Last')])
  await follower.caughtUp(position)
  expect(follower.events.slice(0, 5).map(idOf)).toEqual(ids)
  expect(follower.events).toHaveLength(6)
})

test('readers notice what no notice told them of', async () => {
  const database = await postgres.database()
  const store = storeOver(database, { pollIntervalMs: 50 })
  const follower = new Follower(store)
  onTestFinished(() => follower.stop())
  const { position } = await store.append(newStream(), 'no-stream', newEvents(1))
  await follower.caughtUp(position)
  // An append without a notice, as after a lost one.
  await database.pool.query(`
    insert into events (position, stream, revision, type, event_id, size_bytes, recorded_at, data, metadata)
    select position + 1, 'quiet-1', 0, type, event_id, size_bytes, recorded_at, data, metadata from events`)
  await follower.caughtUp(position + 1n)
  expect(at(follower.events, 1).stream).toBe('quiet-1')
})

test('a page is bounded in bytes, and large events still come one behind the other', async () => {
  const store = storeOver(await postgres.database())
  const stream = newStream()
  const text = 'x'.repeat(900_000)
  for (let number = 0; number < 8; number += 1) {
    await store.append(stream, number === 0 ? 'no-stream' : BigInt(number - 1), [newEvent('Large', { number, text })])
  }
  const numbers = Array.from({ length: 8 }, (_, number) => number)
  expect((await eventsOf(store.readAll())).map(({ data }) => data['number'])).toEqual(numbers)
  expect((await collect(store.readStream(stream, { direction: 'backwards' }))).map(({ data }) => data['number'])).toEqual(numbers.reverse())
  expect(await eventsOf(store.readAll({ types: ['Large'], limit: 5 }))).toHaveLength(5)
})

test('a filter without matches makes its way through a long log in steps', async () => {
  const database = await postgres.database()
  const store = storeOver(database)
  await store.append(newStream(), 'no-stream', newEvents(1))
  await database.pool.query(`
    insert into events (position, stream, revision, type, event_id, size_bytes, recorded_at, data, metadata)
    select number, 'many-1', number, type, event_id, size_bytes, recorded_at, data, metadata
    from events, generate_series(2, 250000) as number`)
  const checkpoints: bigint[] = []
  for await (const item of store.readAll({ types: ['Nothing'] })) if ('checkpoint' in item) checkpoints.push(item.checkpoint)
  expect(checkpoints).toEqual([100_000n, 200_000n, 250_000n])
})

test('closes in bounded time also on a line that is frozen', async () => {
  const { namespace } = await postgres.database()
  const proxy = await startTcpProxy({ path: postgres.server().socketPath })
  onTestFinished(() => proxy.close())
  const connectionString = postgres.server().connectionStringAt(proxy.port)
  const store = storeOver({ connectionString, namespace }, { appendTimeoutMs: 500, readTimeoutMs: 500 })
  const follower = new Follower(store)
  const { position } = await store.append(newStream(), 'no-stream', newEvents(1))
  await follower.caughtUp(position)
  proxy.freeze()
  const append = store.append(newStream(), 'no-stream', newEvents(1)).catch((error: unknown) => error)
  const begun = performance.now()
  await store.close()
  await follower.ended
  expect(performance.now() - begun).toBeLessThan(3_000)
  expect(await append).toBeInstanceOf(Error)
})

test('a server that is not there is said to be unavailable, within the deadline', async () => {
  const proxy = await startTcpProxy({ path: postgres.server().socketPath })
  await proxy.stop()
  const connectionString = postgres.server().connectionStringAt(proxy.port)
  const store = createPostgresEventStore({ connectionString, namespace: 'nowhere', appendTimeoutMs: 300 })
  onTestFinished(() => store.close())
  await expect(store.append(newStream(), 'no-stream', newEvents(1))).rejects.toBeInstanceOf(StoreUnavailable)
  await expect(store.head()).rejects.toBeInstanceOf(StoreUnavailable)
})

function storeOver(
  { connectionString, namespace }: Pick<Database, 'connectionString' | 'namespace'>,
  options: Partial<PostgresEventStoreOptions> = {},
): EventStore {
  const store = createPostgresEventStore({ connectionString, namespace, ...options })
  onTestFinished(() => store.close())
  return store
}

async function refusePoison({ pool }: Database): Promise<void> {
  await pool.query(`
    create function refuse_poison() returns trigger language plpgsql as
      $$ begin if new.type = 'Poison' then raise exception 'poison is refused'; end if; return new; end $$;
    create trigger refuse_poison before insert on events for each row execute function refuse_poison()`)
}
