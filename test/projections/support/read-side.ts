/** A log and read models over one PostgreSQL, for tests that need the real thing. Everything is closed behind the test. */
import { onTestFinished } from 'vitest'
import { createSystemClock } from '../../../src/adapters/clock/system-clock.ts'
import type { Database } from '../../../src/adapters/database/open-database.ts'
import { createPostgresEventStore } from '../../../src/adapters/event-store/postgres/postgres-event-store.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { Codec } from '../../../src/domain/ports/codec.ts'
import type { EventStore, ExpectedRevision, Position, StreamName } from '../../../src/domain/ports/event-store.ts'
import type { Logger } from '../../../src/domain/ports/logger.ts'
import type { Retention } from '../../../src/domain/usage/retention.ts'
import type { ReadModel } from '../../../src/projections/projection.ts'
import { createReadModels, type ReadModels } from '../../../src/projections/read-models.ts'
import type { DatabaseFixture } from '../../adapters/database/support.ts'
import { newEvent, codec as realCodec } from './events.ts'

export type Metric = Readonly<{ name: string; value: number; labels: Readonly<Record<string, string>> }>

export class ReadSide {
  readonly database: Database
  readonly store: EventStore
  readonly metrics: Metric[] = []
  readonly errors: string[] = []
  readonly clock = createSystemClock()

  constructor(database: Database) {
    this.database = database
    this.store = createPostgresEventStore({ connectionString: database.connectionString, namespace: database.namespace })
    onTestFinished(() => this.store.close())
  }

  static async open(postgres: DatabaseFixture): Promise<ReadSide> {
    return new ReadSide(await postgres.database())
  }

  /** Read models as one process has them; not started. */
  readModels({
    codec = realCodec,
    ...options
  }: {
    models?: readonly ReadModel[]
    codec?: Codec
    store?: EventStore
    retention?: Retention
  } = {}): ReadModels {
    const { database, clock } = this
    const readModels = createReadModels({
      database: database.kysely,
      eventStore: options.store ?? this.store,
      codec,
      clock,
      logger: this.#logger,
      metrics: {
        count: (name, labels = {}, by = 1) => void this.metrics.push({ name, value: by, labels }),
        set: (name, value, labels = {}) => void this.metrics.push({ name, value, labels }),
        observe: () => undefined,
      },
      ...(options.models ? { models: options.models } : {}),
      ...(options.retention ? { retention: options.retention } : {}),
    })
    onTestFinished(() => readModels.stop())
    return readModels
  }

  async started(options: Parameters<ReadSide['readModels']>[0] = {}): Promise<ReadModels> {
    const readModels = this.readModels(options)
    await readModels.start()
    return readModels
  }

  async append(stream: StreamName, events: readonly DomainEvent[], expected: ExpectedRevision = 'no-stream'): Promise<Position> {
    const { position } = await this.store.append(
      stream,
      expected,
      events.map((event) => newEvent(event)),
    )
    return position
  }

  async rows(table: string): Promise<Record<string, unknown>[]> {
    return (await this.database.pool.query<Record<string, unknown>>(`select * from ${table} order by 1`)).rows
  }

  async checkpoints(name: string): Promise<{ build: number; version: number; stage: string; position: string }[]> {
    const text = 'select build, version, stage, position from projection_checkpoints where name = $1 order by build'
    return (await this.database.pool.query<{ build: number; version: number; stage: string; position: string }>(text, [name])).rows
  }

  readonly #logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_fields, message) => void this.errors.push(message),
    error: (_fields, message) => void this.errors.push(message),
    child: () => this.#logger,
  }
}

/** Waits until all of them have taken in everything up to the position. */
export async function caughtUp(readModels: ReadModels, position: Position): Promise<void> {
  await Promise.all(readModels.status().map(({ name }) => readModels.waitFor(name, position, 10_000)))
}
