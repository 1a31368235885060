import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { createHttpLink, type HttpLinkOptions } from '../../../src/adapters/mcp/http-link.ts'
import { negotiate } from '../../../src/adapters/mcp/negotiate.ts'
import { createResolveOutbound } from '../../../src/adapters/outbound/resolve-outbound.ts'
import { parseAllowance } from '../../../src/domain/outbound/reach.ts'
import type { JsonObject } from '../../../src/domain/ports/json.ts'
import type { McpSession, Prior } from '../../../src/domain/ports/mcp.ts'
import { serveDirect } from '../../conformance/direct.ts'
import { connectClient } from '../../support/mcp/clients.ts'
import { startFleet } from '../../support/mcp/fleet.ts'

const EVERYTHING = ['0.0.0.0/0', '::/0'].flatMap((network) => parseAllowance(network) ?? [])
const IDENTITY = { info: { name: 't', version: '1' }, capabilities: {} }
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

type Asked = Readonly<{ incoming: IncomingMessage; outgoing: ServerResponse; body: JsonObject & { id?: number; method?: string } }>

async function serve(script: (asked: Asked) => void): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    let text = ''
    incoming.on('data', (chunk) => {
      text += String(chunk)
    })
    incoming.on('end', () => script({ incoming, outgoing, body: text === '' ? {} : JSON.parse(text) }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}/mcp` : ''
}

async function open(url: string, options: Partial<HttpLinkOptions> = {}, prior?: Prior): Promise<McpSession> {
  const link = createHttpLink({ url, headers: {}, ...options })
  closing.push(() => link.close())
  return negotiate(link, { identity: IDENTITY, timeoutMs: 5_000, ...(prior === undefined ? {} : { prior }) })
}

const json = ({ outgoing }: Asked, status: number, value: JsonObject, headers: Record<string, string> = {}): void => {
  outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ jsonrpc: '2.0', ...value }))
}
const sessionIdOf = ({ incoming }: Asked): string | undefined => incoming.headers['mcp-session-id']?.toString()

/** A server with sessions; `rest` answers what is no handshake. */
function withSessions(rest: (asked: Asked) => void) {
  const state = { sessions: 0, known: new Set<string>(), headers: [] as IncomingMessage['headers'][] }
  const script = (asked: Asked): void => {
    const { body, outgoing, incoming } = asked
    state.headers.push(incoming.headers)
    if (incoming.method === 'GET' && incoming.headers['last-event-id'] === undefined) return void outgoing.writeHead(405).end()
    if (incoming.method === 'DELETE') return void outgoing.writeHead(200).end()
    if (body.method === 'server/discover') return void json(asked, 400, { id: null, error: { code: -32000, message: 'no session' } })
    if (body.method === 'initialize') {
      const id = `session-${++state.sessions}`
      state.known.add(id)
      const result = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } }
      return void json(asked, 200, { id: body.id ?? 0, result }, { 'mcp-session-id': id })
    }
    if (!state.known.has(sessionIdOf(asked) ?? ''))
      return void json(asked, 404, { id: null, error: { code: -32001, message: 'Session not found' } })
    if (body.id === undefined && incoming.method === 'POST') return void outgoing.writeHead(202).end()
    rest(asked)
  }
  return { state, script }
}

describe('a line over HTTP', () => {
  it('sends what the session agreed on, and never what belongs to a caller', async () => {
    const { state, script } = withSessions((asked) => json(asked, 200, { id: asked.body.id ?? 0, result: { ok: true } }))
    const session = await open(await serve(script), { headers: { 'x-key': 'of the server' } })
    expect(session.negotiated.era).toBe('session')
    expect(await session.request('tools/call', { name: 'x' }, { timeoutMs: 1_000 })).toEqual({ ok: true })
    expect(state.headers.at(-1)).toMatchObject({
      'mcp-session-id': 'session-1',
      'mcp-protocol-version': '2025-11-25',
      'x-key': 'of the server',
    })
    expect(state.headers.some((headers) => headers.authorization !== undefined)).toBe(false)
  })

  it('begins a forgotten session again, once, and repeats what was surely not done', async () => {
    const { state, script } = withSessions((asked) =>
      json(asked, 200, { id: asked.body.id ?? 0, result: { by: sessionIdOf(asked) ?? '' } }),
    )
    const session = await open(await serve(script))
    state.known.clear()
    const both = await Promise.all([1, 2].map(() => session.request('tools/call', { name: 'x' }, { timeoutMs: 1_000 })))
    expect(both).toEqual([{ by: 'session-2' }, { by: 'session-2' }])
    expect(state.sessions).toBe(2)
  })

  it('begins the session again after a 400, but does not repeat the call', async () => {
    let calls = 0
    const { state, script } = withSessions((asked) => {
      if (++calls === 1)
        return json(asked, 400, { id: null, error: { code: -32000, message: 'Bad Request: No valid session ID provided' } })
      json(asked, 200, { id: asked.body.id ?? 0, result: {} })
    })
    const session = await open(await serve(script))
    await expect(session.request('tools/call', { name: 'x' }, { timeoutMs: 1_000 })).rejects.toMatchObject({ rule: 'session-lost' })
    expect([calls, state.sessions]).toEqual([1, 2])
    expect(await session.request('tools/call', { name: 'x' }, { timeoutMs: 1_000 })).toEqual({})
  })

  it('sends nothing that was given up while the session was begun again', async () => {
    const renewed = Promise.withResolvers<void>()
    let calls = 0
    const { state, script } = withSessions((asked) => {
      calls++
      json(asked, 200, { id: asked.body.id ?? 0, result: {} })
    })
    let renewals = 0
    const session = await open(
      await serve((asked) => {
        if (asked.body.method !== 'initialize' || state.sessions === 0) return script(asked)
        renewals++
        void renewed.promise.then(() => script(asked))
      }),
    )
    state.known.clear()
    const first = session.request('tools/call', { name: 'x' }, { timeoutMs: 150 })
    await expect.poll(() => renewals).toBe(1)
    const second = session.request('tools/call', { name: 'x' }, { timeoutMs: 150 })
    await expect(Promise.all([first, second])).rejects.toMatchObject({ rule: 'timed-out' })
    await expect(second).rejects.toMatchObject({ rule: 'timed-out' })
    renewed.resolve()
    // The next one is the first that the server sees in its new session.
    expect(await session.request('tools/call', { name: 'x' }, { timeoutMs: 5_000 })).toEqual({})
    expect(calls).toBe(1)
  })

  it('waits for no server that begins no session again', async () => {
    const { state, script } = withSessions((asked) => json(asked, 200, { id: asked.body.id ?? 0, result: {} }))
    let hangs = false
    const session = await open(
      await serve((asked) => {
        if (!hangs || asked.body.method !== 'initialize') script(asked)
      }),
      { renewalTimeoutMs: 100 },
    )
    state.known.clear()
    hangs = true
    await expect(session.request('tools/call', { name: 'x' }, { timeoutMs: 5_000 })).rejects.toMatchObject({ rule: 'session-lost' })
    hangs = false
    expect(await session.request('tools/call', { name: 'x' }, { timeoutMs: 5_000 })).toEqual({})
  })

  it('takes a broken stream up at the last event that it saw', async () => {
    const resumed: string[] = []
    const { script } = withSessions(({ incoming, outgoing, body }) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
      if (incoming.method === 'GET') {
        resumed.push(String(incoming.headers['last-event-id']))
        outgoing.end(`id: 3\ndata: {"jsonrpc":"2.0","id":${String(calls.at(-1))},"result":{"done":true}}\n\n`)
      } else {
        calls.push(body.id)
        const token = ((body['params'] as JsonObject)['_meta'] as JsonObject)['progressToken']
        outgoing.end(
          `retry: 10\nid: 1\ndata:\n\nid: 2\r\ndata: {"jsonrpc":"2.0","method":"notifications/progress",\r\ndata: "params":{"progressToken":${String(token)},"progress":1}}\r\n\r\n`,
        )
      }
    })
    const calls: unknown[] = []
    const session = await open(await serve(script))
    const seen: unknown[] = []
    const result = await session.request(
      'tools/call',
      { name: 'x' },
      { timeoutMs: 2_000, onProgress: ({ progress }) => seen.push(progress) },
    )
    expect([result, seen, resumed]).toEqual([{ done: true }, [1], ['2']])
  })

  it('names what is no answer: a redirect, another type, a body without end, a stream without an answer', async () => {
    const { script } = withSessions((asked) => {
      const { outgoing, body } = asked
      switch ((body['params'] as JsonObject)['name']) {
        case 'redirect':
          return void outgoing.writeHead(307, { location: 'http://127.0.0.1:9/other' }).end()
        case 'html':
          return void outgoing.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello</p>')
        case 'endless':
          outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
          return void outgoing.write(`data: ${'x'.repeat(3_000)}`)
        case 'big':
          return json(asked, 200, { id: body.id ?? 0, result: { text: 'x'.repeat(3_000) } })
        case 'wrong-id':
          return json(asked, 200, { id: 4_711, result: {} })
        default:
          return void outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: what\n\n')
      }
    })
    const session = await open(await serve(script), { maxMessageBytes: 2_000 })
    const rules = ['redirect', 'html', 'endless', 'big', 'wrong-id', 'empty'].map((name) =>
      session.request('tools/call', { name }, { timeoutMs: 2_000 }).catch(({ rule }) => rule),
    )
    expect(await Promise.all(rules)).toEqual(['http-status', 'unreadable-answer', 'too-large', 'too-large', 'no-answer', 'no-answer'])
    expect(session.noise()).toMatchObject({ 'not-json': 1, 'unknown-answer': 1 })
  })

  it('connects only where it is allowed to, by name and by number, and says by which rule it does not', async () => {
    const { state, script } = withSessions(() => {})
    const url = new URL(await serve(script))
    const resolve = createResolveOutbound({ allowed: [] })
    for (const hostname of ['127.0.0.1', 'localhost', '2130706433', '[::1]', '[::ffff:127.0.0.1]']) {
      url.hostname = hostname
      await expect(open(url.href, { resolve })).rejects.toMatchObject({
        name: 'HandshakeFailed',
        rule: 'address-not-allowed',
        message: expect.stringContaining('STEWARD_SERVER_NETWORKS='),
      })
    }
    url.hostname = '169.254.169.254'
    await expect(open(url.href, { resolve: createResolveOutbound({ allowed: EVERYTHING }) })).rejects.toMatchObject({
      rule: 'metadata-address',
    })
    expect(state.headers).toEqual([])
    url.hostname = 'localhost'
    const session = await open(url.href, { resolve: createResolveOutbound({ allowed: EVERYTHING }) })
    expect(session.negotiated.era).toBe('session')
  })

  it('judges a name with each connection: one that leads elsewhere by then is not followed', async () => {
    const { state, script } = withSessions((asked) => json(asked, 200, { id: asked.body.id ?? 0, result: { ok: true } }))
    const closingEach = (asked: Asked): void => {
      asked.outgoing.setHeader('connection', 'close')
      script(asked)
    }
    const url = new URL(await serve(closingEach))
    url.hostname = 'mcp.example'
    let leadsTo = '127.0.0.1'
    const allowed = [parseAllowance('mcp.example=127.0.0.1')].flatMap((each) => each ?? [])
    const session = await open(url.href, { resolve: createResolveOutbound({ allowed, addressesOf: async () => [leadsTo] }) })
    const call = () => session.request('tools/call', { name: 'x' }, { timeoutMs: 2_000 })
    expect(await call()).toEqual({ ok: true })
    const before = state.headers.length
    leadsTo = '127.0.0.2'
    await expect(call()).rejects.toMatchObject({ rule: 'address-not-allowed' })
    expect(state.headers).toHaveLength(before)
  })

  it('takes of several addresses only those that may be connected to', async () => {
    const resolve = createResolveOutbound({ allowed: [], addressesOf: async () => ['10.0.0.1', '93.184.216.34', '::1'] })
    expect(await resolve('mixed.example')).toEqual([{ address: '93.184.216.34', family: 4 }])
  })

  it('goes nowhere where a redirect points', async () => {
    const reached: string[] = []
    const elsewhere = await serve(({ incoming, outgoing }) => {
      reached.push(incoming.url ?? '')
      outgoing.writeHead(200).end('{}')
    })
    const { script } = withSessions(({ outgoing }) => void outgoing.writeHead(308, { location: elsewhere }).end())
    const session = await open(await serve(script))
    await expect(session.request('tools/call', { name: 'x' }, { timeoutMs: 2_000 })).rejects.toMatchObject({
      rule: 'http-status',
      message: expect.stringContaining('redirects are not followed'),
    })
    expect(reached).toEqual([])
  })
})

describe.each(['session', 'stateless'] as const)('a server over HTTP, to a client of the era %s', (era) => {
  it.each(['session', 'stateless'] as const)('is used in the era %s: progress, questions, prompts', async (upstream) => {
    const direct = await serveDirect()
    closing.push(() => direct.close())
    const prior: Prior = upstream === 'session' ? { era: 'session', version: '2025-11-25' } : { era: 'stateless', version: '2026-07-28' }
    const fleet = await startFleet([
      { name: 'remote', args: [], prior, link: async () => createHttpLink({ url: direct.url, headers: {} }) },
    ])
    closing.push(() => fleet[Symbol.asyncDispose]())
    await using ann = await connectClient({
      url: `${fleet.url}/remote`,
      key: 'ann',
      era,
      sampling: 'forty-two',
      elicitation: { name: 'Ann', username: 'ann', email: 'a@b' },
    })
    expect(fleet.server('remote').session()?.negotiated.era).toBe(upstream)
    const seen: number[] = []
    await ann.client.callTool({ name: 'test_tool_with_progress', arguments: {} }, { onprogress: ({ progress }) => seen.push(progress) })
    expect(seen).toEqual([0, 50, 100])
    const asked = await ann.client.callTool({ name: 'test_input_required_result_elicitation', arguments: {} })
    expect(asked.content).toEqual([{ type: 'text', text: 'Hello, Ann!' }])
    const mirrored = await ann.client.callTool({ name: 'test_custom_headers', arguments: { region: 'Köln 1' } })
    expect(mirrored.content).toEqual([{ type: 'text', text: '{"region":"Köln 1"}' }])
    const { messages } = await ann.client.getPrompt({ name: 'test_simple_prompt' })
    expect(messages).toHaveLength(1)
  })
})
