/** The contract, kept by the log in PostgreSQL; the line in front of it is a TCP proxy. */
import { afterAll, beforeAll } from 'vitest'
import { openDatabase } from '../../src/adapters/database/open-database.ts'
import { createPostgresEventStore } from '../../src/adapters/event-store/postgres/postgres-event-store.ts'
import type { EventStore } from '../../src/domain/ports/event-store.ts'
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { describeEventStore } from './event-store.ts'
import type { EventStoreFactory, Line, LogUnderTest } from './support/log-under-test.ts'
import { spawnWriter } from './support/writer-process.ts'

const APPEND_TIMEOUT_MS = 1_000
const READ_TIMEOUT_MS = 1_000

let server: TestPostgres
let tests = 0

beforeAll(async () => {
  server = await startTestPostgres()
}, 60_000)
afterAll(() => server.stop())

const factory: EventStoreFactory = {
  async start(): Promise<LogUnderTest> {
    const resources = new AsyncDisposableStack()
    const { connectionString } = server
    tests += 1
    const namespace = `contract_${tests}`
    // `a` and `ab`: a namespace must not match by its beginning.
    const neighbour = `${namespace}b`

    const migrated = async (schema: string): Promise<void> => {
      await using database = await openDatabase({ connectionString, namespace: schema })
      await database.migrate()
    }
    const opened = (store: EventStore): EventStore => {
      resources.defer(() => store.close())
      return store
    }
    await migrated(namespace)

    return {
      open: async () => opened(createPostgresEventStore({ connectionString, namespace })),
      async openThroughLine() {
        const proxy = await startTcpProxy({ path: server.socketPath })
        resources.use(proxy)
        const through = server.connectionStringAt(proxy.port)
        const timeouts = { appendTimeoutMs: APPEND_TIMEOUT_MS, readTimeoutMs: READ_TIMEOUT_MS }
        return { store: opened(createPostgresEventStore({ connectionString: through, namespace, ...timeouts })), line: lineOver(proxy) }
      },
      async openNeighbour() {
        await migrated(neighbour)
        return opened(createPostgresEventStore({ connectionString, namespace: neighbour }))
      },
      async startWriter(stream) {
        const writer = spawnWriter(new URL('./support/open-postgres.ts', import.meta.url), { connectionString, namespace }, stream)
        resources.defer(() => writer.kill())
        return writer
      },
      async holdForeignTransaction() {
        const database = await openDatabase({ connectionString, namespace })
        const client = await database.pool.connect()
        // It has an id, it has written to the very schema, and it stays open.
        await client.query('begin isolation level repeatable read')
        await client.query(`insert into process_checkpoints (name) values ('of somebody else')`)
        return {
          async [Symbol.asyncDispose]() {
            await client.query('rollback')
            client.release()
            await database.close()
          },
        }
      },
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    }
  },
}

const lineOver = (proxy: TcpProxy): Line => ({
  breakable: true,
  stop: () => proxy.stop(),
  start: () => proxy.start(),
  freeze: () => proxy.freeze(),
  thaw: () => proxy.thaw(),
  reset: () => proxy.resetConnections(),
  loseNextAcknowledgement: () => void proxy.loseAnswersTo('commit'),
})

describeEventStore('postgres', factory)
