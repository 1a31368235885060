/** What the gateway itself decides: on the wire, before and beside any server. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GatewayUsage } from '../../../src/domain/ports/mcp.ts'
import { connectClient } from '../../support/mcp/clients.ts'
import { type Fleet, startFleet } from '../../support/mcp/fleet.ts'

const program = (name: string) => fileURLToPath(new URL(`../../support/mcp/servers/${name}.ts`, import.meta.url))
const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: 'Bearer ann' }
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}
const INITIALIZE = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } }

/** Several programs, one after the other, on a machine that may be busy. */
const STARTS_WITHIN_MS = 60_000

let fleet: Fleet
beforeAll(async () => {
  fleet = await startFleet([
    {
      name: 'stateless',
      args: [program('stateless-server')],
      callTimeoutMs: 1_000,
      callable: (tool, args) => {
        if (tool === 'crash') return { kind: 'refused', rule: 'tool-disabled', says: 'crash is disabled', as: 'error' }
        if (tool === 'cancelled') return { kind: 'bypassed', rule: 'tool-disabled', says: 'cancelled is disabled' }
        if (tool === 'slow' && typeof args['ms'] !== 'number')
          return { kind: 'refused', rule: 'arguments-invalid', says: 'ms: is no number', as: 'result' }
        return { kind: 'ok', timeoutMs: 600, retrySafe: false }
      },
    },
    { name: 'session', args: [program('session-server')] },
    { name: 'own', isolation: 'session', args: [program('session-server')], sessionIdleMs: 1_500 },
  ])
}, STARTS_WITHIN_MS)
afterAll(async () => fleet[Symbol.asyncDispose]())

type Answer = {
  status: number
  body: { error?: { code: number; message: string; data?: { rule?: string } }; result?: Record<string, unknown>; id?: unknown }
  headers: Headers
}

async function send(server: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${fleet.url}/${server}`, {
    method: 'POST',
    headers: { ...HEADERS, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : JSON.parse(text), headers: response.headers }
}

const stateless = (method: string, params: object = {}, headers: Record<string, string> = {}) => {
  const name = 'name' in params ? { 'mcp-name': String(params.name) } : {}
  return send(
    'stateless',
    { jsonrpc: '2.0', id: 'mine', method, params: { ...params, _meta: META } },
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...name, ...headers },
  )
}

async function begin(server: string): Promise<Record<string, string>> {
  const { headers } = await send(server, { jsonrpc: '2.0', id: 0, method: 'initialize', params: INITIALIZE })
  return { 'mcp-session-id': headers.get('mcp-session-id') ?? '' }
}

describe('the surface', () => {
  it.each([
    ['no JSON', '{', {}, 400, -32700],
    ['a batch', [{ jsonrpc: '2.0', id: 1, method: 'ping' }], {}, 400, -32600],
    ['no message', { id: 1 }, {}, 400, -32600],
    [
      'what is nested too deeply',
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${'{"a":'.repeat(300)}1${'}'.repeat(301)}`,
      {},
      400,
      -32600,
    ],
    ['no session', { jsonrpc: '2.0', id: 1, method: 'ping' }, {}, 400, -32600],
    ['an unknown session', { jsonrpc: '2.0', id: 1, method: 'ping' }, { 'mcp-session-id': 'nobody' }, 404, -32600],
    ['another type', '{}', { 'content-type': 'text/plain' }, 415, -32600],
    ['a client that takes no stream', '{}', { accept: 'application/json' }, 406, -32600],
    ['too long a message', 'x'.repeat(5 << 20), {}, 413, -32600],
  ])('refuses %s', async (_what, body, headers, status, code) => {
    const answer = await send('session', body, headers)
    expect([answer.status, answer.body.error?.code]).toEqual([status, code])
  })

  it('knows only its servers, its methods and its keys', async () => {
    expect((await send('nothing', {})).status).toBe(404)
    expect((await send('../session', {})).status).toBe(404)
    expect((await fetch(`${fleet.url}/session`, { method: 'PUT', headers: HEADERS })).status).toBe(405)
    expect((await fetch(`${fleet.url}/session`, { headers: HEADERS })).status).toBe(405)
    expect((await send('session', {}, { authorization: 'Bearer ???' })).status).toBe(401)
  })
})

