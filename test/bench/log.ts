/**
 * `npm run bench:log`: what sharing one transaction between callers is worth. Both stores give the same guarantee, gapless positions in commit
 * order, by the same SQL on the same PostgreSQL with real fsync; the other one makes a transaction of its own for each append, over as many
 * connections as there are callers. The rounds alternate, so that a noisy machine is noisy to both.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '../../src/adapters/database/open-database.ts'
import { openSession } from '../../src/adapters/database/session.ts'
import { createPostgresEventStore } from '../../src/adapters/event-store/postgres/postgres-event-store.ts'
import { writeBatch } from '../../src/adapters/event-store/postgres/write-batch.ts'
import { checkAppend } from '../../src/adapters/event-store/shared/check-append.ts'
import type { EventStore, ExpectedRevision, NewEvent, RecordedEvent, StreamName } from '../../src/domain/ports/event-store.ts'
import { startTestPostgres } from '../support/postgres.ts'
import { figure, goal, machineLine, median, quantile, table } from './support/report.ts'

const CALLERS = 32
const ROUNDS = 5
const ROUND_MS = 2_000
const PAYLOAD_BYTES = 300

type Appender = { append: EventStore['append']; close(): Promise<void> }
type Round = { appendsPerSecond: number; latenciesMs: number[]; ids: string[] }

async function main(): Promise<void> {
  console.log(machineLine())
  await using server = await startTestPostgres({ durable: true })
  const { connectionString } = server
  await using database = await openDatabase({ connectionString, namespace: 'bench' })
  await database.migrate()
  const { rows } = await database.pool.query<{ settings: string }>(
    `select string_agg(name || '=' || setting, ', ' order by name) as settings from pg_settings
     where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'server_version', 'wal_sync_method')`,
  )
  console.log(`server: ${rows[0]?.settings}`)
  console.log(
    `settings: ${CALLERS} callers, one event of ${PAYLOAD_BYTES} bytes per append, ${ROUNDS} rounds of ${ROUND_MS} ms each, alternating\n`,
  )

  const shared = createPostgresEventStore({ connectionString, namespace: 'bench' })
  const single = await oneTransactionPerAppend(connectionString)
  const rounds = { alone: [] as Round[], single: [] as Round[], shared: [] as Round[] }
  await round(shared, CALLERS, 500)
  await round(single, CALLERS, 500)
  for (let number = 0; number < ROUNDS; number += 1) {
    rounds.single.push(await round(single, CALLERS, ROUND_MS))
    rounds.shared.push(await round(shared, CALLERS, ROUND_MS))
  }
  rounds.alone.push(await round(shared, 1, ROUND_MS))

  const rateOf = (measured: readonly Round[]): number => median(measured.map(({ appendsPerSecond }) => appendsPerSecond))
  const rowOf = (name: string, measured: readonly Round[]): string[] => {
    const latencies = measured.flatMap(({ latenciesMs }) => latenciesMs)
    return [name, figure(rateOf(measured)), figure(median(latencies)), figure(quantile(latencies, 0.95))]
  }
  console.log(
    table(
      ['append', 'appends/s', 'P50 ms', 'P95 ms'],
      [
        rowOf(`one transaction per append, ${CALLERS} callers`, rounds.single),
        rowOf(`append queue, ${CALLERS} callers`, rounds.shared),
        rowOf('append queue, 1 caller', rounds.alone),
      ],
    ),
  )

  const reads = await readBack(shared)
  const written = [...rounds.single, ...rounds.shared, ...rounds.alone].flatMap(({ ids }) => ids)
  console.log(`\nread back: ${figure(reads.ids.size)} events in order, ${figure(reads.eventsPerSecond)} events/s`)
  const missing = written.filter((id) => !reads.ids.has(id)).length
  console.log(`acknowledged ${figure(written.length)}, missing ${missing}, gaps ${reads.gaps}`)
  console.log(`\n${goal('append queue / one transaction per append', rateOf(rounds.shared) / rateOf(rounds.single), 4)}`)
  await Promise.all([shared.close(), single.close()])
  if (missing > 0 || reads.gaps > 0) process.exitCode = 1
}

/** Each caller continues a stream of its own, one append behind the other. */
async function round({ append }: Pick<Appender, 'append'>, callers: number, durationMs: number): Promise<Round> {
  const latenciesMs: number[] = []
  const ids: string[] = []
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: callers }, async () => {
      const stream: StreamName = `bench-${randomUUID()}`
      for (let expected: ExpectedRevision = 'no-stream'; performance.now() - begun < durationMs; ) {
        const event = benchEvent()
        const sent = performance.now()
        expected = (await append(stream, expected, [event])).revision
        latenciesMs.push(performance.now() - sent)
        ids.push(event.metadata.eventId)
      }
    }),
  )
  const seconds = (performance.now() - begun) / 1_000
  // Let the checkpointer and the other store's backends come to rest.
  await sleep(200)
  return { appendsPerSecond: ids.length / seconds, latenciesMs, ids }
}

async function oneTransactionPerAppend(connectionString: string): Promise<Appender> {
  const sessions = await Promise.all(
    Array.from({ length: CALLERS }, () => openSession({ connectionString, namespace: 'bench', purpose: 'bench', pipeline: true })),
  )
  const free = [...sessions]
  return {
    async append(stream, expected, events) {
      const session = free.pop()
      if (!session) throw new Error('more callers than connections')
      try {
        const append = { stream, expected, events: checkAppend(stream, events) }
        const [verdict] = await writeBatch(session, [append], { channel: 'bench.appended', onSent: () => undefined })
        if (!verdict || verdict instanceof Error) throw verdict ?? new Error('no verdict')
        return verdict
      } finally {
        free.push(session)
      }
    },
    async close() {
      await Promise.all(sessions.map((session) => session.end()))
    },
  }
}

async function readBack(store: EventStore): Promise<{ ids: Set<string>; gaps: number; eventsPerSecond: number }> {
  const ids = new Set<string>()
  let gaps = 0
  let last = 0n
  const begun = performance.now()
  for await (const item of store.readAll()) {
    if (!isEvent(item)) continue
    if (item.position !== last + 1n) gaps += 1
    last = item.position
    ids.add(item.metadata.eventId)
  }
  return { ids, gaps, eventsPerSecond: ids.size / ((performance.now() - begun) / 1_000) }
}

const isEvent = (item: object): item is RecordedEvent => 'type' in item

function benchEvent(): NewEvent {
  const eventId = randomUUID()
  return {
    type: 'BenchEvent',
    data: { text: 'x'.repeat(PAYLOAD_BYTES) },
    metadata: { eventId, correlationId: eventId, causationId: eventId, actor: 'bench', schemaVersion: 1 },
  }
}

await main()
