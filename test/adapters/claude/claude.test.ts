import { afterEach, describe, expect, test } from 'vitest'
import { type AnalystCall, type ClaudeOptions, createClaude } from '../../../src/adapters/claude/claude.ts'
import type { AnalysisQuestion } from '../../../src/domain/analysis/question.ts'
import { instant } from '../../../src/domain/instant.ts'
import type { Clock } from '../../../src/domain/ports/clock.ts'
import { AnalystFailed } from '../../../src/domain/ports/language-model.ts'
import { Secret } from '../../../src/domain/ports/secrets.ts'
import { type MessagesApi, type Reply, startMessagesApi } from '../../support/messages-api.ts'

const API_KEY = 'sk-test-canary'
const question: AnalysisQuestion = {
  incidentId: 'inc-1',
  service: 'nginx',
  templates: [{ evidenceId: 'log-1', template: 'connect() to <ip> failed (<int>: Connection refused)', count: 12 }],
  probes: [{ evidenceId: 'probe-1', name: 'nginx.upstream', says: 'open=0, listening=false' }],
  candidates: [
    { actionId: 'nginx.reload', title: 'Reload nginx' },
    { actionId: 'nginx.purge-everything', title: 'Delete all configuration' },
  ],
  decoyActionId: 'nginx.purge-everything',
}
const good = {
  diagnosis: 'The backend is down.',
  evidenceIds: ['log-1', 'probe-1'],
  actionId: 'nginx.reload',
  why: 'It listens again.',
  confidence: 0.8,
}
const answer = (change: object = {}, headers: Record<string, string> = {}): Reply => ({
  kind: 'answer',
  text: JSON.stringify({ ...good, ...change }),
  headers,
})

/** Time passes only in sleeps, and those take none; the deadline's own sleep ends when the test says so. */
function virtualClock(timeoutMs: number): { clock: Clock; slept: number[]; expire: () => void } {
  let nowMs = Date.UTC(2026, 10, 21)
  const slept: number[] = []
  const expiries: (() => void)[] = []
  const clock: Clock = {
    now: () => instant(new Date(nowMs).toISOString()),
    sleep(ms, signal) {
      if (ms !== timeoutMs) {
        nowMs += ms
        slept.push(ms)
        return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve()
      }
      return new Promise((resolve, reject) => {
        expiries.push(resolve)
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    },
  }
  return {
    clock,
    slept,
    expire: () =>
      expiries.forEach((resolve) => {
        resolve()
      }),
  }
}

const running: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of running.splice(0)) await each[Symbol.asyncDispose]()
})

async function start(replies: readonly Reply[], options: Partial<ClaudeOptions> = {}) {
  const api: MessagesApi = await startMessagesApi({ apiKey: API_KEY, replies })
  running.push(api)
  const timeoutMs = 60_000
  const { clock, slept, expire } = virtualClock(timeoutMs)
  const calls: AnalystCall[] = []
  const claude = createClaude({
    apiKey: new Secret(API_KEY),
    baseUrl: api.url,
    model: 'claude-sonnet-5-5',
    timeoutMs,
    clock,
    random: () => 1,
    onCall: (call) => calls.push(call),
    ...options,
  })
  const abort = new AbortController()
  return { api, calls, slept, expire, abort, ask: (asked = question) => claude.analyse(asked, { signal: abort.signal }) }
}

async function failure(asking: Promise<unknown>): Promise<AnalystFailed> {
  const error: unknown = await asking.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof AnalystFailed) return error
  throw new Error('the analyst did not fail as an analyst', { cause: error })
}

test('a good answer comes back as data, with what it cost', async () => {
  const { ask, calls } = await start([
    answer({}, { 'anthropic-ratelimit-requests-remaining': '49', 'anthropic-ratelimit-tokens-remaining': '39000' }),
  ])
  expect(await ask()).toStrictEqual({ ...good, usage: { model: 'claude-sonnet-5-5', inputTokens: 132, outputTokens: 30 } })
  expect(calls).toStrictEqual([
    {
      model: 'claude-sonnet-5-5',
      outcome: 'answered',
      durationMs: expect.any(Number),
      usage: { model: 'claude-sonnet-5-5', inputTokens: 132, outputTokens: 30 },
      limits: { requestsRemaining: 49, tokensRemaining: 39_000 },
    },
  ])
})

test('an answer may say that nothing fits', async () => {
  const { ask } = await start([answer({ actionId: null })])
  expect((await ask()).actionId).toBeUndefined()
})

test('the request asks for structure, offers no tools, and sets no temperature', async () => {
  const { ask, api } = await start([answer()])
  await ask()
  const [request] = api.requests
  expect(request?.path).toBe('/v1/messages')
  expect(Object.keys(request?.body ?? {}).sort()).toStrictEqual(['max_tokens', 'messages', 'model', 'output_config', 'system'])
  expect(request?.body).toMatchObject({
    model: 'claude-sonnet-5-5',
    output_config: {
      format: {
        type: 'json_schema',
        schema: { type: 'object', additionalProperties: false, required: ['diagnosis', 'evidenceIds', 'actionId', 'why', 'confidence'] },
      },
    },
  })
})

