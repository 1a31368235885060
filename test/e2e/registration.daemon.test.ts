/** Bad registrations, over the API, against a real sshd and real daemons: each is refused with the field that is to blame, and leaves nothing behind. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { freePort } from '../support/daemons/free-port.ts'
import { type NginxDaemon, startNginx } from '../support/daemons/nginx.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { type Answer, ok, outcome, page, refusal } from './support/api.ts'
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
  async function another(config: readonly string[] = []): Promise<Sshd> {
    const dir = mkdtempSync(join(tmpdir(), 'e2e-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    const sshd = await startSshd({ dir, config })
    onTestFinished(() => sshd.close())
    return sshd
  }
  /** How it is registered: where it is, its key, and a private key that it lets in. */
  const withKeyOf = ({ port, hostKey, privateKeyPath }: Sshd) => ({
    port,
    hostKey: hostKey.key,
    privateKey: secret('other', readFileSync(privateKeyPath, 'utf8')),
  })
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
      expected: { status: 422, code: 'LOGIN_REFUSED', field: 'username' },
    },
    {
      what: 'a private key that is none',
      change: () => ({ privateKey: secret('nonsense', 'not a key\n') }),
      expected: { status: 422, code: 'PRIVATE_KEY_INVALID', field: 'privateKey' },
    },
    {
      what: 'a private key that is not there',
      change: () => ({ privateKey: 'file:nowhere' }),
      expected: { status: 422, code: 'SECRET_UNAVAILABLE', field: 'privateKey', says: expect.stringContaining('missing') },
    },
    {
      what: 'a private key that others may read',
      change: () => ({ privateKey: secret('public', 'not a key\n', 0o644) }),
      expected: { status: 422, code: 'SECRET_UNAVAILABLE', field: 'privateKey', says: expect.stringContaining('readable-by-others') },
    },
    {
      what: 'a private key outside of the secret directories',
      change: () => ({ privateKey: `file:${world.sshd.privateKeyPath}` }),
      expected: {
        status: 422,
        code: 'SECRET_UNAVAILABLE',
        field: 'privateKey',
        says: expect.stringContaining('outside-secret-directories'),
      },
    },
    {
      what: 'a port at which nothing listens',
      change: async () => ({ port: await freePort() }),
      expected: { status: 422, code: 'HOST_UNREACHABLE', field: 'port' },
    },
    {
      what: 'a name that no host has',
      change: () => ({ address: 'nowhere.invalid' }),
      expected: { status: 422, code: 'HOST_UNREACHABLE', field: 'address' },
    },
    {
      what: 'a port at which something else answers',
      change: () => ({ port: nginx.port }),
      expected: { status: 422, code: 'NOT_AN_SSH_SERVER', field: 'port' },
    },
    {
      what: 'an account that runs no commands',
      change: async () => withKeyOf(await another(['ForceCommand echo This account is currently not available.; exit 1'])),
      expected: { status: 422, code: 'SHELL_UNUSABLE', field: 'username', says: expect.stringContaining('currently not available') },
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

  const warned = outcome.extend({ warning: z.string().nullable() })
  const register = (change: object) => ok(world.admin.post('/api/v1/hosts', { ...host(), ...change }), warned)
  const retire = (id: string) => ok(world.admin.delete(`/api/v1/hosts/${id}`, { reason: 'only to see' }), outcome)

  test('one machine under two names is refused by the name of the first, and is two hosts only when somebody says so', async () => {
    const twice = { name: 'box-again', address: 'localhost' }
    const { body } = await world.admin.post('/api/v1/hosts', { ...host(), ...twice })
    expect(await refusal(Promise.resolve({ status: 409, body }))).toMatchObject({ code: 'HOST_KEY_TAKEN', field: 'hostKey' })
    expect(JSON.stringify(body)).toContain('"host":"box"')
    expect(await names('hosts')).toEqual(['box'])
    const shared = await register({ ...twice, sharedHostKey: true })
    expect(shared.warning).toContain('box')
    await retire(shared.id)
  })

  test('a refused name is free again, and so are name and key of a host that was retired', async () => {
    const sshd = await another()
    await refusal(world.admin.post('/api/v1/hosts', { ...host(), ...withKeyOf(sshd), port: await freePort() }))
    const { id, warning } = await register(withKeyOf(sshd))
    expect(warning).toBeNull()
    const third = await another()
    expect((await refusal(world.admin.post('/api/v1/hosts', { ...host(), ...withKeyOf(third) }))).code).toBe('NAME_TAKEN')
    await retire(id)
    await retire((await register(withKeyOf(sshd))).id)
  })

  test('a host with a new key is spoken to again after somebody confirmed it', async () => {
    const before = await another()
    const { id } = await register(withKeyOf(before))
    await before.close()
    const after = await restarted(before)
    const changed = (body: object) => world.admin.put(`/api/v1/hosts/${id}/host-key`, body)
    expect(await refusal(changed({}))).toMatchObject({ status: 409, code: 'HOST_KEY_UNCONFIRMED' })
    expect(await refusal(changed({ hostKey: before.hostKey.key }))).toMatchObject({
      status: 409,
      code: 'HOST_KEY_MISMATCH',
      field: 'hostKey',
    })
    const { position } = await ok(changed({ hostKey: after.hostKey.key }), outcome)
    const shown = z.object({ hostKeyFingerprint: z.string() })
    expect(await ok(world.admin.get(`/api/v1/hosts/${id}?min_position=${position}`), shown)).toEqual({
      hostKeyFingerprint: after.hostKey.fingerprint,
    })
    expect(await ok(world.admin.post(`/api/v1/hosts/${id}/test`), tested)).toEqual({ reachable: true, rule: null })
    await retire(id)
  })
  const tested = z.object({ reachable: z.boolean(), rule: z.string().nullable() })

  /** The same machine at the same place, installed anew: another host key, the same account. */
  async function restarted({ configPath, port }: Sshd): Promise<Sshd> {
    const dir = mkdtempSync(join(tmpdir(), 'e2e-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    const authorized = join(dirname(configPath), 'authorized_keys')
    const sshd = await startSshd({ dir, config: [`Port ${port}`, `AuthorizedKeysFile "${authorized}"`] })
    onTestFinished(() => sshd.close())
    return sshd
  }
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

  test('a target that was only observed is acted upon where marks can be made, and nowhere else', async () => {
    const closed = join(nginx.scratch, 'no-directory')
    writeFileSync(closed, '')
    const stateDir = join(closed, 'state')
    const { id } = await ok(register({ name: 'observed', mode: 'observe', stateDir }), outcome)
    const mode = (to: string) => world.admin.put(`/api/v1/targets/${id}/mode`, { mode: to })
    const { status, body } = await mode('propose')
    expect({ status, body }).toMatchObject({
      status: 422,
      body: { error: { code: 'STATE_DIR_UNWRITABLE', details: { field: 'mode', path: stateDir } } },
    })
    rmSync(closed)
    await ok(mode('propose'), outcome)
  })
})
