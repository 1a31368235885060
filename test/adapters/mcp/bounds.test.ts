/** What one client or one server may pile up in the gateway, what a session may say only once, and when it is over for good. No sockets: an exchange goes in, a reply comes out. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createCallTable } from '../../../src/adapters/mcp/call-table.ts'
import type { EventSink, Reply } from '../../../src/adapters/mcp/gateway/exchange.ts'
import { createGateway, type Gateway } from '../../../src/adapters/mcp/gateway/gateway.ts'
import { mcpSessions } from '../../../src/adapters/mcp/sessions.ts'
import type { JsonObject } from '../../../src/domain/ports/json.ts'
import { GatewayRefusal, type GatewayServer, type GatewayUsage } from '../../../src/domain/ports/mcp.ts'
import { type Say, type ScriptedServer, scriptedServer } from '../../support/mcp/scripted-link.ts'

let gateway: Gateway | undefined
afterEach(async () => {
  vi.useRealTimers()
  await gateway?.close()
  gateway = undefined
})

async function start(
  script: (message: JsonObject, say: Say) => void,
  isolation: GatewayServer['isolation'] = 'shared',
  other: Partial<GatewayServer> = {},
) {
  const server = scriptedServer('session', script)
  const identity = { info: { name: 'steward', version: '0' }, capabilities: {} }
  const prior = { era: 'session', version: '2025-11-25' } as const
  const session = await mcpSessions.negotiate(await server.link(), { identity, timeoutMs: 5_000, prior })
  const refused: string[] = []
  const used: GatewayUsage[] = []
  const it: GatewayServer = {
    ...{ serverId: 's-1', name: 'it', unusable: undefined, isolation, maxSessions: 8, sessionIdleMs: 60_000, callTimeoutMs: 5_000 },
    negotiated: session.negotiated,
    tools: () => [],
    whyNoTools: () => undefined,
    instructions: () => undefined,
    callable: () => ({ kind: 'ok', timeoutMs: 5_000, retrySafe: false }),
    shared: async () => session,
    own: () => server.link(),
    ...other,
  }
  const made = createGateway({
    directory: { find: (name) => (name === 'it' ? it : undefined) },
    record: (usage) => used.push(usage),
    onRefused: ({ rule }) => refused.push(rule),
  })
  gateway = made
  return { gateway: made, server, refused, used }
}

type Answer = Readonly<{ status: number; body: JsonObject; rule: string | undefined; session: string | undefined }>

/** What a client gets to read on a stream. */
type Stream = { readonly events: JsonObject[]; comments: number; ended: boolean }

function clientOf(to: Gateway, principal: string) {
  let session: string | undefined
  /** `reads`: its connection has not broken. */
  function exchange(verb: 'POST' | 'GET' | 'DELETE', message: JsonObject, headers: Record<string, string>, { reads = true } = {}) {
    const answered = Promise.withResolvers<Answer>()
    const stream: Stream = { events: [], comments: 0, ended: false }
    let over = false
    const answer = (status: number, text: string, sent: Readonly<Record<string, string>> = {}): void => {
      over = true
      session ??= sent['mcp-session-id']
      const body = JSON.parse(text === '' ? '{}' : text) as JsonObject
      const { data } = (body['error'] ?? {}) as { data?: { rule?: string } }
      answered.resolve({ status, body, rule: data?.rule, session: sent['mcp-session-id'] })
    }
    const sink: EventSink = {
      event(data) {
        if (!reads) return false
        const message = JSON.parse(data === '' ? '{}' : data) as JsonObject
        stream.events.push(message)
        if ('result' in message || 'error' in message) answer(200, data)
        return true
      },
      comment() {
        stream.comments += 1
      },
      end() {
        stream.ended = true
      },
    }
    const reply: Reply = {
      json: answer,
      empty: (status) => answer(status, ''),
      events: () => sink,
      get over() {
        return over
      },
      onGone: () => undefined,
    }
    const all: Record<string, string> = { ...(session === undefined ? {} : { 'mcp-session-id': session }), ...headers }
    to.handle({ server: 'it', principal, verb, body: JSON.stringify({ jsonrpc: '2.0', ...message }), header: (name) => all[name] }, reply)
    return { answered: answered.promise, stream }
  }
  const send = (message: JsonObject, headers: Record<string, string> = {}) => exchange('POST', message, headers).answered
  return {
    exchange,
    send,
    end: () => exchange('DELETE', {}, {}).answered,
    listen: (headers: Record<string, string> = {}) => exchange('GET', {}, headers).stream,
    async begin(capabilities: JsonObject = {}) {
      const params = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: principal, version: '1' } }
      return send({ id: 0, method: 'initialize', params })
    },
  }
}

