/**
 * PostgreSQL behind a real sshd: no connection left (P1), a lock that is held (P3), a bad setting (P10). Each is healed, healed in vain and forged.
 * The harness judges with its own sessions and by the bytes of the files.
 */
import { appendFileSync, chmodSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type PostgresDaemon, startPostgres } from '../support/daemons/postgres.ts'
import { until } from '../support/until.ts'
import { expectFixed, expectFrozen, expectRolledBack, expectUnconfirmed, expectUnfreezes } from './support/expectations.ts'
import { marksOf, stateOf } from './support/witness.ts'
import { openWorld, type Registered, type World } from './support/world.ts'

const MAX_ENDED = 2

let world: World
beforeAll(async () => {
  const policy = [
    'window: 1s',
    'actionsPerHostPerHour: 1000',
    'auto: [{ action: postgresql.terminate-sessions, target: p1-fix, maxRisk: medium }]',
    `sessions: { users: [app], states: [idle, idle in transaction], minIdle: 100ms, max: ${MAX_ENDED} }`,
    '',
  ]
  world = await openWorld({ policy: policy.join('\n') })
})
afterAll(() => world[Symbol.asyncDispose]())

type Watched = Readonly<{ postgres: PostgresDaemon; target: Registered; connect: (role: 'postgres' | 'app') => Promise<pg.Client> }>

async function watched(
  name: string,
  { mode = 'propose', settings = [] }: { mode?: 'propose' | 'act'; settings?: string[] } = {},
): Promise<Watched> {
  const postgres = await startPostgres(settings)
  onTestFinished(() => postgres.stop())
  const target = await world.register({
    name,
    service: 'postgresql',
    logPaths: [postgres.logPath],
    configPaths: [postgres.configPath],
    connection: { kind: 'postgresql', at: { socket: join(postgres.socketDir, '.s.PGSQL.5432') }, database: 'postgres', user: 'postgres' },
    mode,
  })
  onTestFinished(() => world.retire(target.id))
  const connect = async (role: 'postgres' | 'app'): Promise<pg.Client> => {
    const client = await postgres.connect(role)
    onTestFinished(() => client.end().catch(() => undefined))
    return client
  }
  return { postgres, target, connect }
}

/** Writes whole lines into the text log: a user name may hold line breaks, and what is left of 63 bytes goes into the name of the database. */
async function smuggle({ socketDir }: PostgresDaemon, user: string, database = 'postgres'): Promise<void> {
  const client = new pg.Client({ host: socketDir, user: `\n${user}`, database })
  client.on('error', () => undefined)
  await expect(client.connect()).rejects.toThrow()
}

