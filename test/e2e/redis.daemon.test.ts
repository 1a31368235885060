/**
 * Redis behind a real sshd: no memory left (R1), which prints no line, and a snapshot directory that is closed (R3). Each is healed, healed in vain
 * and forged. The harness judges with its own connection and by the mode of the directory.
 */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RedisDaemon } from '../support/daemons/redis.ts'
import { until } from '../support/until.ts'
import { ok, outcome } from './support/api.ts'
import { expectFixed, expectRolledBack, expectUnconfirmed } from './support/expectations.ts'
import { fillMemory, MIB, maxmemoryOf, watchRedis, watchSmallRedis, writeKey } from './support/redis-target.ts'
import { stateOf } from './support/witness.ts'
import { openWorld, type World } from './support/world.ts'

let world: World
beforeAll(async () => {
  const auto = 'auto: [{ action: redis.raise-maxmemory, target: "*", maxRisk: high }]'
  world = await openWorld({ policy: ['window: 1s', 'actionsPerHostPerHour: 1000', auto, ''].join('\n') })
})
afterAll(() => world[Symbol.asyncDispose]())

describe('R1, no memory left', () => {
  const FAULT = 'redis.memory-full'

  test('fix: a quarter more, above the baseline only after a second person agreed', async () => {
    const { redis, target } = await watchSmallRedis(world, 'r1-fix', { mode: 'act' })
    await fillMemory(redis)
    const { id } = await world.opened(target.id, FAULT)
    const planned = await world.reaches(id, 'awaiting-approval')
    expect(planned.plan).toMatchObject({
      action: { id: 'redis.raise-maxmemory' },
      risk: 'high',
      snapshot: ['setting maxmemory'],
      rollback: expect.stringContaining('maxmemory'),
    })
    expect(await maxmemoryOf(redis)).toBe(4 * MIB)
    await world.approve(planned)
    await expectFixed(world, id)
    expect(await maxmemoryOf(redis)).toBe(5 * MIB)
    expect(await writeKey(redis, 'after')).toBe('OK')
  })

  test('fix: what somebody had lowered goes back up to the baseline without a person', async () => {
    const { redis, target } = await watchSmallRedis(world, 'r1-auto', { mode: 'act' })
    await redis.command('CONFIG', 'SET', 'maxmemory', String(2 * MIB))
    await fillMemory(redis)
    const { id } = await world.opened(target.id, FAULT)
    const healed = await world.reaches(id, 'resolved', 'escalated', 'awaiting-approval')
    expect(healed).toMatchObject({ outcome: 'fixed', authority: { kind: 'policy' }, plan: { risk: 'medium' } })
    expect(await maxmemoryOf(redis)).toBe(4 * MIB)
    expect(await writeKey(redis, 'after')).toBe('OK')
  })

  test('sabotage: somebody lowers it at once; the setting of before is back', async () => {
    const { redis, target } = await watchSmallRedis(world, 'r1-sabotage')
    await fillMemory(redis)
    const { id } = await world.opened(target.id, FAULT)
    await world.approve(await world.reaches(id, 'awaiting-approval'))
    while ((await maxmemoryOf(redis)) === 4 * MIB) await sleep(5)
    await redis.command('CONFIG', 'SET', 'maxmemory', String(3 * MIB))
    await expectRolledBack(world, target, id)
    expect(await maxmemoryOf(redis)).toBe(4 * MIB)
  })

  test('forged: a program reports what no client has seen', async () => {
    const { redis, target } = await watchSmallRedis(world, 'r1-forged', { mode: 'act' })
    const message = `OOM command not allowed when used memory > 'maxmemory'.`
    await ok(world.admin.post('/errors', { client_id: 'r1-forged', message, severity: 1 }), outcome.partial().loose())
    await expectUnconfirmed(world, target, FAULT)
    expect(await maxmemoryOf(redis)).toBe(4 * MIB)
  })
})

describe('R3, a snapshot directory that is closed', () => {
  const FAULT = 'redis.snapshot-directory-closed'

  async function failToSave(redis: RedisDaemon): Promise<void> {
    chmodSync(redis.directory, 0o550)
    await redis.command('SET', 'key', 'value')
    await redis.command('BGSAVE')
    await until(async () => (await lastSave(redis)) === 'err')
  }
  const lastSave = async (redis: RedisDaemon): Promise<string | undefined> =>
    /^rdb_last_bgsave_status:(\w+)/m.exec(String(await redis.command('INFO', 'persistence')))?.[1]

  test('fix: the recorded mode comes back after a second person agreed, and Redis saves', async () => {
    const { redis, target } = await watchRedis(world, 'r3-fix', { mode: 'act' })
    const { mode } = stateOf(redis.directory)
    await failToSave(redis)
    const { id } = await world.opened(target.id, FAULT)
    const planned = await world.reaches(id, 'awaiting-approval')
    expect(planned.plan).toMatchObject({
      action: { id: 'redis.restore-directory-mode' },
      risk: 'high',
      snapshot: [`file ${redis.directory}`],
      rollback: expect.stringContaining(redis.directory),
    })
    expect(stateOf(redis.directory).mode).toBe('550')
    await world.approve(planned)
    await expectFixed(world, id)
    expect(stateOf(redis.directory).mode).toBe(mode)
    expect(await lastSave(redis)).toBe('ok')
  })

  test('sabotage: the snapshot still cannot be written; the mode of before is back', async () => {
    const { redis, target } = await watchRedis(world, 'r3-sabotage')
    // A directory stands where the snapshot should be: its name cannot be taken.
    mkdirSync(join(redis.directory, 'dump.rdb'))
    await failToSave(redis)
    const before = stateOf(redis.directory)
    const { id } = await world.opened(target.id, FAULT)
    await world.approve(await world.reaches(id, 'awaiting-approval'))
    await expectRolledBack(world, target, id)
    expect(stateOf(redis.directory)).toEqual(before)
    expect(await lastSave(redis)).toBe('err')
  })

  test('forged: a script of a client writes the whole line', async () => {
    const { redis, target } = await watchRedis(world, 'r3-forged', { mode: 'act' })
    const before = stateOf(redis.directory)
    const line = `1696:C 20 Nov 2026 23:18:34.486 # Failed opening the temp RDB file temp-1.rdb (in server root dir ${redis.directory}) for saving: Permission denied`
    await redis.command('EVAL', 'redis.log(redis.LOG_WARNING, ARGV[1])', '0', `x\n${line}`)
    expect(readFileSync(redis.logPath, 'utf8').split('\n')).toContain(line)
    await expectUnconfirmed(world, target, FAULT)
    expect(stateOf(redis.directory)).toEqual(before)
  })
})