const of = ({ sent }: ScriptedServer, method: string) => sent.filter((message) => message['method'] === method)
const answerAll = ({ id, method }: JsonObject, say: Say): void => {
  if (id !== undefined && method !== undefined) say({ id, result: {} })
}

describe('a session', () => {
  it.each(['shared', 'session'] as const)('begins once: a second initialize reaches no server (%s)', async (isolation) => {
    const { gateway, server } = await start(answerAll, isolation)
    const ann = clientOf(gateway, 'ann')
    await ann.begin()
    const before = of(server, 'initialize').length
    const params = { protocolVersion: '2025-11-25', capabilities: { roots: {} }, clientInfo: { name: 'other', version: '1' } }
    expect((await ann.send({ id: 1, method: 'initialize', params })).rule).toBe('already-initialized')
    expect(of(server, 'initialize')).toHaveLength(before)
  })

  it('is subscribed to so many resources and no more', async () => {
    const { gateway, server } = await start(answerAll)
    const ann = clientOf(gateway, 'ann')
    await ann.begin()
    const subscribe = (number: number) => ann.send({ id: number, method: 'resources/subscribe', params: { uri: `test://${number}` } })
    for (let number = 1; number <= 1_000; number++) expect((await subscribe(number)).body).toHaveProperty('result')
    expect((await subscribe(1_001)).rule).toBe('too-many-subscriptions')
    expect(of(server, 'resources/subscribe')).toHaveLength(1_000)
    await ann.send({ id: 1_002, method: 'resources/unsubscribe', params: { uri: 'test://1' } })
    expect((await subscribe(1_003)).body).toHaveProperty('result')
  })

  it('is asked so many questions at the same time and no more', async () => {
    const asked = 300
    const { gateway, server, refused } = await start(({ method }, say) => {
      if (method === 'tools/call')
        for (let number = 0; number < asked; number++) say({ id: `q-${number}`, method: 'sampling/createMessage', params: {} })
    })
    const ann = clientOf(gateway, 'ann')
    await ann.begin({ sampling: {} })
    const { stream } = ann.exchange('POST', { id: 1, method: 'tools/call', params: { name: 'ask', arguments: {} } }, {})
    await expect.poll(() => refused.length).toBe(asked - 256)
    expect(new Set(refused)).toEqual(new Set(['too-many-questions']))
    expect(stream.events.filter(({ method }) => method === 'sampling/createMessage')).toHaveLength(256)
    expect(server.sent.filter((message) => message['error'] !== undefined)).toHaveLength(asked - 256)
  })

  it('keeps a quiet stream open', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { gateway } = await start(answerAll)
    const ann = clientOf(gateway, 'ann')
    await ann.begin()
    const stream = ann.listen()
    expect(stream.comments).toBe(0)
    vi.advanceTimersByTime(45_000)
    expect(stream.comments).toBe(3)
  })

  it.each(['shared', 'session'] as const)('of a server that is no more is over, and its stream ends (%s)', async (isolation) => {
    const { gateway } = await start(answerAll, isolation)
    const ann = clientOf(gateway, 'ann')
    await ann.begin()
    const stream = ann.listen()
    await gateway.endSessions('another')
    expect([stream.ended, gateway.counts().sessions]).toEqual([false, 1])
    await gateway.endSessions('s-1')
    expect([stream.ended, gateway.counts()]).toEqual([true, { sessions: 0, ownLines: 0 }])
    expect(await ann.send({ id: 1, method: 'ping' })).toMatchObject({ status: 404, rule: 'unknown-session' })
  })

  it('gives nothing of another one to whoever comes with an id of its events', async () => {
    const { gateway, server } = await start(({ id, method }, say) => {
      if (method !== 'tools/call') return
      say({ method: 'notifications/message', params: { level: 'info', data: 'a secret of ann' } })
      say({ id: id ?? null, result: { content: [] } })
    })
    const [ann, bob] = [clientOf(gateway, 'ann'), clientOf(gateway, 'bob')]
    await Promise.all([ann.begin(), bob.begin()])
    ann.exchange('POST', { id: 1, method: 'tools/call', params: { name: 'read', arguments: {} } }, {}, { reads: false })
    await expect.poll(() => of(server, 'tools/call').length).toBe(1)
    // The beginning of her first call, and of the stream that she would listen on.
    for (const id of ['1.0', '0.0']) expect(JSON.stringify(bob.listen({ 'last-event-id': id }).events)).not.toContain('secret')
    // She herself gets what she has not read.
    expect(JSON.stringify(ann.listen({ 'last-event-id': '1.0' }).events)).toContain('a secret of ann')
  })
})

