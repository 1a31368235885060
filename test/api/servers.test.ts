/** Servers over HTTP: what is sent becomes a configuration, a secret never becomes an event, and whatever is changed can be looked at before and after. */
import { describe, expect, test } from 'vitest'
import type { ServerEvent } from '../../src/domain/server/events.ts'
import { negotiated, now } from '../domain/server/given.ts'
import { serverApi } from './support/server-api.ts'

const transport = { command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything@2026.8.31'] }
const files = { name: 'files', transport }

const begun = (serverId: string): ServerEvent => ({
  type: 'ServerStarting',
  data: { serverId, runId: 'r-1', supervisorId: 'steward-a', at: now },
})
const ran = (serverId: string): ServerEvent => ({
  type: 'ServerRunning',
  data: { serverId, runId: 'r-1', ...negotiated, startedInMs: 3, at: now },
})

async function withServer(more: object = {}) {
  const all = serverApi()
  const { status, body } = await all.send('POST', '/api/v1/servers', { ...files, ...more })
  expect({ status, body }).toMatchObject({ status: 201 })
  const path = `/api/v1/servers/${body.id}`
  const etag = async () => (await all.send('GET', path)).etag ?? ''
  return { ...all, id: String(body.id), path, etag, commandId: String(body.commandId) }
}

describe('registration', () => {
  test('a name and a transport are enough; everything else has its usual value', async () => {
    const { send, path } = await withServer()
    expect((await send('GET', path)).body).toMatchObject({
      name: 'files',
      displayName: 'files',
      enabled: true,
      desired: 'running',
      state: 'stopped',
      nextStates: ['starting', 'maintenance'],
      statusWords: { management: 'stopped', toolServer: 'disabled', dashboard: 'unknown' },
      executable: { verdict: 'allowed', approved: false },
      config: { transport: { kind: 'stdio', env: {} }, callTimeoutMs: 30_000, toolPolicy: { quarantine: 'changed-and-new' } },
    })
  })

  test('every broken rule is named with its field, and nothing is recorded', async () => {
    const { send, all } = serverApi()
    const json = { name: 'A B', transport: { command: 'sh', args: ['-c', 'x'] }, maxFailures: 99, limits: { cpuCores: 0 } }
    const { status, body } = await send('POST', '/api/v1/servers', json)
    expect(status).toBe(422)
    expect(body.error?.code).toBe('SERVER_CONFIG_INVALID')
    expect(body.error?.details?.issues?.map(({ field }) => field)).toEqual([
      'body.name',
      'body.maxFailures',
      'body.limits.cpuCores',
      'body.transport.command',
    ])
    expect(all()).toEqual([])
  })

  test('a secret in any place is refused before a word of it is recorded, and the answer says how to refer to it', async () => {
    const { send, all } = serverApi()
    const secret = 'canary-5f1d7c'
    const transports = [
      { ...transport, env: { BRAVE_API_KEY: secret } },
      { ...transport, args: [...transport.args, '--token', secret] },
      { url: 'https://mcp.example/', headers: { Authorization: `Bearer ${secret}` } },
      { url: 'https://mcp.example/', query: { access_token: secret } },
      { url: `https://me:${secret}@mcp.example/` },
      { url: `https://mcp.example/?api_key=${secret}` },
    ]
    for (const transport of transports) {
      for (const path of ['/api/v1/servers', '/api/v1/servers?preview=true', '/api/v1/servers/test']) {
        const { status, body } = await send('POST', path, { name: 'x', transport })
        expect({ status, code: body.error?.code, path }).toEqual({ status: 422, code: 'SERVER_CONFIG_INVALID', path })
        expect(JSON.stringify(body)).toContain('file:NAME')
        expect(JSON.stringify(body)).not.toContain(secret)
      }
    }
    expect(all()).toEqual([])
  })

  test('a reference is taken, and so is a literal that is named as none', async () => {
    const env = { BRAVE_API_KEY: { secret: 'file:brave' }, TOKEN: 'blue' }
    const { send, path } = await withServer({ transport: { ...transport, env }, allowLiterals: ['transport.env.TOKEN'] })
    expect((await send('GET', path)).body.config?.transport.env).toEqual(env)
  })

  test('a preview shows what would be recorded, or why not, and records nothing', async () => {
    const { send, all } = await withServer()
    const before = all().length
    const looked = await send('POST', '/api/v1/servers?preview=true', { ...files, name: 'other' })
    expect(looked).toMatchObject({ status: 200, body: { preview: true, wouldRecord: [{ type: 'ServerRegistered' }], refusal: null } })
    const taken = await send('POST', '/api/v1/servers?preview=true', files)
    expect(taken).toMatchObject({ status: 200, body: { wouldRecord: [], refusal: { code: 'NAME_TAKEN', status: 409 } } })
    expect(all()).toHaveLength(before)
    expect(await send('POST', '/api/v1/servers', files)).toMatchObject({ status: 409, body: { error: { code: 'NAME_TAKEN' } } })
  })
})

describe('a change of the configuration', () => {
  test('a patch changes what it names, null takes away, and the diff tells both', async () => {
    const { send, path, etag } = await withServer({ transport: { ...transport, env: { MODE: 'fast', LEVEL: '3' } } })
    const change = { callTimeoutMs: 60_000, transport: { env: { MODE: null } }, limits: { processes: 9 }, reason: 'slow disks' }
    const looked = await send('PATCH', `${path}?preview=true`, change, { 'if-match': await etag() })
    expect(looked.body.changes).toEqual([
      { field: 'callTimeoutMs', from: 30_000, to: 60_000 },
      { field: 'limits', from: {}, to: null },
      { field: 'limits.processes', from: null, to: 9 },
      { field: 'transport.env.MODE', from: 'fast', to: null },
    ])
    expect(await send('PATCH', path, change, { 'if-match': await etag() })).toMatchObject({ status: 200 })
    const { body } = await send('GET', path)
    expect(body.config).toMatchObject({ callTimeoutMs: 60_000, limits: { processes: 9 }, transport: { env: { LEVEL: '3' } } })
    expect(body.config?.transport.env).toEqual({ LEVEL: '3' })
    const history = await send('GET', `${path}/history?config=true`)
    expect(history.body.items?.[0]).toMatchObject({
      type: 'ServerConfigChanged',
      by: 'admin',
      reason: 'slow disks',
      changes: looked.body.changes,
    })
    const diff = await send('GET', `${path}/diff?from=${history.body.items?.[1]?.position}`)
    expect(diff.body.changes).toEqual(looked.body.changes)
  })

  test('a replacement gives what it leaves out its usual value, and keeps the literals that stand already', async () => {
    const env = { TOKEN: 'blue' }
    const { send, path, etag } = await withServer({
      transport: { ...transport, env },
      allowLiterals: ['transport.env.TOKEN'],
      callTimeoutMs: 1_000,
    })
    expect(await send('PUT', path, { transport: { ...transport, env } }, { 'if-match': await etag() })).toMatchObject({ status: 200 })
    expect((await send('GET', path)).body.config?.callTimeoutMs).toBe(30_000)
    const other = await send('PUT', path, { transport: { ...transport, env: { TOKEN: 'red' } } }, { 'if-match': '*' })
    expect(other.status).toBe(422)
  })

  test('the ETag holds over what the server did, and not over what somebody decided', async () => {
    const { send, path, etag, id, given } = await withServer()
    const seen = await etag()
    await given(`server-${id}`, begun(id), ran(id))
    expect(await send('PATCH', path, { callTimeoutMs: 60_000 }, { 'if-match': seen })).toMatchObject({ status: 200 })
    expect(await send('PATCH', path, { callTimeoutMs: 70_000 }, { 'if-match': seen })).toMatchObject({
      status: 412,
      body: { error: { code: 'CONCURRENCY_CONFLICT' } },
    })
    const looked = await send('DELETE', `${path}?preview=true`, undefined, { 'if-match': seen })
    expect(looked.body.refusal?.code).toBe('CONCURRENCY_CONFLICT')
    expect((await send('PATCH', path, { callTimeoutMs: 1 }, { 'if-match': '*' })).status).toBe(422)
    expect((await send('PATCH', path, { callTimeoutMs: 1_000 })).status).toBe(428)
  })
})

describe('what is wanted of a server', () => {
  test('a move that its state forbids names the moves that it allows', async () => {
    const { send, path, id, given } = await withServer()
    await given(`server-${id}`, begun(id))
    expect(await send('POST', `${path}/maintenance/enter`)).toMatchObject({
      status: 409,
      body: { error: { code: 'INVALID_TRANSITION', details: { state: 'starting', allowed: 'running, error, stopped' } } },
    })
  })

  test('a disabled server is not started, and says so', async () => {
    const { send, path } = await withServer({ enabled: false })
    expect(await send('POST', `${path}/start`)).toMatchObject({ status: 409, body: { error: { code: 'SERVER_DISABLED' } } })
    expect(await send('POST', `${path}/enable`, { reason: 'go' })).toMatchObject({ status: 200 })
    expect((await send('GET', path)).body).toMatchObject({ enabled: true, desired: 'running' })
  })

  test('a command is undone by its id, forwards, unless somebody decided something since', async () => {
    const { send, path, id } = await withServer()
    const stopped = await send('POST', `${path}/stop`, { reason: 'night' })
    const undo = `/api/v1/commands/${stopped.body.commandId}/undo`
    const looked = await send('POST', `${undo}?preview=true`)
    expect(looked).toMatchObject({ status: 200, body: { id, wouldRecord: [{ type: 'ServerStartRequested' }] } })
    expect(await send('POST', undo)).toMatchObject({ status: 200, body: { id } })
    expect((await send('GET', path)).body.desired).toBe('running')
    expect(await send('POST', undo)).toMatchObject({
      status: 409,
      body: { error: { code: 'CHANGED_SINCE', details: { event: 'ServerStartRequested' } } },
    })
    expect((await send('POST', '/api/v1/commands/nothing/undo')).status).toBe(404)
  })

  test('undo of a change of the configuration shows its diff first', async () => {
    const { send, path } = await withServer()
    const changed = await send('PATCH', path, { callTimeoutMs: 60_000 }, { 'if-match': '*' })
    const looked = await send('POST', `/api/v1/commands/${changed.body.commandId}/undo?preview=true`)
    expect(looked.body.changes).toEqual([{ field: 'callTimeoutMs', from: 60_000, to: 30_000 }])
  })

  test('a retired server is gone from the list, keeps its past, and comes back disabled', async () => {
    const { send, path, id } = await withServer()
    const position = (await send('GET', '/api/v1/servers')).body.position
    expect(await send('DELETE', path, { reason: 'old' }, { 'if-match': '*' })).toMatchObject({ status: 200 })
    expect((await send('GET', '/api/v1/servers')).body.items).toEqual([])
    expect((await send('GET', `/api/v1/servers?at=${position}`)).body.items).toMatchObject([{ id, situation: 'registered' }])
    expect((await send('GET', `${path}?at=${position}`)).body).toMatchObject({ situation: 'registered' })
    expect((await send('GET', `${path}?at=2000-01-01T00:00:00Z`)).status).toBe(404)
    expect(await send('POST', `${path}/start`)).toMatchObject({ status: 404 })
    expect(await send('POST', `${path}/restore`)).toMatchObject({ status: 200 })
    expect((await send('GET', path)).body).toMatchObject({ situation: 'registered', enabled: false })
  })

  test('a program that no list knows is approved by the hash that the server shows', async () => {
    const { send, path } = await withServer({ transport: { command: '/opt/server', args: ['--fast'] } })
    const { executable } = (await send('GET', path)).body
    expect(executable).toMatchObject({ verdict: 'needs-approval', approved: false })
    const approve = (argvHash: string) => send('POST', `${path}/executable/approve`, { argvHash, reason: 'ours' })
    expect(await approve('0'.repeat(64))).toMatchObject({ status: 409, body: { error: { code: 'EXECUTABLE_CHANGED_SINCE' } } })
    expect(await approve(executable?.argvHash ?? '')).toMatchObject({ status: 200 })
    expect((await send('GET', path)).body.executable?.approved).toBe(true)
    const argvHash = executable?.argvHash ?? ''
    const looked = await send('POST', `${path}/executable/revoke?preview=true`, { argvHash, reason: 'tampered with' })
    expect(looked).toMatchObject({ status: 200, body: { wouldRecord: [{ type: 'ExecutableApprovalRevoked' }] } })
    expect(await send('POST', `${path}/executable/revoke`, { argvHash })).toMatchObject({ status: 422 })
    expect(await send('POST', `${path}/executable/revoke`, { argvHash, reason: 'tampered with' })).toMatchObject({ status: 200 })
    expect((await send('GET', path)).body.executable?.approved).toBe(false)
  })
})

describe('tools', () => {
  test('are disabled, set and approved by the hash that was looked at', async () => {
    const { send, path, id, given } = await withServer()
    expect((await send('GET', `${path}/tools`)).body).toMatchObject({
      items: [],
      because: 'the server was never started, so nobody knows its tools',
    })
    const definition = { name: 'say hello/now', inputSchema: { type: 'object' } }
    const hash = 'c'.repeat(64)
    const data = { serverId: id, added: [{ hash, definition }], removed: [], changed: [], taken: [], at: now }
    await given(`server-${id}`, { type: 'ToolCatalogChanged', data })
    const tool = `${path}/tools/${encodeURIComponent('say hello/now')}`
    expect((await send('GET', tool)).body).toMatchObject({ state: 'quarantined', pendingHash: hash, qualifiedName: 'files.say hello/now' })
    expect(await send('POST', `${tool}/approve`, { hash: 'd'.repeat(64), reason: 'read it' })).toMatchObject({
      status: 409,
      body: { error: { code: 'DEFINITION_CHANGED_SINCE' } },
    })
    expect(await send('POST', `${tool}/approve`, { hash, reason: 'read it' })).toMatchObject({ status: 200 })
    expect(await send('POST', `${tool}/disable`, { reason: 'loud' })).toMatchObject({ status: 200 })
    expect(await send('PATCH', tool, { retrySafe: true })).toMatchObject({ status: 200 })
    expect((await send('GET', tool)).body).toMatchObject({ state: 'disabled', disabledReason: 'loud', retrySafe: true, hash })
    expect(await send('POST', `${path}/tools/nothing/enable`)).toMatchObject({ status: 404 })
  })
})