describe('a session', () => {
  it('may have each id under way once', async () => {
    const session = await begin('session')
    const slow = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'slow', arguments: { ms: 300 } } }
    const [one, two] = await Promise.all([send('session', slow, session), send('session', slow, session)])
    const statuses = [one, two].map(({ status }) => status).toSorted()
    expect(statuses).toEqual([200, 400])
    expect([one, two].map(({ body }) => body.error?.data?.rule).filter(Boolean)).toEqual(['duplicate-id'])
  })

  it('passes the text of the server through as it is', async () => {
    const session = await begin('session')
    const { body } = await send(
      'session',
      { jsonrpc: '2.0', id: 'ä"', method: 'tools/call', params: { name: 'remember', arguments: { what: '\u2028 "quoted" \\ 世界' } } },
      session,
    )
    expect(body).toEqual({ jsonrpc: '2.0', id: 'ä"', result: { content: [{ type: 'text', text: '\u2028 "quoted" \\ 世界' }] } })
  })

  it('has no child of its own any more when nobody used it for a while, and gets one with the next call', async () => {
    const session = await begin('own')
    const pid = async () =>
      (await send('own', { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'pid' } }, session)).body.result
    const before = await pid()
    expect(fleet.gateway.counts().ownLines).toBe(1)
    await expect.poll(() => fleet.gateway.counts().ownLines, { timeout: 5_000 }).toBe(0)
    const after = await pid()
    expect(after).toHaveProperty('content')
    expect(after).not.toEqual(before)
  })

  it('is refused by name what would show one client to another on a shared line', async () => {
    const session = await begin('session')
    const { body } = await send('session', { jsonrpc: '2.0', id: 1, method: 'tasks/list' }, session)
    expect(body.error?.data?.rule).toBe('tasks-need-a-line-of-their-own')
    const before = fleet.refused.length
    await send('session', { jsonrpc: '2.0', method: 'notifications/roots/list_changed' }, session)
    await send('session', { jsonrpc: '2.0', id: 'steward-99', result: {} }, session)
    expect(fleet.refused.slice(before).map(({ rule }) => rule)).toEqual(['not-for-a-shared-line', 'answer-to-nothing'])
  })
})

describe('a stateless request', () => {
  it('is answered from what is known: discovery and tools', async () => {
    const discovered = await stateless('server/discover')
    expect(discovered.body.result).toMatchObject({ supportedVersions: ['2026-07-28'], instructions: 'be kind', resultType: 'complete' })
    const { body } = await stateless('tools/list')
    expect(body.result).toMatchObject({ ttlMs: 0, cacheScope: 'private', resultType: 'complete' })
  })

  it.each([
    ['a method of the older era', 'ping', {}, {}, 404, -32601],
    ['a method that nobody knows', 'no/such', {}, {}, 404, -32601],
    ['another method in the header', 'tools/list', {}, { 'mcp-method': 'tools/call' }, 400, -32020],
    ['another name in the header', 'tools/call', { name: 'pid' }, { 'mcp-name': 'crash' }, 400, -32020],
    ['another version in the header', 'tools/list', {}, { 'mcp-protocol-version': '2027-01-01' }, 400, -32020],
  ])('is refused with %s', async (_what, method, params, headers, status, code) => {
    const answer = await stateless(method, params, headers)
    expect([answer.status, answer.body.error?.code, answer.body.id]).toEqual([status, code, 'mine'])
  })

  it('is cancelled at the server when its connection closes', async () => {
    const usage = fleet.usage.length
    const abort = new AbortController()
    const call = fetch(`${fleet.url}/stateless`, {
      method: 'POST',
      signal: abort.signal,
      headers: { ...HEADERS, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'slow' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'slow', arguments: { ms: 500 }, _meta: { ...META, progressToken: 1 } },
      }),
    })
    const { body } = await call
    await body?.getReader().read()
    abort.abort()
    await expect.poll(() => fleet.usage[usage]?.outcome).toBe('cancelled')
  })
})

describe('a call', () => {
  it('leaves one line of usage, whatever became of it', async () => {
    const outcomes: [object, GatewayUsage['outcome'], string | undefined][] = [
      [{ name: 'pid', arguments: {} }, 'ok', undefined],
      [{ name: 'crash', arguments: {} }, 'refused', 'tool-disabled'],
      [{ name: 'cancelled', arguments: {} }, 'bypassed', 'tool-disabled'],
      [{ name: 'slow', arguments: {} }, 'refused', 'arguments-invalid'],
      [{ name: 'slow', arguments: { ms: 3_000 } }, 'timed-out', 'timed-out'],
      [{ name: 'nothing', arguments: {} }, 'error', '-32602'],
    ]
    for (const [params, outcome, rule] of outcomes) {
      const before = fleet.usage.length
      await stateless('tools/call', params)
      expect(fleet.usage.slice(before)).toMatchObject([
        { serverId: 'server-stateless', principal: 'ann', outcome, rule, tool: Reflect.get(params, 'name') },
      ])
    }
  })

  it('that is refused says so to whom it helps: the program, or the model', async () => {
    expect((await stateless('tools/call', { name: 'crash' })).body.error).toMatchObject({
      message: 'crash is disabled',
      data: { rule: 'tool-disabled', tool: 'crash' },
    })
    expect((await stateless('tools/call', { name: 'slow', arguments: { ms: 'x' } })).body.result).toMatchObject({
      isError: true,
      content: [{ text: 'ms: is no number' }],
    })
    expect((await stateless('tools/call', { name: 'cancelled' })).body.result).toMatchObject({
      content: [],
      isError: false,
      _meta: { 'steward/rule': 'tool-disabled' },
    })
  })

  it('that timed out names the server, the tool, and what may have happened', async () => {
    const { body } = await stateless('tools/call', { name: 'slow', arguments: { ms: 3_000 } })
    expect(body.error?.message).toBe(
      'tool "slow" of server stateless gave no answer within 600 ms and was cancelled; it may have had its effect',
    )
  })
})

