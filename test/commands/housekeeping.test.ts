/** Rows past their time go once a day, with the real database, the real engine, and a clock that can be set on: neither twice nor never. */
import { expect, onTestFinished, test } from 'vitest'
import { createCheckpoints } from '../../src/adapters/database/checkpoints.ts'
import { createHealthSamples } from '../../src/adapters/database/health-samples.ts'
import { createLeases } from '../../src/adapters/database/leases.ts'
import { createHasher } from '../../src/adapters/hash/sha256.ts'
import { createIds } from '../../src/adapters/ids/uuid-ids.ts'
import { createEngine } from '../../src/commands/engine.ts'
import type { EventOf, EventType, Recorded } from '../../src/domain/events.ts'
import { type Instant, later } from '../../src/domain/instant.ts'
import type { ExpiringRows } from '../../src/domain/ports/expiring-rows.ts'
import { withPostgres } from '../adapters/database/support.ts'
import { codec, sample } from '../projections/support/events.ts'
import { caughtUp, ReadSide } from '../projections/support/read-side.ts'
import { until } from '../support/until.ts'
import { createBench } from './support/bench.ts'

const postgres = withPostgres()
const DAY_MS = 86_400_000

async function open() {
  const side = await ReadSide.open(postgres)
  let aheadMs = 0
  const clock = { now: () => later(side.clock.now(), aheadMs), sleep: side.clock.sleep }
  const readModels = await side.started()
  const { logger, metrics } = createBench()
  const samples = createHealthSamples({ db: side.database.kysely, clock, logger })
  const { connectionString, namespace } = side.database
  const leases = createLeases({ connectionString, namespace })
  onTestFinished(() => leases[Symbol.asyncDispose]())

  const told = async <Type extends EventType>(type: Type): Promise<readonly Recorded<EventOf<Type>>[]> => {
    const found: Recorded<EventOf<Type>>[] = []
    const isIt = (event: Recorded): event is Recorded<EventOf<Type>> => event.type === type
    for await (const item of side.store.readAll({ types: [type] })) {
      if ('checkpoint' in item) continue
      const event = codec.decode(item)
      if (isIt(event)) found.push(event)
    }
    return found
  }
  return {
    side,
    told,
    setOn(ms: number): void {
      aheadMs += ms
    },
    expiring: [readModels, samples] satisfies readonly ExpiringRows[],
    begin: () => side.append('log-identity', [sample('LogCreated')]),
    async called(callId: string, startedAt: Instant): Promise<void> {
      const [call] = sample('ToolCallsRecorded').data.calls
      if (call === undefined) throw new Error('a batch without calls')
      const day = startedAt.slice(0, 10)
      const data = { serverId: 'files', day, calls: [{ ...call, callId, startedAt }] }
      await caughtUp(readModels, await side.append(`toolcalls-files-${day}`, [{ type: 'ToolCallsRecorded', data }]))
    },
    async probed(at: Instant): Promise<void> {
      samples.record({ serverId: 'files', runId: 'run', at, facts: { live: true, ready: true, capable: true } })
      const stopping = new AbortController()
      const running = samples.run(stopping.signal)
      stopping.abort(new Error('what waits is written now'))
      await running
    },
    callIds: async () => (await side.rows('tool_calls')).map(({ call_id }) => call_id).sort(),
    samples: () => samples.latest('files', { limit: 10 }),
    /** A life of Steward; ended, it has no time to record what it is at. */
    live(expiring: readonly ExpiringRows[]) {
      const ending = new AbortController()
      const engine = createEngine({
        ...{ store: side.store, codec, ids: createIds({ namespace }), hash: createHasher(), clock, leases, logger, metrics, expiring },
        ...{ agenda: readModels.agenda, roster: readModels.roster, checkpoints: createCheckpoints(side.database.kysely) },
        cursors: { load: async () => undefined, save: async () => undefined, forget: async () => undefined },
        hosts: { open: noHost, scanHostKey: noHost, forget: async () => undefined, close: async () => undefined },
        ...{ analyst: undefined, compileMatcher: () => ({ match: () => [] }), diff: { unified: () => '' } },
        ...{ stopFile: { present: async () => undefined }, faults: [] },
        policy: { auto: [], ceilings: {}, actionsPerHostPerHour: 6, windowMs: 1_000, approversNeeded: 1, version: 'test' },
      })
      const running = engine.run({ signal: ending.signal, drain: ending.signal })
      const end = async (): Promise<void> => {
        ending.abort(new Error('killed'))
        await running
      }
      onTestFinished(end)
      return { end }
    },
  }
}

const noHost = (): never => {
  throw new Error('there are no hosts')
}
const ago = (side: ReadSide, days: number): Instant => later(side.clock.now(), -days * DAY_MS)

test('what is past its time goes at once and then daily, what went is told, and days without Steward are made up for by one clean-up', async () => {
  const { side, told, setOn, expiring, begin, called, probed, callIds, samples, live } = await open()
  await begin()
  await called('old', ago(side, 91))
  await called('recent', ago(side, 89.5))
  await probed(ago(side, 8))
  await probed(ago(side, 1))

  const first = live(expiring)
  await until(async () => (await told('TimeoutScheduled')).length === 1, 20_000)
  expect(await callIds()).toStrictEqual(['recent'])
  expect(await samples()).toHaveLength(1)
  const [done] = await told('EffectSucceeded')
  expect(done?.data.result).toMatchObject({ kind: 'dropped', rows: { 'tool-calls': 1, 'health-samples': 1 } })
  await first.end()

  setOn(3 * DAY_MS)
  live(expiring)
  await until(async () => (await told('TimeoutScheduled')).length === 2, 20_000)
  expect(await callIds()).toStrictEqual([])
  expect(await told('EffectSucceeded')).toHaveLength(2)
  expect(await told('TimeoutElapsed')).toHaveLength(1)
}, 60_000)

test('a Steward killed between the clean-up and its record leaves it to the next, which finishes it once', async () => {
  const { side, told, expiring, begin, called, callIds, live } = await open()
  await begin()
  await called('old', ago(side, 100))

  const dropped = Promise.withResolvers<void>()
  const killedInBetween: ExpiringRows = {
    async dropExpired(asOf, signal) {
      for (const place of expiring) await place.dropExpired(asOf, signal)
      dropped.resolve()
      return new Promise<never>(() => undefined)
    },
  }
  const first = live([killedInBetween])
  await dropped.promise
  await first.end()
  expect(await callIds()).toStrictEqual([])
  expect(await told('EffectSucceeded')).toHaveLength(0)

  live(expiring)
  await until(async () => (await told('TimeoutScheduled')).length === 1, 20_000)
  expect((await told('EffectStarted')).map(({ data }) => data.attempt)).toStrictEqual([1, 2])
  expect(await told('EffectRequested')).toHaveLength(1)
  expect((await told('EffectSucceeded')).map(({ data }) => data.kind)).toStrictEqual(['clean-up'])
}, 60_000)
