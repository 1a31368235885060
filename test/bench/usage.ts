/**
 * `node test/bench/usage.ts`: what it costs to know how tools are used. Taking a finished call (it stands on the way of every call), writing calls to the
 * log, folding them into the read models, and asking for the figures of ninety days.
 */
import { randomUUID } from 'node:crypto'
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts'
import { createCodec } from '../../src/adapters/codec/codec.ts'
import { type Database, openDatabase } from '../../src/adapters/database/open-database.ts'
import { createPostgresEventStore } from '../../src/adapters/event-store/postgres/postgres-event-store.ts'
import { createIds } from '../../src/adapters/ids/uuid-ids.ts'
import { createMetrics } from '../../src/adapters/metrics/prometheus-metrics.ts'
import { createSchemaCheck } from '../../src/adapters/schema-check/schema-check.ts'
import { createCallFigures } from '../../src/commands/fleet/call-figures.ts'
import { createUsageRecorder } from '../../src/commands/fleet/usage-recorder.ts'
import { later } from '../../src/domain/instant.ts'
import type { EventStore } from '../../src/domain/ports/event-store.ts'
import type { Logger } from '../../src/domain/ports/logger.ts'
import type { RecordedCall, ToolCall } from '../../src/domain/usage/call.ts'
import { toolCallsStream } from '../../src/domain/usage/events.ts'
import { periods } from '../../src/domain/usage/windows.ts'
import { createReadModels } from '../../src/projections/read-models.ts'
import { serverRuns } from '../../src/projections/server-runs.ts'
import { serverTools } from '../../src/projections/server-tools.ts'
import { servers } from '../../src/projections/servers.ts'
import { toolCalls } from '../../src/projections/tool-calls.ts'
import { toolUsage } from '../../src/projections/tool-usage.ts'
import { usageLosses } from '../../src/projections/usage-losses.ts'
import { startTestPostgres } from '../support/postgres.ts'
import { figure, machineLine, median, table } from './support/report.ts'

const ROUNDS = 3
const TAKEN = 200_000
const WRITTEN = 30_000
const SERVERS = 4
const TOOLS = 10
const DAYS = 90
const CALLS_PER_BATCH = 120

const clock = createSystemClock()
const codec = createCodec()
const ids = createIds({ namespace: 'bench' })
const silent: Logger = { debug() {}, info() {}, warn() {}, error: (fields, message) => console.error(message, fields), child: () => silent }
const noMetrics = { count() {}, observe() {}, set() {} }

/** Most calls take some milliseconds, some a hundred times as long. */
const durationMs = (): number => Math.round(Math.exp(1 + 1.5 * (Math.random() + Math.random() + Math.random() - 1.5)) * 1_000) / 1_000

const finished = (index: number): ToolCall => ({
  serverId: `server-${index % SERVERS}`,
  tool: `tool-${index % (SERVERS * TOOLS)}`,
  principal: 'mira/0199f0a0-0000-7000-8000-000000000001',
  sessionId: '0199f0a0-0000-7000-8000-000000000002',
  conversation: undefined,
  startedAtMs: Date.now(),
  durationMs: durationMs(),
  outcome: index % 50 === 0 ? 'tool-error' : 'ok',
  rule: undefined,
  requestBytes: 220,
  responseBytes: 1_400,
  arguments: { path: '/tmp/notes.txt', depth: 3, note: 'x'.repeat(100) },
})

async function main(): Promise<void> {
  console.log(machineLine())
  await using server = await startTestPostgres({ durable: true })
  const { connectionString } = server
  await using database = await openDatabase({ connectionString, namespace: 'bench' })
  await database.migrate()
  const store = createPostgresEventStore({ connectionString, namespace: 'bench' })
  console.log(`settings: PostgreSQL with real fsync; ${SERVERS} servers with ${TOOLS} tools each; medians of ${ROUNDS} rounds\n`)

  console.log(table(['taking a finished call', 'ns/call', 'share of a core at 1 000 calls/s'], await takings()))
  console.log()
  console.log(table(['writing to the log', 'calls/s', 'appends/s'], await writings(store)))
  console.log()
  await store.close()
  // A log of its own: what was written above is of one minute.
  await using history = await openDatabase({ connectionString, namespace: 'bench_history' })
  await history.migrate()
  const past = createPostgresEventStore({ connectionString, namespace: 'bench_history' })
  await seed(past)
  const { rows, asked } = await readings(history, past)
  console.log(table(['folding ninety days anew', 'calls', 'calls/s', 'batches/s'], rows))
  console.log()
  console.log(table([`figures of all ${SERVERS * TOOLS} tools`, 'ms'], asked))
  await past.close()
}

/** Into a recorder that nobody empties: its price alone. */
async function takings(): Promise<string[][]> {
  using metrics = createMetrics({ version: 'bench' })
  const figures = createCallFigures({ metrics, nameOf: (serverId) => serverId })
  const recorder = (keepsArguments: boolean) =>
    createUsageRecorder({
      ...{ store: nowhere, codec, ids, clock, logger: silent, metrics: noMetrics },
      ...{ mostWaitingBytes: 2 ** 31, keepsArguments: () => keepsArguments },
    })
  const check = createSchemaCheck().compile({
    type: 'object',
    properties: {
      path: { type: 'string', minLength: 1 },
      depth: { type: 'integer', minimum: 0 },
      note: { type: 'string', maxLength: 200 },
    },
    required: ['path'],
    additionalProperties: false,
  })
  const { arguments: args } = finished(1)
  const measured: [string, () => (call: ToolCall) => unknown][] = [
    ['record', () => recorder(false).record],
    ['record, arguments kept', () => recorder(true).record],
    ['Prometheus figures', () => figures.count],
    ['check of arguments', () => () => check(args)],
  ]
  return measured.map(([name, make]) => {
    const ns = median(Array.from({ length: ROUNDS }, () => perCallNs(make())))
    return [name, figure(ns), `${((ns * 1_000) / 1e7).toFixed(3)} %`]
  })
}

