/** A Redis that a world watches, one with little memory, and the way to fill it. */
import { onTestFinished } from 'vitest'
import { type RedisDaemon, startRedis } from '../../support/daemons/redis.ts'
import type { Registered, Registration, World } from './world.ts'

export const MIB = 1_048_576

export type WatchedRedis = Readonly<{ redis: RedisDaemon; target: Registered }>

/** `settings`: lines of its configuration. */
export type WatchedRedisOptions = Readonly<{ mode?: Registration['mode']; settings?: readonly string[] }>

/** Starts one, registers it, and takes both away when the test is over. */
export async function watchRedis(
  world: Pick<World, 'register' | 'retire'>,
  name: string,
  { mode = 'propose', settings = [] }: WatchedRedisOptions = {},
): Promise<WatchedRedis> {
  const redis = await startRedis(settings)
  onTestFinished(() => redis.stop())
  const target = await world.register({
    name,
    service: 'redis',
    logPaths: [redis.logPath],
    configPaths: [redis.configPath],
    connection: { kind: 'redis', at: { socket: redis.socket }, pidFile: redis.pidFile },
    mode,
  })
  onTestFinished(() => world.retire(target.id))
  return { redis, target }
}

/** With 4 MiB and no eviction. */
export const watchSmallRedis = (
  world: Pick<World, 'register' | 'retire'>,
  name: string,
  options: Pick<WatchedRedisOptions, 'mode'> = {},
): Promise<WatchedRedis> => watchRedis(world, name, { ...options, settings: [`maxmemory ${4 * MIB}`, 'maxmemory-policy noeviction'] })

/** Answers OK, or throws that there is no memory left. */
export const writeKey = (redis: RedisDaemon, key: string): Promise<unknown> => redis.command('SET', key, 'x'.repeat(50_000))

/** Writes until one is refused. */
export async function fillMemory(redis: RedisDaemon): Promise<void> {
  for (let n = 0; ; n++) {
    try {
      await writeKey(redis, `key:${n}`)
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