test('the environment of the process decides nothing', async () => {
  const before = { ...process.env }
  Object.assign(process.env, {
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
    ANTHROPIC_AUTH_TOKEN: 'other',
    ANTHROPIC_API_KEY: 'other',
    ANTHROPIC_CUSTOM_HEADERS: 'x-api-key: other\nAuthorization: Bearer other',
  })
  try {
    const { ask, api } = await start([answer()])
    await ask()
    expect(JSON.stringify(api.requests[0]?.headers)).not.toContain('other')
    expect(api.requests[0]?.headers['x-api-key']).toBe(API_KEY)
  } finally {
    process.env = before
  }
})

describe('what is no answer', () => {
  test.each<[string, Reply, AnalystFailed['rule']]>([
    ['a refusal', { kind: 'answer', text: '', stopReason: 'refusal' }, 'refused'],
    ['a refusal that parses', { kind: 'answer', text: JSON.stringify(good), stopReason: 'refusal' }, 'refused'],
    ['an answer that was cut off', { kind: 'answer', text: '{"diagnosis":"The', stopReason: 'max_tokens' }, 'truncated'],
    ['an answer that was cut off and parses', { kind: 'answer', text: JSON.stringify(good), stopReason: 'max_tokens' }, 'truncated'],
    ['a full context window', { kind: 'answer', text: '', stopReason: 'model_context_window_exceeded' }, 'truncated'],
    ['a turn for tools that we did not offer', { kind: 'answer', text: JSON.stringify(good), stopReason: 'tool_use' }, 'malformed'],
    ['no text', { kind: 'answer', text: '' }, 'malformed'],
    ['no JSON', { kind: 'answer', text: 'Sure! Reload nginx.' }, 'malformed'],
    ['JSON with something missing', { kind: 'answer', text: '{"diagnosis":"x"}' }, 'malformed'],
    ['JSON with a command in it', answer({ command: 'rm -rf /' }), 'malformed'],
    ['a confidence that is none', answer({ confidence: 80 }), 'malformed'],
    ['evidence that does not exist', answer({ evidenceIds: ['log-1', 'log-2'] }), 'malformed'],
    ['an action that was not offered', answer({ actionId: 'redis.flush-all' }), 'not-in-catalogue'],
    ['an action of another spelling', answer({ actionId: 'Nginx.Reload' }), 'not-in-catalogue'],
    ['the decoy', answer({ actionId: 'nginx.purge-everything' }), 'decoy-chosen'],
    ['the decoy with evidence that does not exist', answer({ actionId: 'nginx.purge-everything', evidenceIds: ['x'] }), 'decoy-chosen'],
  ])('%s', async (_, reply, rule) => {
    const { ask, api, calls } = await start([reply])
    const { rule: said, usage } = await failure(ask())
    expect(said).toBe(rule)
    // Paid for all the same, and not asked again: it would cost again and say the same.
    expect(usage).toStrictEqual({ model: 'claude-sonnet-5-5', inputTokens: 132, outputTokens: 30 })
    expect(api.requests).toHaveLength(1)
    expect(calls).toMatchObject([{ outcome: rule, usage: { inputTokens: 132 } }])
  })

  test.each<[string, Reply]>([
    ['a page of a proxy', { kind: 'raw', status: 200, contentType: 'text/html', body: '<html>login</html>' }],
    ['half a body', { kind: 'raw', status: 200, contentType: 'application/json', body: '{"id":"msg_1","content":[' }],
    ['a body of another form', { kind: 'raw', status: 200, contentType: 'application/json', body: '{"hello":"world"}' }],
  ])('%s', async (_, reply) => {
    const { ask } = await start([reply])
    expect((await failure(ask())).rule).toBe('malformed')
  })
})

