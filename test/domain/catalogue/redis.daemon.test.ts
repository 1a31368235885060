/** The Redis actions, polls and wellness probe against a real Redis. */
import { chmodSync, chownSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { differences } from '../../../src/domain/catalogue/common/file-state.ts'
import { healthProbe } from '../../../src/domain/catalogue/health.ts'
import type { TargetInventory } from '../../../src/domain/catalogue/inventory.ts'
import { limitReadings } from '../../../src/domain/catalogue/limits.ts'
import { findPoll } from '../../../src/domain/catalogue/polls.ts'
import type { JsonObject } from '../../../src/domain/ports/json.ts'
import { until } from '../../support/daemons/nginx.ts'
import { type RedisDaemon, startRedis } from '../../support/daemons/redis.ts'
import { recordBaseline, stateOf } from '../../support/local-baseline.ts'
import { ask, execute, type LocalRunner, localRunner } from '../../support/local-runner.ts'
import { planRemedy, recognise } from '../../support/plan-remedy.ts'

let redis: RedisDaemon
let runner: LocalRunner
let target: TargetInventory

const started =
  (settings: readonly string[] = []) =>
  async () => {
    redis = await startRedis(settings)
    runner = localRunner({ redisSocket: redis.socket })
    target = {
      targetId: 't1',
      name: 'cache',
      hostId: 'h1',
      service: 'redis',
      logPaths: [redis.logPath],
      configPaths: [redis.configPath],
      stateDir: join(redis.scratch, 'state'),
      connection: { kind: 'redis', at: { socket: redis.socket }, pidFile: redis.pidFile },
    }
  }

const poll = async (name: string, previous?: JsonObject) => {
  const found = findPoll(name)
  if (found === undefined) throw new Error(name)
  return found.judge(await runner.run(found.run), previous)
}

const health = async () => {
  const probe = healthProbe(target)
  if (probe === undefined) throw new Error('no probe')
  return probe.read(await runner.run(probe.run)).level
}

describe('redis.raise-maxmemory', () => {
  beforeEach(started(['maxmemory 3mb', 'maxmemory-policy noeviction']))
  afterEach(() => redis.stop())

  const write = (key: string) =>
    redis.command('SET', key, 'x'.repeat(20_000)).then(
      () => true,
      () => false,
    )
  const fill = async () => {
    for (let key = 0; await write(`k${key}`); key += 1);
  }
  const plan = (ceiling?: number, baselineBytes?: number) =>
    planRemedy('redis.memory-full', {
      target,
      baseline: new Map(),
      limits: baselineBytes === undefined ? {} : { 'redis.maxmemory': baselineBytes },
      policy: {
        auto: [],
        ceilings: ceiling === undefined ? {} : { 'redis.maxmemory': ceiling },
        actionsPerHostPerHour: 6,
        windowMs: 1_000,
        approversNeeded: 1,
      },
    })

  test('a report without the fault proves nothing', async () => {
    expect(await ask(runner, plan().precondition)).toMatchObject({ kind: 'does-not-hold', facts: { refusals: 0 } })
    expect(await poll('redis.maxmemory')).toMatchObject({ present: false })
  })

  test('a quarter more lets writers go on, and the roll back sets the old value', async () => {
    await fill()
    expect(await poll('redis.maxmemory')).toMatchObject({ present: true })
    expect(await health()).toBe('degraded')
    const action = plan()
    expect((await ask(runner, action.precondition)).kind).toBe('holds')
    const execution = await execute(runner, action, { stateDir: target.stateDir, executionId: 'e1' })
    expect(execution).toMatchObject({ failure: undefined, permitted: true, prepared: { risk: 'high', beyondBaseline: true } })
    expect(await redis.command('CONFIG', 'GET', 'maxmemory')).toMatchObject({ maxmemory: String(60 * 65_536) })
    expect((await ask(runner, action.postcondition)).kind).toBe('holds')
    expect(await write('another')).toBe(true)
    expect(await health()).toBe('up')
    expect(await execution.rollBack()).toBeUndefined()
    expect(await redis.command('CONFIG', 'GET', 'maxmemory')).toMatchObject({ maxmemory: String(3 * 1_048_576) })
  })

  test('the counter has to move between two looks', async () => {
    await fill()
    const first = await poll('redis.maxmemory')
    expect(await poll('redis.maxmemory', first?.facts)).toMatchObject({ present: false })
    await write('once more')
    expect(await poll('redis.maxmemory', first?.facts)).toMatchObject({ present: true })
  })

  test('back up to the recorded baseline need not wait for a person', async () => {
    const [reading] = limitReadings(target)
    const baselineBytes = reading?.read(await runner.run(reading.run))
    expect(baselineBytes).toBe(3 * 1_048_576)
    await redis.command('CONFIG', 'SET', 'maxmemory', '2mb')
    await fill()
    const action = plan(undefined, baselineBytes)
    const execution = await execute(runner, action, { stateDir: target.stateDir, executionId: 'e1' })
    expect(execution).toMatchObject({ failure: undefined, prepared: { risk: 'medium', beyondBaseline: false } })
    expect(await redis.command('CONFIG', 'GET', 'maxmemory')).toMatchObject({ maxmemory: String(baselineBytes) })
  })

  test('a ceiling that is reached leaves nothing to do', async () => {
    await fill()
    expect((await ask(runner, plan(3 * 1_048_576).precondition)).kind).toBe('does-not-hold')
  })

  test('where keys may be evicted nothing is refused', async () => {
    await fill()
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    expect((await ask(runner, plan().precondition)).kind).toBe('does-not-hold')
  })
})

describe('redis.restore-directory-mode', () => {
  beforeEach(started())
  afterEach(() => redis.stop())

  const failToSave = async () => {
    await redis.command('SET', 'a', 'b')
    await redis.command('BGSAVE')
    await until(async () => (await poll('redis.snapshot'))?.present === true)
  }

  test('gives the mode of the directory back, saves, and gives the earlier state back', () => cure(() => chmodSync(redis.directory, 0o550)))

  test('gives the owner of the directory back, saves, and gives the earlier state back', { tags: ['root'] }, () =>
    cure(() => chownSync(redis.directory, 0, 0)),
  )

  const cure = async (spoil: () => void) => {
    const baseline = await recordBaseline(runner, target)
    spoil()
    await failToSave()
    const line = readFileSync(redis.logPath, 'utf8')
      .split('\n')
      .find((each) => each.includes('Permission denied'))
    expect(recognise(line ?? '')).toEqual({ fault: 'redis.snapshot-directory-closed', hints: { directory: redis.directory } })
    const action = planRemedy('redis.snapshot-directory-closed', { target, baseline })
    expect((await ask(runner, action.precondition)).kind).toBe('holds')
    expect((await ask(runner, action.postcondition)).kind).toBe('does-not-hold')
    const before = await stateOf(runner, [redis.directory])
    const execution = await execute(runner, action, { stateDir: target.stateDir, executionId: 'e1' })
    expect(execution.failure).toBeUndefined()
    expect((await ask(runner, action.postcondition)).kind).toBe('holds')
    expect((await ask(runner, action.precondition)).kind).toBe('does-not-hold')
    expect(await redis.command('SET', 'a', 'c')).toBe('OK')
    expect(await execution.rollBack()).toBeUndefined()
    expect(differences(before, await stateOf(runner, [redis.directory]))).toEqual([])
  }

  test('a directory that is as recorded is no fault, whatever a line says', async () => {
    const baseline = await recordBaseline(runner, target)
    const action = planRemedy('redis.snapshot-directory-closed', { target, baseline })
    expect((await ask(runner, action.precondition)).kind).toBe('does-not-hold')
  })

  test('a directory that was always closed is not opened', async () => {
    chmodSync(redis.directory, 0o550)
    const baseline = await recordBaseline(runner, target)
    await failToSave()
    const action = planRemedy('redis.snapshot-directory-closed', { target, baseline })
    expect(await ask(runner, action.precondition)).toMatchObject({ kind: 'does-not-hold', facts: { grantedByBaseline: false } })
  })
})