describe('a line that cannot be ended', () => {
  it('is named, and takes nothing else with it', async () => {
    const { gateway, refused, server } = await start(answerAll, 'session')
    server.sticks()
    for (const how of ['its server is no more', 'its client ends it'] as const) {
      const ann = clientOf(gateway, 'ann')
      await ann.begin()
      if (how === 'its server is no more') await gateway.endSessions('s-1')
      else await ann.end()
      await expect.poll(() => refused.splice(0)).toEqual(['line-not-ended'])
    }
    expect(gateway.counts()).toEqual({ sessions: 0, ownLines: 0 })
  })
})

describe('a stateless request', () => {
  it.each(['garbage', 7, ['debug']])('is refused that asks for the log level %j, and no server is told of it', async (level) => {
    const { gateway, server } = await start(answerAll)
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/logLevel': level,
    }
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'read' }
    const answer = await clientOf(gateway, 'ann').send({ id: 1, method: 'tools/call', params: { name: 'read', _meta } }, headers)
    expect(answer).toMatchObject({ status: 400, body: { error: { code: -32602, message: expect.stringContaining('logLevel') } } })
    expect(of(server, 'tools/call')).toHaveLength(0)
  })
})

describe('the table of calls', () => {
  it('remembers the last thousand, also while one of the first goes on', () => {
    const table = createCallTable(() => undefined)
    const sink = { notified: () => undefined, asked: () => undefined, settled: () => undefined }
    const call = { sink, callerId: 1, callerToken: undefined, method: 'tools/call', forwarded: true, wantsLog: false, timeoutMs: 1_000 }
    const long = Array.from({ length: 10 }, () => table.add(call).id)
    const short = Array.from({ length: 3_000 }, () => {
      const { id } = table.add(call)
      table.end(id, 'answered')
      return id
    })
    for (const id of long) table.end(id, 'timed-out')
    const names = [...long, ...short].map((id) => table.nameOf(id))
    expect(names.filter((name) => name !== 'unknown-answer')).toHaveLength(1_024)
    expect(names.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 'late-answer'))
    table.close()
  })
})

describe('a call that gets no line', () => {
  const call = { id: 'mine', method: 'tools/call', params: { name: 'echo', arguments: {} } }
  const plainly = (to: Gateway, principal: string) =>
    to.callTool({ server: 'it', tool: 'echo', arguments: {}, principal, signal: new AbortController().signal })
  const silentAtCalls = (message: JsonObject, say: Say): void => {
    if (message['method'] !== 'tools/call') answerAll(message, say)
  }

  it('because all are in use was refused by Steward: the server is not at fault, in either era', async () => {
    const { gateway, used } = await start(silentAtCalls, 'session', { maxSessions: 1 })
    const bob = clientOf(gateway, 'bob')
    await bob.begin()
    const ann = clientOf(gateway, 'ann')
    await ann.begin()
    void ann.send(call)
    expect((await bob.send(call)).rule).toBe('too-many-sessions')
    expect(await plainly(gateway, 'cleo')).toMatchObject({ kind: 'error', rule: 'too-many-sessions' })
    expect(used.map(({ principal, outcome, rule }) => [principal, outcome, rule])).toStrictEqual([
      ['bob', 'refused', 'too-many-sessions'],
      ['cleo', 'refused', 'too-many-sessions'],
    ])
  })

  it.each([
    ['server-stopped', 'refused'],
    ['server-disabled', 'refused'],
    ['server-in-maintenance', 'refused'],
    ['server-not-registered', 'refused'],
    ['server-not-running', 'refused'],
    ['server-failed', 'lost'],
    ['handshake-refused', 'lost'],
    ['spawn-failed', 'lost'],
  ])('is %s: it counts as %s', async (rule, outcome) => {
    const shared = () => Promise.reject(new GatewayRefusal(rule, 'so it is'))
    const { gateway, used } = await start(answerAll, 'shared', { shared, negotiated: undefined })
    expect(await plainly(gateway, 'ann')).toMatchObject({ kind: 'error', rule })
    expect(used).toMatchObject([{ outcome, rule }])
  })
})
