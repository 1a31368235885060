/** The server lives exactly as long as its owner, and what it acknowledged outlives every kill. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../../src/adapters/embedded-postgres/embedded-postgres.ts'
import { isAlive, parentOf, query, scratch, startOwner, until } from './support.ts'

test('starts, serves, stops, and has its rows when it is started again', async () => {
  const dataDir = await scratch()
  {
    await using database = await startEmbeddedPostgres({ dataDir })
    await query(database.connectionString, "create table note (text text); insert into note values ('kept')")
  }
  await using database = await startEmbeddedPostgres({ dataDir })
  expect(await query(database.connectionString, 'select text from note')).toEqual([{ text: 'kept' }])
})

test('stops when its owner is killed with -9', async () => {
  const owner = startOwner([await scratch()])
  const { pid } = await owner.ready()
  const supervisor = parentOf(pid)
  await owner.kill('SIGKILL')
  await until('server and supervisor are gone', () => !isAlive(pid) && !isAlive(supervisor), 5_000)
})

test('stops also when it is stopped in the middle of a long transaction', async () => {
  await using database = await startEmbeddedPostgres({ dataDir: await scratch() })
  const sleeping = query(database.connectionString, 'select pg_sleep(600)')
  await until(
    'the statement runs',
    async () => (await query(database.connectionString, "select from pg_stat_activity where wait_event = 'PgSleep'")).length === 1,
  )
  const { pid } = database
  await Promise.all([expect(sleeping).rejects.toThrow(), database.stop()])
  expect(isAlive(pid)).toBe(false)
})

test('stop may be called twice, and the directory is free after it', async () => {
  const dataDir = await scratch()
  const database = await startEmbeddedPostgres({ dataDir })
  await Promise.all([database.stop(), database.stop()])
  await database.stop()
  await (await startEmbeddedPostgres({ dataDir })).stop()
})

test('leaves a frozen server no choice: after the grace it is killed, and nothing is lost', async () => {
  const dataDir = await scratch()
  {
    await using database = await startEmbeddedPostgres({ dataDir, stopGraceSeconds: 1 })
    await query(database.connectionString, "create table note (text text); insert into note values ('kept')")
    process.kill(database.pid, 'SIGSTOP')
  }
  await using database = await startEmbeddedPostgres({ dataDir })
  expect(await query(database.connectionString, 'select text from note')).toEqual([{ text: 'kept' }])
})

test('runs in a session of its own, so that Ctrl-C does not reach it', async () => {
  await using database = await startEmbeddedPostgres({ dataDir: await scratch() })
  const sessionOf = async (pid: number): Promise<string | undefined> =>
    (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)?.split(' ')[3]
  expect(await sessionOf(database.pid)).not.toBe(await sessionOf(process.pid))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(parentOf(database.pid), signal)
  expect(await query(database.connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('is started again at the same address when it is killed with -9, with every row', async () => {
  await using database = await startEmbeddedPostgres({ dataDir: await scratch() })
  await query(database.connectionString, "create table note (text text); insert into note values ('kept')")
  const { pid } = database
  process.kill(pid, 'SIGKILL')
  const rows = (): Promise<unknown> => query(database.connectionString, 'select text from note').catch((error: unknown) => error)
  await until('it serves again', async () => database.pid !== pid && Array.isArray(await rows()))
  expect(await rows()).toEqual([{ text: 'kept' }])
})

test('is started again when its supervisor and that one’s helper are killed, and can still be stopped', async () => {
  await using database = await startEmbeddedPostgres({ dataDir: await scratch() })
  const { pid } = database
  for (const each of await supervisorsOf(pid)) process.kill(each, 'SIGKILL')
  await until('another server serves', () => database.pid !== pid && !isAlive(pid))
  expect(await query(database.connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a stop between a kill and the new start leaves nothing running', async () => {
  const dataDir = await scratch()
  const database = await startEmbeddedPostgres({ dataDir })
  process.kill(database.pid, 'SIGKILL')
  await database.stop()
  await (await startEmbeddedPostgres({ dataDir })).stop()
})

test('every acknowledged row survives a kill -9 of owner, supervisor and server at once', async () => {
  const dataDir = await scratch()
  const owner = startOwner([dataDir, '--write'])
  const { pid } = await owner.ready()
  let acknowledged = 0
  while (acknowledged < 200) {
    const said = await owner.next()
    if (said.kind === 'acknowledged') acknowledged = said.value
  }
  process.kill(-parentOf(pid), 'SIGKILL')
  await owner.kill('SIGKILL')

  await using database = await startEmbeddedPostgres({ dataDir })
  const [row] = await query(database.connectionString, 'select count(*)::int as count, max(value) as last from number')
  expect(row?.['last']).toBeGreaterThanOrEqual(acknowledged)
  expect(row?.['count']).toBe(row?.['last'])
})

test('a server whose owner and supervisor were both killed is stopped by the next owner', async () => {
  const dataDir = await scratch()
  const owner = startOwner([dataDir])
  const { pid } = await owner.ready()
  const supervisors = await supervisorsOf(pid)
  // Stopped first: an owner that sees its supervisor die would stop the server itself.
  owner.child.kill('SIGSTOP')
  for (const each of supervisors) process.kill(each, 'SIGKILL')
  await owner.kill('SIGKILL')
  expect(isAlive(pid)).toBe(true)

  await using database = await startEmbeddedPostgres({ dataDir, orphanPatienceMs: 200 })
  expect(isAlive(pid)).toBe(false)
  expect(await query(database.connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('an aborted start leaves no process, and the directory free', async () => {
  const dataDir = await scratch()
  for (const afterMs of [0, 5, 20, 60, 150]) {
    const start = startEmbeddedPostgres({ dataDir, signal: AbortSignal.timeout(afterMs) })
    await start.then((database) => database.stop()).catch((error: unknown) => expect(error).toMatchObject({ name: /Abort|Timeout/ }))
  }
  await (await startEmbeddedPostgres({ dataDir })).stop()
})

test('is private and durable: no TCP port, a socket behind 0700, real fsync, and nothing of the environment', async () => {
  const owner = startOwner([await scratch()], {
    env: { PGPORT: '7777', PGHOST: 'nowhere.invalid', PGOPTIONS: '-c fsync=off', PGDATA: '/nowhere' },
  })
  const { connectionString, socketDir, pid } = await owner.ready()
  expect((await stat(socketDir)).mode & 0o777).toBe(0o700)
  expect((await stat(join(socketDir, '.s.PGSQL.5432'))).mode & 0o777).toBe(0o700)
  const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums', 'listen_addresses', 'port', 'max_connections', 'jit']
  const [settings] = await query(connectionString, `select ${names.map((name) => `current_setting('${name}') as ${name}`).join()}`)
  expect(settings).toEqual({
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    data_checksums: 'on',
    listen_addresses: '',
    port: '5432',
    max_connections: '100',
    jit: 'off',
  })
  expect(isAlive(pid)).toBe(true)
})

/** The shell that runs the server, and the one that waits for the owner's end. */
async function supervisorsOf(serverPid: number): Promise<number[]> {
  const supervisor = parentOf(serverPid)
  const children = (await readdir('/proc')).map(Number).filter((pid) => parentOf(pid) === supervisor && pid !== serverPid)
  return [supervisor, ...children]
}
