/** Answers to probes are kept in the order of time, for a week, whatever becomes of the database meanwhile. */
import { expect, onTestFinished, test } from 'vitest'
import { createHealthSamples } from '../../../src/adapters/database/health-samples.ts'
import { type Instant, instant, later } from '../../../src/domain/instant.ts'
import type { HealthSample } from '../../../src/domain/ports/health-samples.ts'
import { createBench } from '../../commands/support/bench.ts'
import { until } from '../../support/until.ts'
import { withPostgres } from './support.ts'

const postgres = withPostgres()

const now = instant('2026-11-21T10:00:00.000Z')
const sample = (serverId: string, at: Instant, facts: Partial<HealthSample['facts']> = {}): HealthSample => ({
  ...{ serverId, runId: 'r-1', at },
  facts: { live: true, ready: true, capable: true, ...facts },
})

async function open() {
  const database = await postgres.database()
  const { clock, logger, logged } = createBench()
  const samples = createHealthSamples({ db: database.kysely, clock, logger })
  const ending = new AbortController()
  const running = samples.run(ending.signal)
  const stop = async (): Promise<void> => {
    ending.abort(new Error('the test is over'))
    await running
  }
  onTestFinished(stop)
  return { database, samples, clock, logged, stop }
}

test('what was recorded comes back as it was, the newest first, each server for itself', async () => {
  const { samples, stop } = await open()
  const silent = sample('s-1', later(now, 2_000), { ready: false, capable: false, says: 'nul \0 and half \ud800' })
  samples.record(sample('s-1', now, { responseMs: 1.5 }))
  samples.record(sample('s-2', later(now, 1_000)))
  samples.record(silent)
  // What is taken is written also when Steward stops before the next turn.
  await stop()
  expect(await samples.latest('s-1', { limit: 10 })).toStrictEqual([
    { ...silent, facts: { ...silent.facts, says: 'nul \ufffd and half \ufffd' } },
    sample('s-1', now, { responseMs: 1.5 }),
  ])
  expect(await samples.latest('s-1', { limit: 1 })).toHaveLength(1)
  const at = later(now, 2_000)
  expect(await samples.latest('s-1', { limit: 10, from: at })).toMatchObject([{ at }])
  expect(await samples.latest('s-1', { limit: 10, until: at })).toMatchObject([{ at: now }])
  expect(await samples.latest('s-1', { limit: 10, from: at, until: at })).toStrictEqual([])
})

test('samples of more than a week before the given moment are dropped, and no others, once', async () => {
  const { samples, stop } = await open()
  const week = 7 * 86_400_000
  samples.record(sample('s-1', later(now, -week - 1)))
  samples.record(sample('s-1', later(now, -week)))
  await stop()
  const { signal } = new AbortController()
  expect(await samples.dropExpired(now, signal)).toStrictEqual({ 'health-samples': 1 })
  expect(await samples.dropExpired(now, signal)).toStrictEqual({ 'health-samples': 0 })
  expect((await samples.latest('s-1', { limit: 10 })).map(({ at }) => at)).toStrictEqual([later(now, -week)])
})

test('while the database is away the newest wait, and how many had no room is logged', async () => {
  const { database, samples, clock, logged } = await open()
  await database.kysely.schema.alterTable('server_health_samples').renameTo('away').execute()
  for (let number = 0; number < 10_005; number++) samples.record(sample('s-1', later(now, number)))
  await clock.advance(2_000)
  await until(() => logged.some(({ message }) => message === 'health samples could not be written'))
  await database.kysely.schema.alterTable('away').renameTo('server_health_samples').execute()
  await clock.advance(2_000)
  await until(() => logged.some(({ fields }) => fields['lost'] === 5))
  const [newest] = await samples.latest('s-1', { limit: 1 })
  expect(newest?.at).toBe(later(now, 10_004))
  expect(await samples.latest('s-1', { limit: 20_000 })).toHaveLength(10_000)
})