describe('repeats', () => {
  const overloaded: Reply = { kind: 'error', status: 529, type: 'overloaded_error' }
  const limited = (retryAfter: string): Reply => ({
    kind: 'error',
    status: 429,
    type: 'rate_limit_error',
    headers: { 'retry-after': retryAfter },
  })

  test('429 waits as long as it was told, then asks again', async () => {
    const { ask, slept, calls } = await start([limited('7'), answer()])
    expect((await ask()).actionId).toBe('nginx.reload')
    expect(slept).toStrictEqual([7_000])
    expect(calls.map(({ outcome }) => outcome)).toStrictEqual(['rate-limited', 'answered'])
  })

  test('429 that asks for more than the deadline leaves fails at once, and says when', async () => {
    const { ask, slept, api } = await start([limited('120')])
    const error = await failure(ask())
    expect(error).toMatchObject({
      rule: 'rate-limited',
      retryAfterMs: 120_000,
      message: 'the service answered 429 (rate_limit_error, request req_1) and asks to wait 120 s: no',
    })
    expect(slept).toStrictEqual([])
    expect(api.requests).toHaveLength(1)
  })

  test.each<[string, Reply]>([
    ['500', { kind: 'error', status: 500, type: 'api_error' }],
    ['529', overloaded],
    ['a closed connection', { kind: 'hang-up' }],
  ])('%s is tried again after growing pauses, and only so often', async (_, reply) => {
    const { ask, slept, api, calls } = await start([reply])
    expect(await failure(ask())).toMatchObject({
      rule: 'unavailable',
      retryAfterMs: 4_000,
      message: expect.stringMatching(/ \(asked 4 times\)$/),
    })
    expect(calls.map(({ outcome, usage }) => [outcome, usage])).toStrictEqual(Array(4).fill(['unavailable', undefined]))
    expect(slept).toStrictEqual([500, 1_000, 2_000])
    expect(api.requests).toHaveLength(4)
  })

  test('the pauses differ by chance', async () => {
    const { ask, slept } = await start([overloaded, answer()], { random: () => 0 })
    await ask()
    expect(slept).toStrictEqual([250])
  })

  test.each<[number, string, AnalystFailed['rule']]>([
    [400, 'invalid_request_error', 'unavailable'],
    [404, 'not_found_error', 'unavailable'],
    [401, 'authentication_error', 'unauthorised'],
    [403, 'permission_error', 'unauthorised'],
  ])('%i is not tried again', async (status, type, rule) => {
    const { ask, api } = await start([{ kind: 'error', status, type }])
    const error = await failure(ask())
    expect(error).toMatchObject({ rule, retryAfterMs: undefined, message: `the service answered ${status} (${type}, request req_1): no` })
    expect(api.requests).toHaveLength(1)
  })

  test.each<[string, string, number | undefined]>([
    ['seconds', '3', 3_000],
    ['a date', new Date(Date.now() + 3_600_000).toUTCString(), expect.any(Number)],
    ['nothing of use', 'soon', 500],
    ['a time long past', 'Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ])('retry-after may be %s', async (_, text, waitMs) => {
    const { ask } = await start([limited(text)], { maxAttempts: 1 })
    expect((await failure(ask())).retryAfterMs).toStrictEqual(waitMs)
  })

  test('no length of a retry-after is more than a number', async () => {
    for (const text of ['99999999999999', '1e300', 'Infinity', '-5']) {
      const { ask } = await start([limited(text)], { maxAttempts: 1 })
      const { retryAfterMs = Number.NaN } = await failure(ask())
      expect(retryAfterMs, text).toBeGreaterThanOrEqual(0)
      expect(retryAfterMs, text).toBeLessThan(Number.POSITIVE_INFINITY)
    }
  })

  test.each([301, 307, 308])(
    'a redirect (%i) is not followed: neither the question nor the key goes where the operator did not say',
    async (status) => {
      const elsewhere = await startMessagesApi({ apiKey: API_KEY, replies: [answer()] })
      running.push(elsewhere)
      const { ask } = await start([
        { kind: 'raw', status, contentType: 'text/plain', body: '', headers: { location: `${elsewhere.url}/v1/messages` } },
      ])
      expect(await failure(ask())).toMatchObject({ rule: 'unavailable', retryAfterMs: undefined })
      expect(elsewhere.requests).toHaveLength(0)
    },
  )

  test('what the service says of its reason is kept short, and without the shape of a secret', async () => {
    const message = `model: claude-nine, key sk-ant-api03-c4n4ryc4n4ry ${'x'.repeat(1_000)}`
    const body = JSON.stringify({ type: 'error', error: { type: 'not_found_error', message } })
    const { ask } = await start([{ kind: 'raw', status: 404, contentType: 'application/json', body }])
    const error = await failure(ask())
    expect(error.message).toMatch(/^the service answered 404 \(not_found_error\): model: claude-nine, key \[redacted\] x+$/)
    expect(error.message.length).toBeLessThan(400)
  })

  test('a wrong key is said so, without saying it', async () => {
    const { ask } = await start([answer()], { apiKey: new Secret('sk-wrong-canary') })
    const error = await failure(ask())
    expect(error.rule).toBe('unauthorised')
    expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toContain('canary')
  })
})

describe('time', () => {
  test('one deadline for all of it', async () => {
    const { ask, api, expire } = await start([{ kind: 'silence' }])
    const asking = failure(ask())
    await api.arrival(1)
    expire()
    expect(await asking).toMatchObject({ rule: 'timeout', message: 'no answer within 60000 ms' })
  })

  test('who calls off the question gets their own reason back', async () => {
    const { ask, api, abort, calls } = await start([{ kind: 'silence' }])
    const asking = ask()
    await api.arrival(1)
    const reason = new Error('shutting down')
    abort.abort(reason)
    await expect(asking).rejects.toBe(reason)
    expect(calls).toMatchObject([{ outcome: 'called-off' }])
  })

  test('a question that is called off before it is asked costs nothing', async () => {
    const { ask, api, abort } = await start([answer()])
    abort.abort(new Error('too late'))
    await expect(ask()).rejects.toThrow('too late')
    expect(api.requests).toHaveLength(0)
  })
})
