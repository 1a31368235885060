/** PostgreSQL behind the host, through the tunnel: typed in, JSON out, one login that stays. */
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MarkTaken, RemoteTimeout, type ServiceConnection } from '../../../src/domain/ports/remote-host.ts'
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import type { CurrentHost } from '../support/host-under-test.ts'

export function sqlCases(current: CurrentHost): void {
  describe('postgresql', () => {
    let server: TestPostgres
    let port: TcpProxy
    let user: string
    let database: string

    beforeAll(async () => {
      server = await startTestPostgres()
      port = await startTcpProxy({ path: server.socketPath })
      const url = new URL(server.connectionString)
      user = decodeURIComponent(url.username) || 'postgres'
      database = url.pathname.slice(1) || 'postgres'
    }, 60_000)

    afterAll(async () => {
      await port.close()
      await server.stop()
    })

    const bySocket = (): ServiceConnection => ({ kind: 'postgresql', at: { socket: server.socketPath }, database, user })
    const byPort = (): ServiceConnection => ({ kind: 'postgresql', at: { host: '127.0.0.1', port: port.port }, database, user })
    const sql = (text: string, ...values: (string | number | boolean)[]) => ({ kind: 'sql', text, values }) as const

    test('a statement with parameters answers with rows, by socket and by port', async () => {
      const { host } = current()
      for (const connection of [bySocket(), byPort()]) {
        const program = sql('select $1::text as word, $2::int as number, $3::bool as yes, null as none', "it's $1; --", 42, true)
        expect(await host.execute(program, { timeoutMs: 5_000, connection })).toStrictEqual({
          kind: 'rows',
          rows: [{ word: "it's $1; --", number: 42, yes: true, none: null }],
        })
      }
    })

    test('values that JSON cannot carry stay exact as text', async () => {
      const program = sql(
        `select 9007199254740993::bigint as big, 1.10::numeric as exact, 'NaN'::float8 as nan, '{"a":[1]}'::jsonb as doc,
         array['x','y'] as list, '2026-11-21 10:00:00.123456+00'::timestamptz at time zone 'utc' as moment`,
      )
      expect(await current().host.execute(program, { timeoutMs: 5_000, connection: bySocket() })).toStrictEqual({
        kind: 'rows',
        rows: [
          { big: '9007199254740993', exact: '1.10', nan: 'NaN', doc: { a: [1] }, list: ['x', 'y'], moment: '2026-11-21 10:00:00.123456' },
        ],
      })
    })

    test('the database refuses with its SQLSTATE, and the login stays', async () => {
      const { host } = current()
      const pid = sql('select pg_backend_pid() as pid')
      const before = await host.execute(pid, { timeoutMs: 5_000, connection: bySocket() })
      const refused = host.execute(sql('select * from nowhere'), { timeoutMs: 5_000, connection: bySocket() })
      await expect(refused).rejects.toMatchObject({ name: 'ServiceRefused', code: '42P01' })
      expect(await host.execute(pid, { timeoutMs: 5_000, connection: bySocket() })).toStrictEqual(before)
    })

    test('a statement that takes too long is ended by the server itself', async () => {
      const { host } = current()
      const slow = host.execute(sql('select pg_sleep(30)'), { timeoutMs: 2_000, connection: bySocket() })
      await expect(slow).rejects.toStrictEqual(new RemoteTimeout({ timeoutMs: 2_000 }))
      const left = sql(
        "select count(*)::int as running from pg_stat_activity where query like '%pg_sleep(30)%' and state = 'active' and pid <> pg_backend_pid()",
      )
      expect(await host.execute(left, { timeoutMs: 5_000, connection: bySocket() })).toMatchObject({ rows: [{ running: 0 }] })
    })

    test('nobody listening, a wrong database, and exhausted connections are told apart', async () => {
      const { host } = current()
      const one = sql('select 1 as one')
      const nobody: ServiceConnection = { kind: 'postgresql', at: { socket: `${dirname(server.socketPath)}/nobody` }, database, user }
      await expect(host.execute(one, { timeoutMs: 5_000, connection: nobody })).rejects.toMatchObject({
        name: 'ServiceRefused',
        code: '08001',
      })
      const absent: ServiceConnection = { kind: 'postgresql', at: { socket: server.socketPath }, database: 'absent', user }
      await expect(host.execute(one, { timeoutMs: 5_000, connection: absent })).rejects.toMatchObject({
        name: 'ServiceRefused',
        code: '3D000',
      })
    })

    test('an open login still answers when the database accepts nobody any more', async () => {
      const here = current()
      const admin = sql('select 1 as one')
      const role = sql('create role guest login connection limit 1')
      await here.host.execute(role, { timeoutMs: 5_000, connection: bySocket() })
      const guest: ServiceConnection = { kind: 'postgresql', at: { socket: server.socketPath }, database, user: 'guest' }
      expect(await here.host.execute(admin, { timeoutMs: 5_000, connection: guest })).toMatchObject({ kind: 'rows' })
      const late = here.another().open(here.address())
      await expect(late.execute(admin, { timeoutMs: 5_000, connection: guest })).rejects.toMatchObject({
        name: 'ServiceRefused',
        code: '53300',
      })
      expect(await here.host.execute(admin, { timeoutMs: 5_000, connection: guest })).toMatchObject({ kind: 'rows' })
      await here.host.execute(sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'guest'"), {
        timeoutMs: 5_000,
        connection: bySocket(),
      })
      await here.host.execute(sql('drop role guest'), { timeoutMs: 5_000, connection: bySocket() })
    })

    test('a login that was ended by the server is opened again', async () => {
      const { host } = current()
      const ended = host.execute(sql('select pg_terminate_backend(pg_backend_pid())'), { timeoutMs: 5_000, connection: bySocket() })
      await expect(ended).rejects.toThrow()
      expect(await host.execute(sql('select 1 as one'), { timeoutMs: 5_000, connection: bySocket() })).toMatchObject({ rows: [{ one: 1 }] })
    })

    test('a statement whose answer is cut off is unknown', async () => {
      const { fragile, line } = current()
      await fragile.execute(sql('select 1'), { timeoutMs: 5_000, connection: bySocket() })
      const running = fragile.execute(sql('select pg_sleep(2)'), { timeoutMs: 9_000, connection: bySocket() })
      const outcome = expect(running).rejects.toMatchObject({ name: 'RemoteOutcomeUnknown' })
      await current().host.execute(sql('select pg_sleep(0.2)'), { timeoutMs: 5_000, connection: bySocket() })
      line.resetConnections()
      await outcome
    })

    test('a marked statement runs once, and its mark knows how it ended', async () => {
      const here = current()
      const { host } = here
      const markOf = (step: string) => ({ stateDir: here.path('state'), executionId: 'exec-sql', step })
      await host.execute(sql('create table if not exists ran (step text)'), { timeoutMs: 5_000, connection: bySocket() })
      const insert = sql('insert into ran values ($1)', here.dir)
      await host.execute(insert, { timeoutMs: 5_000, connection: bySocket(), mark: markOf('1') })
      await expect(host.execute(insert, { timeoutMs: 5_000, connection: bySocket(), mark: markOf('1') })).rejects.toThrow(MarkTaken)
      const count = sql('select count(*)::int as times from ran where step = $1', here.dir)
      expect(await host.execute(count, { timeoutMs: 5_000, connection: bySocket() })).toMatchObject({ rows: [{ times: 1 }] })
      expect(await host.settle(markOf('1'), {})).toStrictEqual({ kind: 'ended', exitCode: 0 })

      const bad = host.execute(sql('select * from nowhere'), { timeoutMs: 5_000, connection: bySocket(), mark: markOf('2') })
      await expect(bad).rejects.toMatchObject({ code: '42P01' })
      expect(await host.settle(markOf('2'), {})).toStrictEqual({ kind: 'ended', exitCode: 1 })
    })

    test('a service that refuses the login leaves no mark', async () => {
      const here = current()
      const mark = { stateDir: here.path('state'), executionId: 'exec-login', step: '1' }
      const absent: ServiceConnection = { kind: 'postgresql', at: { socket: server.socketPath }, database: 'absent', user }
      await expect(here.host.execute(sql('select 1'), { timeoutMs: 5_000, connection: absent, mark })).rejects.toMatchObject({
        code: '3D000',
      })
      expect(await here.host.settle(mark, {})).toStrictEqual({ kind: 'void' })
    })

    test('a statement needs a connection of its kind', async () => {
      const { host } = current()
      await expect(host.execute(sql('select 1'), { timeoutMs: 5_000 })).rejects.toThrow('options.connection of kind "postgresql"')
    })
  })
}
