/** Bad registrations, over the API, against a real sshd and real daemons: each is refused with the field that is to blame, and leaves nothing behind. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { freePort } from '../support/daemons/free-port.ts'
import { type NginxDaemon, startNginx } from '../support/daemons/nginx.ts'
import { startSshd } from '../support/sshd.ts'
import { type Answer, ok, page, refusal } from './support/api.ts'
import { openWorld, type World } from './support/world.ts'

let world: World
let nginx: NginxDaemon
beforeAll(async () => {
  world = await openWorld()
  nginx = await startNginx()
})
afterAll(async () => {
  await nginx.stop()
  await world[Symbol.asyncDispose]()
})

const named = z.object({ name: z.string() })
const names = async (what: 'hosts' | 'targets'): Promise<readonly string[]> =>
  (await ok(world.admin.get(`/api/v1/${what}?limit=100`), page(named))).items.map(({ name }) => name)

describe('hosts', () => {
  const host = () => {
    const { address, port, username, hostKey } = world.sshd
    return { name: 'other', address, port, username, privateKey: 'file:user_ed25519', hostKey: hostKey.key }
  }
  /** Another key pair and another host key: those of another sshd. */
  async function another() {
    const dir = mkdtempSync(join(tmpdir(), 'e2e-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    const sshd = await startSshd({ dir })
    onTestFinished(() => sshd.close())
    return sshd
  }
  const secret = (name: string, content: string, mode = 0o600): string => {
    const path = join(world.dir, 'data', 'secrets', name)
    writeFileSync(path, content)
    chmodSync(path, mode)
    return `file:${name}`
  }
  const cases: readonly Readonly<{ what: string; change: () => object | Promise<object>; expected: object }>[] = [
    {
      what: 'a host key that is not the one that was confirmed',
      change: async () => ({ hostKey: (await another()).hostKey.key }),
      expected: { status: 409, code: 'HOST_KEY_MISMATCH', field: 'hostKey' },
    },
    {
      what: 'a key that the host does not let in',
      change: async () => ({ privateKey: secret('stranger', readFileSync((await another()).privateKeyPath, 'utf8')) }),
      expected: { code: 'HOST_UNREACHABLE', field: 'username' },
    },
    {
      what: 'a private key that is none',
      change: () => ({ privateKey: secret('nonsense', 'not a key\n') }),
      expected: { code: 'HOST_UNREACHABLE', field: 'privateKey' },
    },
    {
      what: 'a private key that others may read',
      change: () => ({ privateKey: secret('public', 'not a key\n', 0o644) }),
      expected: { code: 'HOST_UNREACHABLE', field: 'privateKey', says: expect.stringContaining('readable-by-others') },
    },
    {
      what: 'a private key outside of the secret directories',
      change: () => ({ privateKey: `file:${world.sshd.privateKeyPath}` }),
      expected: { code: 'HOST_UNREACHABLE', field: 'privateKey', says: expect.stringContaining('outside-secret-directories') },
    },
    {
      what: 'a host that is down',
      change: async () => ({ port: await freePort() }),
      expected: { code: 'HOST_UNREACHABLE', field: 'address' },
    },
  ]
  test.each(cases)('$what', async ({ change, expected }) => {
    expect(await refusal(world.admin.post('/api/v1/hosts', { ...host(), ...(await change()) }))).toMatchObject(expected)
    expect(await names('hosts')).toEqual(['box'])
  })

  test('without a host key nothing is registered, and the key to confirm is shown', async () => {
    const { hostKey: _, ...unconfirmed } = host()
    expect(await refusal(world.admin.post('/api/v1/hosts', unconfirmed))).toMatchObject({ status: 409, code: 'HOST_KEY_UNCONFIRMED' })
    expect(await names('hosts')).toEqual(['box'])
  })

  test('a refused name is free again', async () => {
    await refusal(world.admin.post('/api/v1/hosts', { ...host(), port: await freePort() }))
    expect((await world.admin.post('/api/v1/hosts', host())).status).toBe(201)
    expect((await refusal(world.admin.post('/api/v1/hosts', host()))).code).toBe('NAME_TAKEN')
    const { items } = await ok(world.admin.get('/api/v1/hosts?limit=100'), page(named.extend({ id: z.string() })))
    const other = items.find(({ name }) => name === 'other')
    expect((await world.admin.delete(`/api/v1/hosts/${other?.id}`, { reason: 'only to see' })).status).toBe(200)
  })
})

