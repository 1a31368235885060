/** What is wrong with a request is said by code and field, and nothing of what was sent comes back. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createHasher } from '../../src/adapters/hash/sha256.ts'
import { defaultFeedLimits } from '../../src/api/event-feed.ts'
import { instant } from '../../src/domain/instant.ts'
import { OutcomeUnknown, StoreUnavailable } from '../../src/domain/ports/event-store.ts'
import { HostUnreachable } from '../../src/domain/ports/remote-host.ts'
import { at } from './support/rows.ts'
import { ADMIN_KEY, keyRow, roleKeys, testApi } from './support/test-api.ts'

const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  testApi().request('/api/v1/anomalies', { method: 'POST', body, headers })
const envelope = z.object({ error: z.record(z.string(), z.unknown()) })
const error = async (response: Response) => ({ status: response.status, ...envelope.parse(await response.json()).error })

describe('the envelope', () => {
  test('names code, message, time and the ids that lead to the log', async () => {
    const api = testApi()
    const response = await api.request('/api/v1/targets/nothing', { headers: { 'x-request-id': 'req-7', 'x-correlation-id': 'cor-8' } })
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({
      error: {
        code: 'NOT_FOUND',
        message: 'There is no such thing, or it is not for you to see.',
        timestamp: at,
        request_id: 'req-7',
        correlation_id: 'cor-8',
      },
    })
    expect(response.headers.get('x-request-id')).toBe('req-7')
    expect(api.lines.at(-1)?.fields).toMatchObject({
      requestId: 'req-7',
      correlationId: 'cor-8',
      route: '/api/v1/targets/{id}',
      status: 404,
    })
  })

  test('is a problem when a problem is asked for', async () => {
    const response = await testApi().request('/api/v1/targets/nothing', { headers: { accept: 'application/problem+json' } })
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(await response.json()).toMatchObject({ type: 'about:blank', status: 404, code: 'NOT_FOUND' })
  })

  test('takes no id that could do harm where it is printed', async () => {
    const response = await testApi().request('/livez', { headers: { 'x-request-id': 'a b;rm' } })
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('carries protective headers', async () => {
    const { headers } = await testApi().request('/api/v1/targets')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('no-store')
  })
})

describe('a body', () => {
  test('that is not JSON is refused', async () => {
    expect(await error(await post('{"a":'))).toMatchObject({ status: 400, code: 'MALFORMED_JSON', details: { rule: 'must be JSON' } })
  })

  test('of another media type or charset is refused', async () => {
    expect(await error(await post('{}', { 'content-type': 'text/plain' }))).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' })
    expect((await post('{}', {})).status).toBe(415)
    expect((await post('{}', { 'content-type': 'application/json; charset=latin1' })).status).toBe(415)
    expect((await post('{}', { 'content-type': 'application/json; charset="UTF-8"' })).status).toBe(422)
  })

  test('that is compressed is refused: its size could not be bounded', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    expect((await post('{}', headers)).status).toBe(415)
    expect((await post('{}', { ...headers, 'content-encoding': 'identity' })).status).toBe(422)
  })

  test('that is no object is refused, also where none is needed', async () => {
    for (const body of ['null', '[]', '"x"', '1']) {
      const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } }
      expect(await error(await testApi().request('/api/v1/healing/stop', init)), body).toMatchObject({ status: 422 })
    }
  })

  test('over the limit is refused, announced or not', async () => {
    const large = JSON.stringify({ message: 'x'.repeat(300_000) })
    expect(await error(await post(large))).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE', details: { maxBytes: 262_144 } })
    const chunks = new ReadableStream<Uint8Array<ArrayBuffer>>({ pull: (sink) => sink.enqueue(new Uint8Array(65_536)) })
    const init = { method: 'POST', body: chunks, duplex: 'half' as const, headers: { 'content-type': 'application/json' } }
    expect((await testApi().request('/api/v1/anomalies', init)).status).toBe(413)
  })

  test('nested too deep is refused before it is built', async () => {
    const deep = `{"targetId":"target-1","message":"m","context":${'['.repeat(40)}${']'.repeat(40)}}`
    expect(await error(await post(deep))).toMatchObject({ status: 400, code: 'MALFORMED_JSON' })
    const text = JSON.stringify({ targetId: 'target-1', message: '[{'.repeat(100) })
    expect((await post(text)).status).toBe(202)
  })

  test('with bytes or members that have no safe form is refused', async () => {
    expect(await error(await post(new Uint8Array([0x7b, 0xff, 0x7d])))).toMatchObject({ details: { rule: 'must be valid UTF-8' } })
    expect(await error(await post('{"message":"\\ud800"}'))).toMatchObject({ status: 400 })
    expect(await error(await post('{"__proto__":{"x":1}}'))).toMatchObject({ status: 400 })
  })

  test('that breaks rules is told each field and rule, and nothing of what it held', async () => {
    const response = await testApi().request('/api/v1/hosts', {
      method: 'POST',
      json: { name: 'CANARY name', address: 'CANARY!', port: 70_000, privateKey: 'CANARY-----BEGIN', 'CANARY<b>': 1, extra: 2 },
    })
    const text = await response.text()
    expect(response.status).toBe(422)
    expect(text).not.toContain('CANARY')
    const named = ['body.name', 'body.address', 'body.port', 'body.username', 'body.privateKey', 'body.?', 'body.extra']
    expect(JSON.parse(text)).toMatchObject({
      error: {
        code: 'VALIDATION_FAILED',
        details: { issues: expect.arrayContaining(named.map((field) => expect.objectContaining({ field }))) },
      },
    })
  })

  test('names the field of a union that came closest', async () => {
    const response = await testApi().request('/api/v1/targets', {
      method: 'POST',
      json: {
        name: 'db',
        hostId: 'host-1',
        service: 'redis',
        logPaths: [],
        connection: { kind: 'redis', at: { host: 'localhost', port: 0 } },
      },
    })
    expect(await error(response)).toMatchObject({ details: { issues: [{ field: expect.stringContaining('body.connection.at') }] } })
  })
})

describe('a query', () => {
  test('with an unknown, a bad or a doubled parameter is refused', async () => {
    const api = testApi()
    for (const query of [
      'nothing=1',
      'limit=0',
      'limit=x',
      'limit=1e2',
      'limit=101',
      'limit=1&limit=2',
      'min_position=-1',
      'service=ftp',
    ]) {
      const response = await api.request(`/api/v1/targets?${query}`)
      expect(await error(response), query).toMatchObject({ status: 422, code: 'VALIDATION_FAILED' })
    }
  })

  test('with a NUL, which no database can be asked for, is refused', async () => {
    for (const query of ['name=%00', 'service=a%00', 'cursor=%00', '%00=1']) {
      expect(await error(await testApi().request(`/api/v1/targets?${query}`)), query).toMatchObject({ status: 422 })
    }
    expect((await testApi().request('/api/v1/streams/a%00-b/events')).status).toBe(404)
    expect((await testApi().request('/clients/%00/status')).status).toBe(404)
    const reported = await testApi().request('/errors', { method: 'POST', json: { client_id: '\0', message: 'm' } })
    expect(await error(reported)).toMatchObject({ status: 422, details: { issues: [{ field: 'body.client_id' }] } })
  })

  test('with a cursor of another make is refused', async () => {
    expect(await error(await testApi().request('/api/v1/targets?cursor=zzz'))).toMatchObject({ status: 400, code: 'INVALID_CURSOR' })
  })

  test('that waits for a position too far ahead is told so', async () => {
    const response = await testApi().request('/api/v1/targets?min_position=999999')
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await error(response)).toMatchObject({ status: 503, code: 'PROJECTION_LAGGING' })
  })
})

describe('headers', () => {
  test.each([
    ['idempotency-key', 'a b'],
    ['idempotency-key', 'x'.repeat(256)],
    ['if-match', '12'],
    ['if-match', 'W/"1"'],
  ])('%s: %s is refused', async (header, value) => {
    const response = await testApi().request('/api/v1/targets/target-1/mode', {
      method: 'PUT',
      json: { mode: 'act' },
      headers: { 'if-match': '*', [header]: value },
    })
    expect(await error(response)).toMatchObject({ status: 400, code: 'INVALID_HEADER' })
  })
})

describe('a key', () => {
  const bad: readonly [string, string][] = [
    ['is missing its scheme', ADMIN_KEY],
    ['is of another scheme', `Basic ${ADMIN_KEY}`],
    ['is nobody’s', `Bearer ${'x'.repeat(40)}`],
    ['is too short to be one', 'Bearer x'],
  ]
  test.each(bad)('that %s is refused, always in the same words', async (_what, authorization) => {
    const response = await testApi().request('/api/v1/targets', { key: null, headers: { authorization } })
    expect(await error(response)).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
  })

  test('that was revoked or has expired opens nothing', async () => {
    const api = testApi()
    const viewer = () => api.request('/api/v1/targets', { key: roleKeys.viewer })
    expect((await viewer()).status).toBe(200)
    api.world.keys[0] = {
      ...keyRow('viewer', 'viewer', createHasher().sha256(roleKeys.viewer)),
      expiresAt: instant('2026-11-21T10:31:00.000Z'),
    }
    expect((await viewer()).status).toBe(200)
    api.clock.pass(60_000)
    expect((await viewer()).status).toBe(401)
    api.world.keys[0] = { ...api.world.keys[0], expiresAt: null, revokedAt: at }
    expect((await viewer()).status).toBe(401)
  })
})

describe('methods', () => {
  test('a path asked with another method says which it has', async () => {
    const response = await testApi().request('/api/v1/healing/stop', { method: 'DELETE' })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST, OPTIONS')
  })

  test('OPTIONS says which a path has, to who has a key', async () => {
    const ask = (path: string, key?: null) => testApi().request(path, { method: 'OPTIONS', ...(key === undefined ? {} : { key }) })
    const response = await ask('/api/v1/targets')
    expect([response.status, await response.text()]).toEqual([204, ''])
    expect(response.headers.get('allow')).toBe('POST, GET, HEAD, OPTIONS')
    expect((await ask('/api/v1/nothing')).status).toBe(404)
    expect((await ask('/api/v1/targets', null)).status).toBe(401)
  })

  test('HEAD answers as GET would, without its body', async () => {
    const api = testApi()
    const [head, get] = [await api.request('/api/v1/targets/target-1', { method: 'HEAD' }), await api.request('/api/v1/targets/target-1')]
    expect([head.status, await head.text(), head.headers.get('etag')]).toEqual([200, '', get.headers.get('etag')])
    expect((await api.request('/api/v1/targets/nothing', { method: 'HEAD' })).status).toBe(404)
  })

  test('HEAD opens no feed', async () => {
    const api = testApi({ feedLimits: { ...defaultFeedLimits, maxFeeds: 1 } })
    for (let n = 0; n < 3; n++) expect((await api.request('/api/v1/events/stream', { method: 'HEAD' })).status).toBe(200)
  })
})

describe('rates', () => {
  const slow = { perSecond: 1, burst: 2 }
  const limits = { public: slow, read: slow, command: slow, report: slow, costly: slow, refused: slow }

  test('are kept per key, and told with Retry-After', async () => {
    const api = testApi({ rateLimits: limits })
    const ask = (key: string) => api.request('/api/v1/targets', { key })
    expect([(await ask(roleKeys.viewer)).status, (await ask(roleKeys.viewer)).status]).toEqual([200, 200])
    const refused = await ask(roleKeys.viewer)
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(await error(refused)).toMatchObject({ status: 429, code: 'RATE_LIMITED' })
    expect((await ask(roleKeys.operator)).status).toBe(200)
    api.clock.pass(1_000)
    expect((await ask(roleKeys.viewer)).status).toBe(200)
  })

  test('a stranger who fails is slowed, who has a key at the same address is not', async () => {
    const api = testApi({ rateLimits: limits })
    const stranger = () => api.request('/api/v1/targets', { key: null })
    expect([(await stranger()).status, (await stranger()).status, (await stranger()).status]).toEqual([401, 401, 429])
    expect((await api.request('/api/v1/targets')).status).toBe(200)
  })
})

describe('failures behind the API', () => {
  const failing = async (failure: Error) => {
    const api = testApi()
    api.world.fail.next = failure
    const response = await api.request('/api/v1/targets/target-1/pause', { method: 'POST', json: {} })
    return { api, answer: await error(response) }
  }

  test('an unknown outcome says how to find out', async () => {
    const { answer } = await failing(new OutcomeUnknown({ stream: 'target-1' }))
    expect(answer).toMatchObject({ status: 504, code: 'OUTCOME_UNKNOWN', message: expect.stringContaining('same Idempotency-Key') })
  })

  test('a store that is away is 503', async () => {
    const { answer } = await failing(new StoreUnavailable({ doing: 'append' }))
    expect(answer).toMatchObject({ status: 503, code: 'STORE_UNAVAILABLE' })
  })

  test('a database that is away is 503, and goes to the log', async () => {
    const { api, answer } = await failing(Object.assign(new Error('connect ECONNREFUSED /run/secret'), { code: 'ECONNREFUSED' }))
    expect(answer).toMatchObject({ status: 503, code: 'STORE_UNAVAILABLE' })
    expect(JSON.stringify(answer)).not.toContain('secret')
    expect(api.lines.some(({ level }) => level === 'error')).toBe(true)
  })

  test('a host that cannot be reached is named by its rule', async () => {
    const { answer } = await failing(new HostUnreachable({ hostId: 'host-1', rule: 'refused' }))
    expect(answer).toMatchObject({ status: 503, code: 'HOST_UNREACHABLE', details: { rule: 'refused' } })
  })

  test('what nobody foresaw is 500: the cause goes to the log, not to the caller', async () => {
    const { api, answer } = await failing(new Error('select * from secrets at /srv/steward/x.ts:3'))
    expect(answer).toMatchObject({ status: 500, code: 'INTERNAL_ERROR' })
    expect(JSON.stringify(answer)).not.toMatch(/select|x\.ts|stack/)
    expect(api.lines.find(({ level }) => level === 'error')?.fields.error).toBeInstanceOf(Error)
  })
})