describe('a stateless call that waits at a server with sessions', () => {
  const params = { name: 'ask-person', arguments: {} }
  const can = { ...META, 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } }
  const ask = (more: object, key = 'ann', meta: object = can, method = 'tools/call') =>
    send(
      'own',
      { jsonrpc: '2.0', id: crypto.randomUUID(), method, params: { ...params, ...more, _meta: meta } },
      {
        authorization: `Bearer ${key}`,
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        'mcp-name': String(Reflect.get({ ...params, ...more }, 'name')),
      },
    )
  const answers = { 'question-1': { action: 'accept', content: { name: 'Ann' } } }

  it('goes on with the answer of the one who was asked, once', async () => {
    const { body } = await ask({})
    expect(body.result).toMatchObject({ resultType: 'input_required', inputRequests: { 'question-1': { method: 'elicitation/create' } } })
    const requestState = body.result?.['requestState']
    for (const stolen of [
      await ask({ requestState, inputResponses: answers }, 'bob'),
      await ask({ requestState: 'guessed', inputResponses: answers }),
    ]) {
      expect(stolen.body.error).toMatchObject({ code: -32602, data: { rule: 'unknown-request-state' } })
    }
    const other = await ask({ requestState, inputResponses: answers, name: 'pid' })
    expect(other.body.error).toMatchObject({ data: { rule: 'other-request' } })
    const done = await ask({ requestState, inputResponses: answers })
    expect(done.body.result).toMatchObject({ resultType: 'complete', content: [{ text: 'person: {"name":"Ann"}' }] })
    expect((await ask({ requestState, inputResponses: answers })).body.error).toMatchObject({ data: { rule: 'unknown-request-state' } })
  })

  it('is asked again when an answer is missing', async () => {
    const first = await ask({})
    const again = await ask({ requestState: first.body.result?.['requestState'], inputResponses: { other: {} } })
    expect(again.body.result).toMatchObject({ resultType: 'input_required', inputRequests: { 'question-1': {} } })
    const done = await ask({ requestState: again.body.result?.['requestState'], inputResponses: answers })
    expect(done.body.result).toHaveProperty('content')
  })

  it('asks nothing that the client did not declare', async () => {
    const { body } = await ask({}, 'ann', META)
    expect(JSON.stringify(body.result)).toMatch(/refused/)
  })
})

describe('a key that was revoked', () => {
  it('takes its sessions and its streams with it, and nothing of others', async () => {
    await using ann = await connectClient({ url: `${fleet.url}/session`, key: 'ann', era: 'session' })
    await using bob = await connectClient({ url: `${fleet.url}/session`, key: 'bob', era: 'session' })
    await using listening = await connectClient({ url: `${fleet.url}/stateless`, key: 'bob', era: 'stateless' })
    const { closed } = await listening.client.listen({ toolsListChanged: true })
    await fleet.gateway.endPrincipal('bob')
    await closed
    await expect(bob.client.callTool({ name: 'pid' })).rejects.toThrow()
    expect((await ann.client.callTool({ name: 'pid' })).isError).not.toBe(true)
  })
})

describe('a served list that changed', () => {
  it.each(['session', 'stateless'] as const)('is told to clients of the era %s that listen', async (era) => {
    for (const server of ['session', 'stateless']) {
      await using ann = await connectClient({ url: `${fleet.url}/${server}`, key: 'ann', era })
      const heard: string[] = []
      ann.client.setNotificationHandler('notifications/tools/list_changed', () => void heard.push('changed'))
      if (era === 'stateless') await ann.client.listen({ toolsListChanged: true })
      await expect
        .poll(() => {
          fleet.gateway.toolsChanged(`server-${server}`)
          return heard.length
        })
        .toBeGreaterThan(0)
    }
  })
})
