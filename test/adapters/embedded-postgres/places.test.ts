/** Where a data directory may lie: any path, however long or odd; and below which homes. */
import { chmod, chown, lstat, mkdir, rm, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../../src/adapters/embedded-postgres/embedded-postgres.ts'
import { runProgram } from '../../../src/adapters/embedded-postgres/run-program.ts'
import { makeSocketDirectory } from '../../../src/adapters/embedded-postgres/socket-directory.ts'
import { type OpenCheckout, openCheckout } from './open-checkout.ts'
import { query, scratch, startOwner } from './support.ts'

const works = async (dataDir: string): Promise<string> => {
  await using database = await startEmbeddedPostgres({ dataDir })
  expect(await query(database.connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
  return database.socketDir
}

test.each(['with a space', 'with \'quotes\' and "double" ones', 'with, a comma', 'with 100% and ü', 'with $HOME `id` \\'])(
  'a path %s',
  async (name) => {
    const dataDir = join(await scratch(), name)
    expect(await works(dataDir)).toBe(join(dataDir, 'socket'))
  },
)

test('not a path with a colon, since the search path for libraries cannot hold one', async () => {
  const start = startEmbeddedPostgres({ dataDir: join(await scratch(), 'a:b') })
  await expect(start).rejects.toMatchObject({ rule: 'data-directory-unusable', message: expect.stringContaining('a:b') })
})

test('a path by way of a link', async () => {
  const base = await scratch()
  await mkdir(join(base, 'real'))
  await symlink(join(base, 'real'), join(base, 'link'))
  expect(await works(join(base, 'link'))).toBe(join(base, 'real', 'socket'))
})

test('a path too long for a socket gets a short, private directory elsewhere, which is gone afterwards', async () => {
  const dataDir = join(await scratch(), 'long'.repeat(25))
  const socketDir = await works(dataDir)
  expect(socketDir.startsWith(dataDir)).toBe(false)
  await expect(lstat(socketDir)).rejects.toMatchObject({ code: 'ENOENT' })
  // The same again: clients that wait for it find it.
  expect(await works(dataDir)).toBe(socketDir)
})

test('a path too long everywhere is refused with both paths', async () => {
  const long = join(await scratch(), 'long'.repeat(25))
  await mkdir(long)
  await expect(makeSocketDirectory({ dataDir: long, serverUid: process.getuid?.() ?? 0, shortBase: long })).rejects.toMatchObject({
    rule: 'socket-path-too-long',
    message: expect.stringContaining('107 bytes'),
  })
})

test('what somebody else put in place of the short directory is not trusted', async () => {
  const base = await scratch()
  const dataDir = join(base, 'long'.repeat(25))
  await mkdir(dataDir)
  const make = () => makeSocketDirectory({ dataDir, serverUid: process.getuid?.() ?? 0, shortBase: base })
  const { path } = await make()
  await rm(path, { recursive: true })
  await mkdir(join(base, 'elsewhere'))
  await symlink(join(base, 'elsewhere'), path)
  await expect(make()).rejects.toMatchObject({ rule: 'socket-directory-unsafe' })
  await rm(path)
  await mkdir(path, { mode: 0o777 })
  await chmod(path, 0o777)
  await make()
  expect((await stat(path)).mode & 0o777).toBe(0o700)
})

test('below a home that is closed to others', async () => {
  const home = await scratch()
  await chmod(home, 0o700)
  await works(join(home, 'data'))
})

/** An ordinary user runs the same start above, as itself. */
describe('root', { tags: ['root'] }, () => {
  let checkout: OpenCheckout
  beforeAll(async () => {
    checkout = await openCheckout()
  })
  afterAll(() => checkout[Symbol.asyncDispose]())

  test('runs the server in a user namespace, without a capability, and keeps its files', async () => {
    const home = await scratch()
    await chmod(home, 0o700)
    const owner = startOwner([join(home, 'data')])
    const { pid, connectionString } = await owner.ready()
    expect(await query(connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
    expect((await stat(join(home, 'data', 'cluster'))).uid).toBe(0)
    expect(await capabilitiesOf(pid)).toBe('0000000000000000')
  })

  test('without user namespaces runs it as nobody, also below a closed home, and goes on so', async () => {
    const home = await scratch()
    await chmod(home, 0o700)
    const dataDir = join(home, 'data')
    const first = startOwner([dataDir, '--avoid-user-namespace'], { checkout })
    const { pid } = await first.ready()
    expect((await stat(`/proc/${pid}`)).uid).toBe(65534)
    expect(['0000000000000002', '0000000000000004']).toContain(await capabilitiesOf(pid))
    await first.kill('SIGTERM')

    const second = startOwner([dataDir], { checkout })
    const { connectionString } = await second.ready()
    expect(await query(connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
    expect((await stat(join(dataDir, 'cluster'))).uid).toBe(65534)
  })

  test('takes over a cluster of its own that it once ran in a user namespace', async () => {
    const dataDir = await scratch()
    await works(dataDir)
    const owner = startOwner([dataDir, '--avoid-user-namespace'], { checkout })
    const { connectionString } = await owner.ready()
    expect(await query(connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('leaves the cluster of an ordinary user to that user', async () => {
    const home = await closedHomeOf(ORDINARY)
    const theirs = startOwner([join(home, 'data')], { prefix: await asUser(ORDINARY), env: { HOME: home }, checkout })
    await theirs.ready()
    await theirs.kill('SIGTERM')

    const ours = startOwner([join(home, 'data')], { checkout })
    const { pid } = await ours.ready()
    expect((await stat(`/proc/${pid}`)).uid).toBe(ORDINARY)
    await ours.kill('SIGTERM')

    const again = startOwner([join(home, 'data')], { prefix: await asUser(ORDINARY), env: { HOME: home }, checkout })
    const { connectionString } = await again.ready()
    expect(await query(connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('makes the cluster in the directory of an ordinary user as that user', async () => {
    const home = await closedHomeOf(ORDINARY)
    const ours = startOwner([home], { checkout })
    await ours.ready()
    await ours.kill('SIGTERM')
    const theirs = startOwner([home], { prefix: await asUser(ORDINARY), env: { HOME: home }, checkout })
    const { connectionString } = await theirs.ready()
    expect(await query(connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('an ordinary user below a home of 0700, and one without a name', async () => {
    for (const uid of [ORDINARY, NAMELESS]) {
      const home = await closedHomeOf(uid)
      const owner = startOwner([join(home, 'data')], { prefix: await asUser(uid), env: { HOME: home }, checkout })
      const { connectionString } = await owner.ready()
      expect(await query(connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
      await owner.kill('SIGTERM')
    }
  })

  test('is told when it may neither make a namespace nor change its id', async () => {
    const owner = startOwner([await scratch(), '--avoid-user-namespace'], { prefix: ['setpriv', '--bounding-set=-setuid,-setgid'] })
    expect(await owner.next()).toMatchObject({
      kind: 'refused',
      rule: 'cannot-run-as-root',
      says: expect.stringContaining('STEWARD_DATABASE_URL'),
    })
  })
})

/** `daemon` on every Linux; and an id that no machine gives a name. */
const ORDINARY = 1
const NAMELESS = 3_999_999

async function closedHomeOf(uid: number): Promise<string> {
  const home = join(await scratch(), 'home')
  await mkdir(home, { mode: 0o700 })
  await chown(home, uid, uid)
  return home
}

/** Below a closed home of root the program itself cannot be read by others; then, and only then, it gets leave to read. */
async function asUser(uid: number): Promise<readonly string[]> {
  const prefix = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'] as const
  const { exitCode } = await runProgram([...prefix, 'test', '-r', join(import.meta.dirname, 'owner.ts'), '-a', '-x', process.execPath])
  return exitCode === 0 ? prefix : [...prefix, '--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
}

async function capabilitiesOf(pid: number): Promise<string | undefined> {
  const { output } = await runProgram(['grep', 'CapEff', `/proc/${pid}/status`])
  return output.split(/\s+/)[1]
}