function perCallNs(take: (call: ToolCall) => unknown): number {
  const calls = Array.from({ length: 1_000 }, (_, index) => finished(index))
  const began = performance.now()
  for (let done = 0; done < TAKEN; done += calls.length) for (const call of calls) take(call)
  return ((performance.now() - began) * 1e6) / TAKEN
}

/** Nothing is appended to it. */
const nowhere: EventStore = {
  append: () => Promise.reject(new Error('nothing is written here')),
  async *readStream() {},
  async *readAll() {},
  async *subscribe() {},
  head: async () => undefined,
  close: async () => undefined,
}

async function writings(store: EventStore): Promise<string[][]> {
  const rates: number[] = []
  let appends = 0
  const counting: EventStore = {
    ...store,
    append(stream, expected, events) {
      appends += 1
      return store.append(stream, expected, events)
    },
  }
  let appendRate = 0
  for (let round = 0; round < ROUNDS; round++) {
    const recorder = createUsageRecorder({
      store: counting,
      codec,
      ids,
      clock,
      logger: silent,
      metrics: noMetrics,
      mostWaitingBytes: 2 ** 31,
    })
    const stopping = new AbortController()
    appends = 0
    const began = performance.now()
    const running = recorder.run({ signal: stopping.signal, drain: new AbortController().signal })
    for (let index = 0; index < WRITTEN; index++) recorder.record(finished(index))
    stopping.abort()
    await running
    const seconds = (performance.now() - began) / 1_000
    const { waitingCalls, droppedCalls } = recorder.standing()
    if (waitingCalls + droppedCalls > 0) throw new Error(`${waitingCalls} calls still wait and ${droppedCalls} were dropped`)
    rates.push(WRITTEN / seconds)
    appendRate = appends / seconds
  }
  return [['as fast as it goes', figure(median(rates)), figure(appendRate)]]
}

/** Ninety days, each hour of them: 43 200 calls. */
async function seed(store: EventStore): Promise<void> {
  const now = clock.now()
  const seedServer = async (serverIndex: number): Promise<void> => {
    for (let day = 1; day <= DAYS; day++) {
      const begins = later(now, -day * 86_400_000).slice(0, 10)
      const serverId = `server-${serverIndex}`
      const calls = Array.from({ length: CALLS_PER_BATCH }, (_, index): RecordedCall => {
        const startedAt = later(now, -day * 86_400_000 + Math.floor((index / CALLS_PER_BATCH) * 86_400_000))
        const told = { callId: randomUUID(), tool: `tool-${serverIndex * TOOLS + (index % TOOLS)}`, principal: 'mira/key-1', startedAt }
        return { ...told, durationMs: durationMs(), outcome: index % 40 === 0 ? 'error' : 'ok', requestBytes: 200, responseBytes: 900 }
      })
      const eventId = randomUUID()
      const cause = { eventId, correlationId: eventId, causationId: eventId, actor: 'bench' }
      const event = codec.encode({ type: 'ToolCallsRecorded', data: { serverId, day: begins, calls } }, cause)
      await store.append(toolCallsStream(serverId, `${begins}-${day}`), 'no-stream', [event])
    }
  }
  await Promise.all(Array.from({ length: SERVERS }, (_, index) => seedServer(index)))
}

async function readings(database: Database, store: EventStore): Promise<{ rows: string[][]; asked: string[][] }> {
  const models = [servers, serverTools, serverRuns, toolUsage, toolCalls, usageLosses]
  await using readModels = createReadModels({
    ...{ database: database.kysely, eventStore: store, codec, clock, logger: silent, metrics: noMetrics, models },
  })
  await readModels.start()
  const head = (await store.head()) ?? 0n
  for (const { name } of models) await readModels.waitFor(name, head, 600_000)
  const calls = (await database.pool.query<{ calls: string }>('select count(*) as calls from tool_calls')).rows
  const count = Number(calls[0]?.calls ?? 0)
  const rows: string[][] = []
  for (const model of [toolUsage, toolCalls]) {
    const rates: number[] = []
    let batches = 0
    for (let round = 0; round < ROUNDS; round++) {
      const { events, durationMs: tookMs } = await readModels.rebuild(model.name)
      rates.push(count / (tookMs / 1_000))
      batches = events / (tookMs / 1_000)
    }
    rows.push([model.name, figure(count), figure(median(rates)), figure(batches)])
  }
  await database.pool.query('analyze')
  const asked: string[][] = []
  for (const period of periods) {
    const times: number[] = []
    for (let round = 0; round < 5; round++) {
      const began = performance.now()
      await readModels.queries.usage.analytics(period)
      times.push(performance.now() - began)
    }
    asked.push([period, figure(median(times))])
  }
  return { rows, asked }
}

await main()
