/**
 * `npm run bench:projections`: what it costs to make a read model from the log, reading, parsing, folding and writing together. Against a loop
 * that upserts per event with the same guarantee (row and checkpoint in one transaction) and the same setting of the server; memory at two
 * sizes of the log; and from EventStoreDB's wire protocol against the client's own plain read.
 */
import { randomUUID } from 'node:crypto'
import { EventStoreDBClient, START } from '@eventstore/db-client'
import { sql } from 'kysely'
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts'
import { createCodec } from '../../src/adapters/codec/codec.ts'
import { type Database, openDatabase } from '../../src/adapters/database/open-database.ts'
import { createEventStoreDbEventStore } from '../../src/adapters/event-store/eventstoredb/eventstoredb-event-store.ts'
import { createPostgresEventStore } from '../../src/adapters/event-store/postgres/postgres-event-store.ts'
import { instant } from '../../src/domain/instant.ts'
import type { EventStore, Position } from '../../src/domain/ports/event-store.ts'
import type { Logger } from '../../src/domain/ports/logger.ts'
import { isEvent } from '../../src/projections/batch.ts'
import { defineEnvelopeProjection, defineProjection, type ReadModel } from '../../src/projections/projection.ts'
import { createReadModels, type ReadModels } from '../../src/projections/read-models.ts'
import { startEventStoreDbDoubleProcess } from '../support/eventstoredb-double/process.ts'
import { startTestPostgres } from '../support/postgres.ts'
import { figure, goal, machineLine, median, table } from './support/report.ts'

const SMALL = 100_000
const LARGE = 1_000_000
const LOOP_EVENTS = 5_000
const ROUNDS = 3
const HOSTS = 1_000
const EVENTS_PER_APPEND = 1_000

const clock = createSystemClock()
const codec = createCodec()
const silent: Logger = { debug() {}, info() {}, warn() {}, error: (fields, message) => console.error(message, fields), child: () => silent }

type ContactRow = Readonly<{ hostId: string; contacts: number; lastAt: string }>

/** One simple projection: a count and a time per host. */
const contacts = defineProjection({
  name: 'contacts',
  version: 1,
  table: 'contacts',
  columns: { hostId: 'text', contacts: 'integer', lastAt: 'timestamptz' },
  primaryKey: 'hostId',
  nullable: [],
  eventTypes: ['HostReached'],
  keys: (event) => [event.data.hostId],
  fold: (row: ContactRow | undefined, { data }): ContactRow => ({
    hostId: data.hostId,
    contacts: (row?.contacts ?? 0) + 1,
    lastAt: data.at,
  }),
})

type StreamRow = Readonly<{ stream: string; events: number }>

/** The same over any event, for a log that does not hold ours. */
const streamLengths = defineEnvelopeProjection({
  name: 'stream-lengths',
  version: 1,
  table: 'stream_lengths',
  columns: { stream: 'text', events: 'integer' },
  primaryKey: 'stream',
  nullable: [],
  eventTypes: 'all',
  keys: (event) => [event.stream],
  fold: (row: StreamRow | undefined, { stream }): StreamRow => ({ stream, events: (row?.events ?? 0) + 1 }),
})

async function main(): Promise<void> {
  console.log(machineLine())
  await using server = await startTestPostgres({ durable: true })
  const { connectionString } = server
  await using database = await openDatabase({ connectionString, namespace: 'bench' })
  await database.migrate()
  const store = createPostgresEventStore({ connectionString, namespace: 'bench' })
  console.log(
    `settings: one PostgreSQL with real fsync holds log and read models; ${figure(HOSTS)} rows; medians of ${ROUNDS} rounds; the loop over ${figure(LOOP_EVENTS)} events\n`,
  )

  await seed(store, SMALL)
  const small = await rebuilds(database, store, contacts)
  const loop = await rounds(() => upsertPerEvent(database, store))
  const index = await rebuilds(database, store, (await import('../../src/projections/event-index.ts')).eventIndex)
  await seed(store, LARGE - SMALL)
  const large = await rebuilds(database, store, contacts)
  await store.close()
  const eventStoreDb = await fromEventStoreDb(database)

  console.log(
    table(
      ['rebuild', 'events', 'events/s', 'peak heap MB', 'peak memory MB'],
      [
        row(`one simple projection`, SMALL, small),
        row(`one simple projection`, LARGE, large),
        row(`a row with seven indexes per event (event-index)`, SMALL, index),
        ['one transaction per event', figure(LOOP_EVENTS), figure(loop), '', ''],
        row('one simple projection from EventStoreDB (double)', SMALL, eventStoreDb.rebuild),
        ["the client's own read of $all, nothing else", figure(SMALL), figure(eventStoreDb.plain), '', ''],
      ],
    ),
  )
  console.log()
  console.log(goal('events/s of one simple projection', Math.min(small.rate, large.rate), 60_000))
  console.log(goal('rebuild / one transaction per event', small.rate / loop, 20))
  console.log(goal('peak heap at 100 000 / at 1 000 000 events', small.heapMb / large.heapMb, 0.7))
  console.log(goal("rebuild from EventStoreDB / the client's own read", eventStoreDb.rebuild.rate / eventStoreDb.plain, 0.6))
}