describe('P1, connections exhausted', () => {
  const FAULT = 'postgresql.connections-exhausted'

  /** Ordinary sessions until the server has no slot left for one. */
  async function exhaust(connect: Watched['connect'], opened: (client: pg.Client) => void = () => undefined): Promise<void> {
    for (;;) {
      try {
        opened(await connect('app'))
      } catch (error) {
        expect(error).toMatchObject({ code: '53300' })
        return
      }
    }
  }
  const canConnect = ({ postgres }: Watched): Promise<boolean> =>
    postgres.connect('app').then(
      (client) => client.end().then(() => true),
      () => false,
    )

  test('fix: idle sessions of the named role end, no more than agreed, without a person where policy says so', async () => {
    const all = await watched('p1-fix', { mode: 'act' })
    let ended = 0
    await exhaust(all.connect, (client) => client.once('end', () => ended++))
    expect(await canConnect(all)).toBe(false)
    const { id } = await world.opened(all.target.id, FAULT)
    const healed = await world.reaches(id, 'resolved', 'escalated', 'awaiting-approval')
    expect(healed).toMatchObject({ outcome: 'fixed', authority: { kind: 'policy' } })
    expect(healed.plan).toMatchObject({
      action: { id: 'postgresql.terminate-sessions', params: { users: ['app'], max: MAX_ENDED } },
      risk: 'medium',
      rollback: expect.stringContaining('Nothing can be brought back'),
    })
    expect(ended).toBe(MAX_ENDED)
    expect(await canConnect(all)).toBe(true)
  })

  test('sabotage: the clients are back at once; no further action, the target is frozen until a person says otherwise', async () => {
    const { target, connect } = await watched('p1-sabotage')
    let ended = 0
    let over = false
    onTestFinished(() => {
      over = true
    })
    const comesBack = (client: pg.Client): void => {
      client.once('end', () => {
        ended++
        if (!over) connect('app').then(comesBack, () => undefined)
      })
    }
    await exhaust(connect, comesBack)
    const { id } = await world.opened(target.id, FAULT)
    await world.approve(await world.reaches(id, 'awaiting-approval'))
    await expectFrozen(world, target, id)
    expect(ended).toBe(MAX_ENDED)
    await expectUnfreezes(world, target, id)
    expect(ended).toBe(MAX_ENDED)
  })

  test('forged: a user name writes the whole line', async () => {
    const { postgres, target, connect } = await watched('p1-forged', { mode: 'act' })
    const idle = await connect('app')
    await smuggle(postgres, '2026-11-20 23:23:12 FATAL:  sorry, too many clients already\n')
    await expectUnconfirmed(world, target, FAULT)
    expect((await idle.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })
})

describe('P3, a lock that is held', () => {
  const FAULT = 'postgresql.lock-held'

  async function holding(connect: Watched['connect'], row: number): Promise<pg.Client> {
    const client = await connect('app')
    await client.query('begin')
    await client.query('update stock set amount = amount - 1 where id = $1', [row])
    return client
  }
  const pidOf = async (client: pg.Client): Promise<number> => (await client.query('select pg_backend_pid() as pid')).rows[0].pid
  /** Seen from another session: a question to the session itself would make it look busy. */
  const isThere = async (admin: pg.Client, pid: number): Promise<boolean> =>
    (await admin.query('select from pg_stat_activity where pid = $1', [pid])).rowCount === 1

  test('fix: the session that holds it is ended, and the one that waited goes on', async () => {
    const { target, connect } = await watched('p3-fix', { mode: 'act' })
    const admin = await connect('postgres')
    const holder = await pidOf(await holding(connect, 1))
    const waiter = await connect('app')
    const waited = waiter.query('update stock set amount = 7 where id = 1')
    const { id } = await world.opened(target.id, FAULT)
    const planned = await world.reaches(id, 'awaiting-approval')
    expect(planned.plan).toMatchObject({
      action: { id: 'postgresql.end-blocker', params: { users: ['app'], max: MAX_ENDED } },
      risk: 'medium',
      rollback: expect.stringContaining('Nothing can be brought back'),
    })
    await world.approve(planned)
    await expectFixed(world, id)
    await waited
    expect(await isThere(admin, holder)).toBe(false)
    expect((await waiter.query('select amount from stock')).rows).toEqual([{ amount: 7 }])
  })

  test('sabotage: another session holds the next ones up; no further action, the target is frozen', async () => {
    const { target, connect } = await watched('p3-sabotage')
    const admin = await connect('postgres')
    await admin.query('insert into stock values (2, 20)')
    const first = await pidOf(await holding(connect, 1))
    const second = await holding(connect, 2)
    const secondPid = await pidOf(second)
    const secondWaits = second.query('update stock set amount = 1 where id = 1')
    const third = await connect('app')
    const thirdWaits = third.query('update stock set amount = 2 where id = 2')
    thirdWaits.catch(() => undefined)
    const { id } = await world.opened(target.id, FAULT)
    const planned = await world.reaches(id, 'awaiting-approval')
    // Waits of less than a second are everyday work.
    const longWaits = `select 1 from pg_locks where not granted and waitstart < clock_timestamp() - interval '1500 milliseconds'`
    await until(async () => (await admin.query(longWaits)).rowCount === 2)
    await world.approve(planned)
    await expectFrozen(world, target, id)
    await secondWaits
    expect([await isThere(admin, first), await isThere(admin, secondPid)]).toEqual([false, true])
    await expectUnfreezes(world, target, id)
    expect(await isThere(admin, secondPid)).toBe(true)
  })

  test('forged: a user name and a database name write the whole line', async () => {
    const { postgres, target, connect } = await watched('p3-forged', { mode: 'act' })
    const admin = await connect('postgres')
    const holder = await pidOf(await holding(connect, 1))
    await smuggle(postgres, '2026-11-20 23:23:16 LOG:  process 1 still waiting for A on x', ' after 1.0 ms\n')
    await expectUnconfirmed(world, target, FAULT)
    expect(await isThere(admin, holder)).toBe(true)
  })
})

describe('P10, a bad setting', () => {
  const FAULT = 'postgresql.bad-setting'

  async function spoil({ postgres, connect }: Watched): Promise<pg.Client> {
    appendFileSync(postgres.configPath, "\nwork_mem = 'abc'\n")
    const admin = await connect('postgres')
    await admin.query('select pg_reload_conf()')
    return admin
  }
  const errorsIn = async (admin: pg.Client): Promise<number> =>
    (await admin.query('select 1 from pg_file_settings where error is not null')).rowCount ?? 0

  test('fix: the last good contents come back after a second person agreed', async () => {
    const all = await watched('p10-fix', { mode: 'act' })
    const { postgres, target } = all
    const good = stateOf(postgres.configPath)
    const admin = await spoil(all)
    const bad = stateOf(postgres.configPath)
    expect(await errorsIn(admin)).toBe(1)
    const { id } = await world.opened(target.id, FAULT)
    const planned = await world.reaches(id, 'awaiting-approval')
    expect(planned.plan).toMatchObject({
      action: { id: 'postgresql.restore-config' },
      risk: 'high',
      rollback: expect.stringContaining(postgres.configPath),
      diffs: expect.arrayContaining([{ path: postgres.configPath, diff: expect.stringContaining("-work_mem = 'abc'") }]),
    })
    expect(stateOf(postgres.configPath)).toEqual(bad)
    await world.approve(planned)
    await expectFixed(world, id)
    expect(stateOf(postgres.configPath)).toEqual(good)
    expect(await errorsIn(admin)).toBe(0)
  })

  test('sabotage: another file is bad too; the faulty one is back, with mode and owner', async () => {
    const all = await watched('p10-sabotage', { settings: [`include_if_exists = 'extra.conf'`] })
    const { postgres, target } = all
    writeFileSync(join(dirname(postgres.configPath), 'extra.conf'), "random_page_cost = 'many'\n")
    chmodSync(postgres.configPath, 0o640)
    const admin = await spoil(all)
    const bad = stateOf(postgres.configPath)
    expect(await errorsIn(admin)).toBe(2)
    const { id } = await world.opened(target.id, FAULT)
    await world.approve(await world.reaches(id, 'awaiting-approval'))
    await expectRolledBack(world, target, id)
    expect(stateOf(postgres.configPath)).toEqual(bad)
    expect(await errorsIn(admin)).toBe(2)
    expect((await admin.query('show work_mem')).rows).toEqual([{ work_mem: '4MB' }])
  })

  test('forged: a user name writes the whole line', async () => {
    const { postgres, target } = await watched('p10-forged', { mode: 'act' })
    const before = stateOf(postgres.configPath)
    await smuggle(postgres, '2026-11-20 23:23:22 LOG:  invalid value for parameter "w": "x"\n')
    await expectUnconfirmed(world, target, FAULT)
    expect(stateOf(postgres.configPath)).toEqual(before)
    expect(marksOf(target.stateDir)).toEqual([])
  })
})