describe('targets', () => {
  const target = () => ({
    name: 'web',
    hostId: world.hostId,
    service: 'nginx',
    logPaths: [nginx.logPath],
    configPaths: [nginx.configPath],
    stateDir: join(world.dir, 'state'),
    connection: { kind: 'nginx', pidFile: nginx.pidFile, url: nginx.url },
  })
  const register = (change: object): Promise<Answer> => world.admin.post('/api/v1/targets', { ...target(), ...change })
  const cases: readonly Readonly<{ what: string; change: () => object; expected: object }>[] = [
    {
      what: 'a host that does not exist',
      change: () => ({ hostId: 'nowhere' }),
      expected: { code: 'HOST_NOT_REGISTERED', field: 'hostId' },
    },
    {
      what: 'a log that is not there',
      change: () => ({ logPaths: [nginx.logPath, '/nowhere/error.log'] }),
      expected: { code: 'PATH_MISSING', field: 'logPaths[1]' },
    },
    {
      what: 'a log that is a directory',
      change: () => ({ logPaths: [nginx.root] }),
      expected: { code: 'PATH_UNREADABLE', field: 'logPaths[0]' },
    },
    {
      what: 'a configuration that is not there',
      change: () => ({ configPaths: ['/nowhere/nginx.conf'] }),
      expected: { code: 'PATH_MISSING', field: 'configPaths[0]' },
    },
    {
      what: 'a daemon that does not run',
      change: () => ({ connection: { kind: 'nginx', pidFile: join(nginx.scratch, 'none.pid'), url: nginx.url } }),
      expected: { code: 'SERVICE_NOT_RUNNING', field: 'service' },
    },
    {
      what: 'a PostgreSQL that is not there',
      change: () => ({
        service: 'postgresql',
        connection: { kind: 'postgresql', at: { socket: join(nginx.scratch, '.s.PGSQL.5432') }, database: 'postgres', user: 'postgres' },
      }),
      expected: { code: 'SERVICE_REFUSED', field: 'connection' },
    },
    {
      what: 'a Redis that is not there',
      change: () => ({ service: 'redis', connection: { kind: 'redis', at: { host: '127.0.0.1', port: 1 } } }),
      expected: { code: 'SERVICE_REFUSED', field: 'connection' },
    },
  ]
  test.each(cases)('$what', async ({ change, expected }) => {
    expect(await refusal(register(change()))).toMatchObject(expected)
    expect(await names('targets')).toEqual([])
  })

  test('a log that the account may not read', async () => {
    // Root passes every mode; the memory of another process is a file that not even root may simply open here. An ordinary user is shut out by the mode.
    const dir = join(nginx.scratch, 'closed')
    mkdirSync(dir, { recursive: true })
    const log = join(dir, 'error.log')
    writeFileSync(log, '')
    chmodSync(log, 0o000)
    onTestFinished(() => rmSync(dir, { recursive: true }))
    const path = process.getuid?.() === 0 ? '/proc/1/mem' : log
    expect(await refusal(register({ logPaths: [path] }))).toMatchObject({ code: 'PATH_UNREADABLE', field: 'logPaths[0]' })
    expect(await names('targets')).toEqual([])
  })

  test('what is malformed is refused with every field that is wrong, before any host is asked', async () => {
    const { status, body } = await register({ name: '../x', logPaths: ['relative.log'], mode: 'yolo' })
    expect(status).toBe(422)
    expect(JSON.stringify(body)).toMatch(/name.*logPaths.*mode/s)
    expect(await names('targets')).toEqual([])
  })

  test('a refused name is free again', async () => {
    await refusal(register({ logPaths: ['/nowhere/error.log'] }))
    expect((await register({})).status).toBe(201)
  })
})
