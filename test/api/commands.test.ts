/** Commands: recorded under the right id, done once, held to the revision that the caller saw. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createIds } from '../../src/adapters/ids/uuid-ids.ts'
import { roleKeys, testApi } from './support/test-api.ts'

const pause = (api: ReturnType<typeof testApi>, { key, json = { reason: 'work' } }: { key?: string; json?: object } = {}) =>
  api.request('/api/v1/targets/target-1/pause', { method: 'POST', json, headers: key === undefined ? {} : { 'idempotency-key': key } })
const code = async (response: Response) => ({
  status: response.status,
  code: z.object({ error: z.object({ code: z.string() }) }).parse(await response.json()).error.code,
})

describe('a command', () => {
  test('answers with subject, position and command id, and the new ETag', async () => {
    const api = testApi()
    const response = await pause(api)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ id: 'target-1', position: '101', commandId: api.world.calls[0]?.meta.commandId })
    expect(response.headers.get('etag')).toBe('"5"')
  })

  test('carries who asked, why, and the trace', async () => {
    const api = testApi()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const headers = { 'x-correlation-id': 'story-1', traceparent }
    await api.request('/api/v1/targets/target-1/pause', { method: 'POST', key: roleKeys.operator, json: {}, headers })
    expect(api.world.calls[0]?.meta).toMatchObject({ actor: 'operator', owner: 'owner-of-operator', correlationId: 'story-1', traceparent })
  })

  test('ignores a trace that is none', async () => {
    const api = testApi()
    const traceparent = `00-${'0'.repeat(32)}-b7ad6b7169203331-01`
    await api.request('/api/v1/targets/target-1/pause', { method: 'POST', json: {}, headers: { traceparent } })
    expect(api.world.calls[0]?.meta).not.toHaveProperty('traceparent')
  })

  test('without a body takes none', async () => {
    expect((await testApi().request('/api/v1/targets/target-1/resume', { method: 'POST' })).status).toBe(200)
    expect((await testApi().request('/api/v1/healing/stop', { method: 'POST' })).status).toBe(200)
  })
})

describe('an Idempotency-Key', () => {
  test('makes the id of the command from principal and key', async () => {
    const api = testApi()
    await pause(api, { key: 'once' })
    const { commandId } = api.world.calls[0]?.meta ?? {}
    expect(commandId).toBe(createIds({ namespace: 'test' }).derived('idempotency-key', 'admin-key', 'once'))
  })

  test('used again with the same request answers with the first outcome', async () => {
    const api = testApi()
    const [first, second] = [await pause(api, { key: 'once' }), await pause(api, { key: 'once' })]
    expect(await second.json()).toEqual(await first.json())
    expect(api.world.calls).toHaveLength(1)
  })

  test('used again with another body, or for another path, is a mismatch', async () => {
    const api = testApi()
    await pause(api, { key: 'once' })
    expect(await code(await pause(api, { key: 'once', json: { reason: 'other' } }))).toEqual({ status: 422, code: 'IDEMPOTENCY_MISMATCH' })
    const elsewhere = await api.request('/api/v1/targets/target-2/pause', {
      method: 'POST',
      json: { reason: 'work' },
      headers: { 'idempotency-key': 'once' },
    })
    expect(await code(elsewhere)).toEqual({ status: 422, code: 'IDEMPOTENCY_MISMATCH' })
  })

  test('does not mind in which order a body names its fields', async () => {
    const api = testApi()
    const send = (body: string) =>
      api.request('/api/v1/anomalies', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
      })
    const first = await send('{"targetId":"target-1","message":"m"}')
    expect(await (await send('{ "message": "m", "targetId": "target-1" }')).json()).toEqual(await first.json())
  })

  test('of one principal means nothing to another', async () => {
    const api = testApi()
    const headers = { 'idempotency-key': 'once' }
    for (const key of [roleKeys.operator, roleKeys.admin]) {
      await api.request('/api/v1/targets/target-1/pause', { method: 'POST', json: {}, key, headers })
    }
    expect(new Set(api.world.calls.map(({ meta }) => meta.commandId)).size).toBe(2)
  })

  test('keeps a refusal too', async () => {
    const api = testApi()
    const approve = () =>
      api.request('/api/v1/approvals/approval-1/approve', {
        method: 'POST',
        json: { planHash: 'b'.repeat(64) },
        headers: { 'idempotency-key': 'k' },
      })
    expect(await code(await approve())).toEqual({ status: 409, code: 'APPROVAL_IS_FOR_ANOTHER_PLAN' })
    expect(await code(await approve())).toEqual({ status: 409, code: 'APPROVAL_IS_FOR_ANOTHER_PLAN' })
    expect(api.world.calls).toHaveLength(1)
  })
})

describe('If-Match', () => {
  const changeMode = (api: ReturnType<typeof testApi>, ifMatch?: string) =>
    api.request('/api/v1/targets/target-1/mode', {
      method: 'PUT',
      json: { mode: 'act' },
      headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
    })

  test('is required on PUT and DELETE', async () => {
    const api = testApi()
    expect(await code(await changeMode(api))).toEqual({ status: 428, code: 'PRECONDITION_REQUIRED' })
    expect((await api.request('/api/v1/targets/target-1', { method: 'DELETE' })).status).toBe(428)
    expect(api.world.calls).toEqual([])
  })

  test('with the ETag that a query gave changes what was seen, and nothing else', async () => {
    const api = testApi()
    const etag = (await api.request('/api/v1/targets/target-1')).headers.get('etag') ?? ''
    expect((await changeMode(api, etag)).status).toBe(200)
    expect(await code(await changeMode(api, etag))).toEqual({ status: 412, code: 'CONCURRENCY_CONFLICT' })
  })

  test('* takes whatever it is now', async () => {
    const api = testApi()
    expect((await changeMode(api, '*')).status).toBe(200)
    expect((await api.request('/api/v1/targets/target-1', { method: 'DELETE', headers: { 'if-match': '*' } })).status).toBe(200)
    expect((await api.request('/api/v1/targets')).status).toBe(200)
  })
})

describe('keys', () => {
  const created = z.object({ id: z.string(), key: z.string().optional(), position: z.string(), commandId: z.string() })
  const create = async (api: ReturnType<typeof testApi>, headers: Record<string, string> = {}) =>
    created.parse(
      await (await api.request('/api/v1/keys', { method: 'POST', json: { name: 'robot', role: 'viewer', owner: 'mira' }, headers })).json(),
    )

  test('are shown once, are 256 bits long, and open the API at once', async () => {
    const api = testApi()
    const { key = '' } = await create(api)
    expect(key).toMatch(/^sk_[A-Za-z0-9_-]{43}$/)
    expect((await api.request('/api/v1/targets', { key })).status).toBe(200)
    const list = await (await api.request('/api/v1/keys')).text()
    expect(list).toContain('robot')
    expect(list).not.toContain(key)
    expect(JSON.stringify(api.world.calls, (_name, value) => (typeof value === 'bigint' ? String(value) : value))).not.toContain(key)
  })

  test('repeated with the same Idempotency-Key have the same id and no key', async () => {
    const api = testApi()
    const headers = { 'idempotency-key': 'k' }
    const [first, second] = [await create(api, headers), await create(api, headers)]
    const { key, ...rest } = first
    expect(key).toBeDefined()
    expect(second).toEqual(rest)
  })

  test('revoked ones open nothing any more', async () => {
    const api = testApi()
    const { id, key = '' } = await create(api)
    await api.request(`/api/v1/keys/${id}/revoke`, { method: 'POST', json: { reason: 'lost' } })
    expect((await api.request('/api/v1/targets', { key })).status).toBe(401)
  })
})

describe('hosts', () => {
  test('without a host key show what is to be confirmed', async () => {
    const json = { name: 'web-02', address: '192.0.2.11', port: 22, username: 'steward', privateKey: 'file:web-02.key' }
    const response = await testApi().request('/api/v1/hosts', { method: 'POST', json })
    expect(response.status).toBe(409)
    expect(await response.json()).toMatchObject({
      error: { code: 'HOST_KEY_UNCONFIRMED', details: { fingerprint: 'SHA256:abc', hostKey: 'ssh-ed25519 AAAA' } },
    })
    const confirmed = await testApi().request('/api/v1/hosts', { method: 'POST', json: { ...json, hostKey: 'ssh-ed25519 AAAA' } })
    expect(confirmed.status).toBe(201)
  })

  test('that are not reached are an answer of the test', async () => {
    const response = await testApi().request('/api/v1/hosts/host-1/test', { method: 'POST' })
    expect(await response.json()).toMatchObject({ id: 'host-1', reachable: false, durationMs: 12, rule: 'refused', says: 'no' })
  })
})

describe('what is not there', () => {
  test('is 404, whatever rule its decider names', async () => {
    const json = { planHash: 'a'.repeat(64) }
    expect(await code(await testApi().request('/api/v1/approvals/none/approve', { method: 'POST', json }))).toEqual({
      status: 404,
      code: 'NOT_FOUND',
    })
    expect((await testApi().request('/api/v1/projections/none/rebuild', { method: 'POST' })).status).toBe(404)
  })

  test('but is named in a body is a matter of the body', async () => {
    const response = await testApi().request('/api/v1/anomalies', { method: 'POST', json: { client_id: 'nobody', message: 'm' } })
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ error: { code: 'TARGET_NOT_REGISTERED', details: { field: 'client_id' } } })
  })
})

test('an anomaly that cannot become what is asked says what it can become', async () => {
  const response = await testApi().request('/api/v1/anomalies/anomaly-1/status', { method: 'POST', json: { status: 'new' } })
  expect(response.status).toBe(409)
  expect(await response.json()).toMatchObject({ error: { code: 'INVALID_TRANSITION', details: { allowed: 'investigating' } } })
})

test('operations are answered at once, with where to look', async () => {
  const response = await testApi().request('/api/v1/projections/incidents/verify', { method: 'POST' })
  expect(response.status).toBe(202)
  expect(response.headers.get('location')).toBe('/api/v1/operations/new-1')
  expect(await response.json()).toMatchObject({ operationId: 'new-1' })
})