type Measured = Readonly<{ rate: number; heapMb: number; rssMb: number }>

const row = (name: string, events: number, { rate, heapMb, rssMb }: Measured): string[] => [
  name,
  figure(events),
  figure(rate),
  figure(heapMb),
  figure(rssMb),
]

async function seed(store: EventStore, events: number): Promise<void> {
  for (let done = 0; done < events; done += EVENTS_PER_APPEND) {
    const batch = Array.from({ length: EVENTS_PER_APPEND }, (_, index) => {
      const eventId = randomUUID()
      const at = instant(new Date(1_700_000_000_000 + (done + index) * 1_000).toISOString())
      const data = { hostId: `0199f0a0-0000-7000-8000-${String((done + index) % HOSTS).padStart(12, '0')}`, at }
      return codec.encode({ type: 'HostReached', data }, { eventId, correlationId: eventId, causationId: eventId, actor: 'bench' })
    })
    await store.append(`host-${randomUUID()}`, 'no-stream', batch)
  }
}

/** The whole way of an operator's `projections rebuild`: beside the live table, with indexes and swap. */
async function rebuilds(database: Database, store: EventStore, model: ReadModel): Promise<Measured> {
  await using readModels = await started(database, store, model)
  const memory = watchMemory()
  const rate = await rounds(async () => {
    const { events, durationMs } = await readModels.rebuild(model.name)
    return events / (durationMs / 1_000)
  })
  return { rate, ...memory.stop() }
}

async function started(database: Database, store: EventStore, model: ReadModel): Promise<ReadModels> {
  const metrics = { count() {}, observe() {}, set() {} }
  const readModels = createReadModels({
    database: database.kysely,
    eventStore: store,
    codec,
    clock,
    logger: silent,
    metrics,
    models: [model],
  })
  await readModels.start()
  const head: Position = (await store.head()) ?? 0n
  await readModels.waitFor(model.name, head, 600_000)
  return readModels
}

async function upsertPerEvent(database: Database, store: EventStore): Promise<number> {
  const { kysely } = database
  await sql`drop table if exists loop_contacts`.execute(kysely)
  await sql`create table loop_contacts (host_id text primary key, contacts integer not null, last_at timestamptz not null)`.execute(kysely)
  await sql`create table if not exists loop_checkpoint (position bigint not null)`.execute(kysely)
  await sql`truncate loop_checkpoint`.execute(kysely)
  await sql`insert into loop_checkpoint values (0)`.execute(kysely)
  const began = performance.now()
  let events = 0
  for await (const item of store.readAll({ types: ['HostReached'], limit: LOOP_EVENTS })) {
    if (!isEvent(item)) continue
    const event = codec.decode(item)
    if (event.type !== 'HostReached') continue
    await kysely.transaction().execute(async (transaction) => {
      await sql`set local synchronous_commit = off`.execute(transaction)
      await sql`
        insert into loop_contacts values (${event.data.hostId}, 1, ${event.data.at})
        on conflict (host_id) do update set contacts = loop_contacts.contacts + 1, last_at = excluded.last_at`.execute(transaction)
      await sql`update loop_checkpoint set position = ${event.position}`.execute(transaction)
    })
    events += 1
  }
  return events / ((performance.now() - began) / 1_000)
}

async function fromEventStoreDb(database: Database): Promise<{ rebuild: Measured; plain: number }> {
  await using double = await startEventStoreDbDoubleProcess({ namespace: 'bench', events: SMALL })
  const client = EventStoreDBClient.connectionString(double.url)
  const plain = await rounds(async () => {
    const began = performance.now()
    let events = 0
    for await (const { event } of client.readAll({ fromPosition: START, direction: 'forwards' })) if (event) events += 1
    return events / ((performance.now() - began) / 1_000)
  })
  await client.dispose()
  const store = createEventStoreDbEventStore({ url: double.url, namespace: 'bench' })
  try {
    return { rebuild: await rebuilds(database, store, streamLengths), plain }
  } finally {
    await store.close()
  }
}

async function rounds(work: () => Promise<number>): Promise<number> {
  const measured: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) measured.push(await work())
  return median(measured)
}

/** The highest of many looks; garbage that was not collected yet counts too. */
function watchMemory(): { stop: () => { heapMb: number; rssMb: number } } {
  let [heap, rss] = [0, 0]
  const look = (): void => {
    const { heapUsed, rss: resident } = process.memoryUsage()
    heap = Math.max(heap, heapUsed)
    rss = Math.max(rss, resident)
  }
  const timer = setInterval(look, 20)
  return {
    stop() {
      clearInterval(timer)
      look()
      return { heapMb: heap / 2 ** 20, rssMb: rss / 2 ** 20 }
    },
  }
}

await main()
