/** Redis behind the host, through the tunnel. */
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MarkTaken, type ServiceConnection } from '../../../src/domain/ports/remote-host.ts'
import { type RedisDaemon, startRedis } from '../../support/daemons/redis.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import type { CurrentHost } from '../support/host-under-test.ts'

export function redisCases(current: CurrentHost): void {
  describe('redis', () => {
    let server: RedisDaemon
    beforeAll(async () => {
      server = await startRedis()
    }, 60_000)
    afterAll(() => server.stop())

    const connection = (): ServiceConnection => ({ kind: 'redis', at: { socket: server.socket } })
    const redis = (...command: [string, ...string[]]) => ({ kind: 'redis', command }) as const

    test('a command answers with one value', async () => {
      const { host } = current()
      const ask = (...command: [string, ...string[]]) => host.execute(redis(...command), { timeoutMs: 5_000, connection: connection() })
      expect(await ask('SET', 'key', "a\r\nb'$1")).toStrictEqual({ kind: 'value', value: 'OK' })
      expect(await ask('GET', 'key')).toStrictEqual({ kind: 'value', value: "a\r\nb'$1" })
      expect(await ask('GET', 'absent')).toStrictEqual({ kind: 'value', value: null })
      expect(await ask('INCR', 'count')).toStrictEqual({ kind: 'value', value: 1 })
      expect(await ask('CONFIG', 'GET', 'maxmemory-policy')).toStrictEqual({ kind: 'value', value: ['maxmemory-policy', 'noeviction'] })
    })

    test('a command by port answers as by socket', async () => {
      await using port = await startTcpProxy({ path: server.socket })
      const byPort: ServiceConnection = { kind: 'redis', at: { host: '127.0.0.1', port: port.port } }
      expect(await current().host.execute(redis('PING'), { timeoutMs: 5_000, connection: byPort })).toStrictEqual({
        kind: 'value',
        value: 'PONG',
      })
    })

    test('Redis refuses with the first word of its error, and the login stays', async () => {
      const { host } = current()
      const ask = (...command: [string, ...string[]]) => host.execute(redis(...command), { timeoutMs: 5_000, connection: connection() })
      const before = await ask('CLIENT', 'ID')
      await ask('SET', 'text', 'x')
      await expect(ask('LPUSH', 'text', 'y')).rejects.toMatchObject({ name: 'ServiceRefused', code: 'WRONGTYPE' })
      await expect(ask('NOSUCH')).rejects.toMatchObject({ name: 'ServiceRefused', code: 'ERR' })
      expect(await ask('CLIENT', 'ID')).toStrictEqual(before)
    })

    test('nobody listening is the service’s refusal, a wrong password too', async () => {
      const { host } = current()
      const nobody: ServiceConnection = { kind: 'redis', at: { socket: `${server.scratch}/nobody` } }
      await expect(host.execute(redis('PING'), { timeoutMs: 5_000, connection: nobody })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      await server.command('ACL', 'SETUSER', 'guarded', 'on', '>right', '+@all', '~*')
      const here = current()
      writeFileSync(here.path('wrong'), 'wrong')
      const wrong: ServiceConnection = {
        kind: 'redis',
        at: { socket: server.socket },
        user: 'guarded',
        password: `file:${here.path('wrong')}`,
      }
      await expect(host.execute(redis('PING'), { timeoutMs: 5_000, connection: wrong })).rejects.toMatchObject({ code: 'WRONGPASS' })
    })

    test('a command that is not answered in time is unknown', async () => {
      const { host } = current()
      const blocked = host.execute(redis('BLPOP', 'empty', '30'), { timeoutMs: 300, connection: connection() })
      await expect(blocked).rejects.toMatchObject({ name: 'RemoteOutcomeUnknown' })
      expect(await host.execute(redis('PING'), { timeoutMs: 5_000, connection: connection() })).toMatchObject({ value: 'PONG' })
    })

    test('a marked command runs once', async () => {
      const here = current()
      const mark = { stateDir: here.path('state'), executionId: 'exec-redis', step: '1' }
      const run = () => here.host.execute(redis('INCR', `once:${here.dir}`), { timeoutMs: 5_000, connection: connection(), mark })
      expect(await run()).toMatchObject({ value: 1 })
      await expect(run()).rejects.toThrow(MarkTaken)
      expect(await here.host.settle(mark, {})).toStrictEqual({ kind: 'ended', exitCode: 0 })
    })
  })
}
