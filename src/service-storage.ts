/**
 * Where the service keeps what it knows: the data directory, held for this Steward alone; the database in it or the operator's own; and the log. Closed
 * in reverse order, so the directory is given free when nothing writes into it any more.
 */
import { createLeases } from './adapters/database/leases.ts'
import { fitLogToDatabase } from './adapters/database/log-identity.ts'
import { type Database, openDatabase } from './adapters/database/open-database.ts'
import { startEmbeddedPostgres } from './adapters/embedded-postgres/embedded-postgres.ts'
import { holdDataDirectory } from './adapters/embedded-postgres/hold-data-directory.ts'
import { createEventStoreDbEventStore } from './adapters/event-store/eventstoredb/eventstoredb-event-store.ts'
import { createPostgresEventStore } from './adapters/event-store/postgres/postgres-event-store.ts'
import { meterEventStore } from './adapters/metrics/metered-event-store.ts'
import type { Config } from './config.ts'
import type { EventStore } from './domain/ports/event-store.ts'
import type { Ids } from './domain/ports/ids.ts'
import type { Leases } from './domain/ports/leases.ts'
import type { Logger } from './domain/ports/logger.ts'

export interface Storage extends AsyncDisposable {
  readonly db: Database['kysely']
  readonly leases: Leases
  readonly store: EventStore
}

export type StorageParts = Readonly<{
  config: Pick<Config, 'dataDir' | 'databaseUrl' | 'eventStore' | 'allowInsecureEventStore' | 'namespace'>
  metrics: Parameters<typeof meterEventStore>[1]
  ids: Ids
  logger: Logger
}>

/** @throws what cannot be held, reached or joined; then nothing is left open. */
export async function openStorage({ config, metrics, ids, logger }: StorageParts): Promise<Storage> {
  const { namespace } = config
  await using stack = new AsyncDisposableStack()
  const connectionString = await openPostgres(config, { logger, stack })
  const database = stack.use(await openDatabase({ connectionString, namespace }))
  await database.migrate()
  const leases = stack.use(createLeases({ connectionString, namespace }))
  const unmetered =
    config.eventStore.kind === 'eventstoredb'
      ? createEventStoreDbEventStore({
          url: config.eventStore.url.reveal(),
          allowInsecure: config.allowInsecureEventStore,
          namespace,
          logger,
        })
      : createPostgresEventStore({ connectionString, namespace, logger })
  const store = meterEventStore(unmetered, metrics)
  stack.defer(() => store.close())
  await fitLogToDatabase({ store, db: database.kysely, namespace, ids })
  const open = stack.move()
  return { db: database.kysely, leases, store, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

/** The operator's own database, or the bundled one in the data directory. */
async function openPostgres(
  { databaseUrl, dataDir }: StorageParts['config'],
  { logger, stack }: Readonly<{ logger: Logger; stack: AsyncDisposableStack }>,
): Promise<string> {
  const lock = await holdDataDirectory({ dataDir })
  stack.defer(lock.release)
  if (databaseUrl.kind === 'external') return databaseUrl.url.reveal()
  return stack.use(await startEmbeddedPostgres({ dataDir, lock, logger })).connectionString
}
