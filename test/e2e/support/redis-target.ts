/** A Redis that a world watches, with little memory, and the way to fill it. */
import { onTestFinished } from 'vitest'
import { type RedisDaemon, startRedis } from '../../support/daemons/redis.ts'
import type { Registered, World } from './world.ts'

export const MIB = 1_048_576

export type WatchedRedis = Readonly<{ redis: RedisDaemon; target: Registered }>

/** Starts one with 4 MiB and no eviction, registers it, and takes both away when the test is over. */
export async function watchSmallRedis(world: Pick<World, 'register' | 'retire'>, name: string): Promise<WatchedRedis> {
  const redis = await startRedis([`maxmemory ${4 * MIB}`, 'maxmemory-policy noeviction'])
  onTestFinished(() => redis.stop())
  const target = await world.register({
    name,
    service: 'redis',
    logPaths: [redis.logPath],
    configPaths: [redis.configPath],
    connection: { kind: 'redis', at: { socket: redis.socket }, pidFile: redis.pidFile },
  })
  onTestFinished(() => world.retire(target.id))
  return { redis, target }
}

/** Writes until one is refused. */
export async function fillMemory(redis: RedisDaemon): Promise<void> {
  for (let n = 0; ; n++) {
    try {
      await redis.command('SET', `key:${n}`, 'x'.repeat(50_000))
    } catch (error) {
      if (!String(error).includes('OOM command not allowed')) throw error
      return
    }
  }
}

export async function maxmemoryOf(redis: RedisDaemon): Promise<number> {
  const [, value] = Object.entries(Object(await redis.command('CONFIG', 'GET', 'maxmemory'))).flat(2)
  return Number(value)
}
