/** What belongs to one client stays with it, and its session stays with its key. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectClient, type TestClient } from '../../support/mcp/clients.ts'
import { type Fleet, startFleet } from '../../support/mcp/fleet.ts'

const program = (name: string) => fileURLToPath(new URL(`../../support/mcp/servers/${name}.ts`, import.meta.url))

/** Several programs, one after the other, on a machine that may be busy. */
const STARTS_WITHIN_MS = 60_000

let fleet: Fleet
beforeAll(async () => {
  fleet = await startFleet([
    { name: 'shared', args: [program('session-server')] },
    { name: 'own', isolation: 'session', args: [program('session-server')] },
    { name: 'capped', isolation: 'session', args: [program('session-server')], maxSessions: 3 },
  ])
}, STARTS_WITHIN_MS)
afterAll(async () => fleet[Symbol.asyncDispose]())

const connect = (server: string, key: string, more: object = {}): Promise<TestClient> =>
  connectClient({ url: `${fleet.url}/${server}`, key, era: 'session', ...more })

async function call({ client }: TestClient, name: string, args: Record<string, unknown> = {}): Promise<string> {
  const { content } = await client.callTool({ name, arguments: args })
  const [first] = content
  return first?.type === 'text' ? first.text : JSON.stringify(first)
}

const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

function post(server: string, key: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${fleet.url}/${server}`, {
    method: 'POST',
    headers: { ...HEADERS, authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', ...body }),
  })
}

describe('a server with a child for each session', () => {
  it('knows each client by its own name and capabilities, and nothing of the other', async () => {
    await using ann = await connect('own', 'ann', { sampling: 'from ann' })
    await using bob = await connect('own', 'bob', { elicitation: { name: 'Bob' } })
    expect(JSON.parse(await call(ann, 'client'))).toEqual(['ann', { sampling: {} }])
    expect(JSON.parse(await call(bob, 'client'))).toMatchObject(['bob', { elicitation: {} }])
    expect(await call(ann, 'remember', { what: 'a secret of ann' })).toBe('a secret of ann')
    expect(await call(bob, 'remember', { what: 'of bob' })).toBe('of bob')
    const [byModel, byPerson] = await Promise.all([call(ann, 'ask-model', { prompt: 'p' }), call(bob, 'ask-person')])
    expect(byModel).toContain('from ann')
    expect(byPerson).toContain('Bob')
    expect(await call(bob, 'ask-model', { prompt: 'p' })).toContain('refused')
    expect(ann.asked.map(({ method }) => method)).toEqual(['sampling/createMessage'])
    expect(bob.asked.map(({ method }) => method)).toEqual(['elicitation/create'])
  })

  it('gives a new session the place of one that is idle, and refuses by name when all are at work', async () => {
    const clients = await Promise.all(['c1', 'c2', 'c3'].map((key) => connect('capped', key)))
    const working = clients.map((one) => one.client.callTool({ name: 'slow', arguments: { ms: 1_500 } }))
    await expect(connect('capped', 'c4')).rejects.toThrow(/3 sessions/)
    await Promise.all(working)
    for (const one of clients) await one[Symbol.asyncDispose]()
    // Its client is gone, which the gateway sees when the connection of its stream closes.
    await expect.poll(async () => (await connect('capped', 'c4').catch(() => undefined))?.sessionId(), { timeout: 10_000 }).toBeDefined()
  })

  it('goes on in the same session after its child has ended', async () => {
    await using ann = await connect('own', 'ann')
    const before = await call(ann, 'pid')
    const session = ann.sessionId()
    await expect(call(ann, 'crash')).rejects.toThrow(/may have had its effect/)
    const after = await call(ann, 'pid')
    expect(after).not.toBe(before)
    expect(ann.sessionId()).toBe(session)
    expect(JSON.parse(await call(ann, 'client'))[0]).toBe('ann')
  })
})

describe('a server that all share', () => {
  it('asks the one client whose call is under way', async () => {
    await using ann = await connect('shared', 'ann', { sampling: 'from ann' })
    await using bob = await connect('shared', 'bob', { sampling: 'from bob' })
    expect(await call(ann, 'ask-model', { prompt: 'p' })).toContain('from ann')
    expect(await call(bob, 'ask-model', { prompt: 'p' })).toContain('from bob')
    expect([ann.asked.length, bob.asked.length]).toEqual([1, 1])
  })

  it('is refused by name when it asks while the calls of several are under way', async () => {
    await using ann = await connect('shared', 'ann', { sampling: 'from ann' })
    await using bob = await connect('shared', 'bob', { sampling: 'from bob' })
    const slow = bob.client.callTool({ name: 'slow', arguments: { ms: 600 } })
    expect(await call(ann, 'ask-model', { prompt: 'p' })).toMatch(/refused.*several calls of clients are under way/)
    await slow
    expect([ann.asked.length, bob.asked.length]).toEqual([0, 0])
  })

  it('is told by name that the client cannot be asked', async () => {
    await using ann = await connect('shared', 'ann')
    expect(await call(ann, 'ask-model', { prompt: 'p' })).toMatch(/refused.*did not declare sampling/)
  })

  it('gives log lines and progress to the one they belong to, and to nobody when that is not sure', async () => {
    await using ann = await connect('shared', 'ann')
    await using bob = await connect('shared', 'bob')
    await ann.client.setLoggingLevel('debug')
    const seen = { ann: 0, bob: 0 }
    await ann.client.callTool({ name: 'slow', arguments: { ms: 40, log: 'of ann' } }, { onprogress: () => seen.ann++ })
    expect(logsOf(ann)).toHaveLength(4)
    const unsure = fleet.noise.length
    await Promise.all([
      ann.client.callTool({ name: 'slow', arguments: { ms: 200, log: 'whose' } }, { onprogress: () => seen.ann++ }),
      bob.client.callTool({ name: 'slow', arguments: { ms: 200 } }, { onprogress: () => seen.bob++ }),
    ])
    expect(seen).toEqual({ ann: 8, bob: 4 })
    expect(logsOf(bob)).toEqual([])
    expect(fleet.noise.slice(unsure).map(([kind]) => kind)).toContain('unattributable-notification')
  })

  it('tells of a resource only those who subscribed to it', async () => {
    await using ann = await connect('shared', 'ann')
    await using bob = await connect('shared', 'bob')
    await ann.client.subscribeResource({ uri: 'test://thing' })
    await call(bob, 'touch')
    await expect.poll(() => ann.heard.map(({ method }) => method)).toEqual(['notifications/resources/updated'])
    expect(bob.heard).toEqual([])
  })

  it('is started once again after it ended, and every session goes on', async () => {
    await using ann = await connect('shared', 'ann')
    await using bob = await connect('shared', 'bob')
    const before = await call(ann, 'pid')
    await expect(call(ann, 'crash')).rejects.toThrow()
    const [one, two] = await Promise.all([call(ann, 'pid'), call(bob, 'pid')])
    expect(one).toBe(two)
    expect(one).not.toBe(before)
    expect(fleet.server('shared').starts()).toBe(2)
  })
})

describe('a session', () => {
  it('opens nothing to another key: its requests, its stream and its end', async () => {
    await using ann = await connect('shared', 'ann')
    const stolen = { 'mcp-session-id': ann.sessionId() ?? '' }
    expect((await post('shared', 'bob', { id: 1, method: 'ping' }, stolen)).status).toBe(404)
    const listen = await fetch(`${fleet.url}/shared`, {
      headers: { ...stolen, authorization: 'Bearer bob', accept: 'text/event-stream', 'last-event-id': '0.0' },
    })
    expect(listen.status).toBe(404)
    expect((await fetch(`${fleet.url}/shared`, { method: 'DELETE', headers: { ...stolen, authorization: 'Bearer bob' } })).status).toBe(404)
    // With its own key it is there, and at another server it is not.
    expect((await post('shared', 'ann', { id: 1, method: 'ping' }, stolen)).status).toBe(200)
    expect((await post('own', 'ann', { id: 1, method: 'ping' }, stolen)).status).toBe(404)
  })

  it('is over when its client ends it', async () => {
    const opened = await post('shared', 'ann', {
      id: 0,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
    })
    const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
    expect(await opened.json()).toMatchObject({ id: 0, result: { protocolVersion: '2025-06-18', serverInfo: { name: 'session-server' } } })
    expect((await fetch(`${fleet.url}/shared`, { method: 'DELETE', headers: { ...session, authorization: 'Bearer ann' } })).status).toBe(
      200,
    )
    expect((await post('shared', 'ann', { id: 1, method: 'ping' }, session)).status).toBe(404)
  })

  it('gives what a broken stream had not delivered to whoever comes back with the last id', async () => {
    const opened = await post('shared', 'ann', {
      id: 0,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
    })
    await opened.text()
    const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
    const abort = new AbortController()
    const broken = await fetch(`${fleet.url}/shared`, {
      method: 'POST',
      signal: abort.signal,
      headers: { ...HEADERS, ...session, authorization: 'Bearer ann' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 'long',
        method: 'tools/call',
        params: { name: 'slow', arguments: { ms: 400 }, _meta: { progressToken: 'p' } },
      }),
    })
    const [first] = await readEvents(broken, 2)
    abort.abort()
    expect(first).toMatchObject({ data: '' })
    const resumed = await fetch(`${fleet.url}/shared`, {
      headers: { ...session, authorization: 'Bearer ann', accept: 'text/event-stream', 'last-event-id': first?.id ?? '' },
    })
    const events = await readEvents(resumed, 5)
    expect(events.map(({ data }) => JSON.parse(data)).map(({ method, id }) => method ?? id)).toEqual([
      ...Array.from({ length: 4 }, () => 'notifications/progress'),
      'long',
    ])
  })
})

const logsOf = ({ heard }: TestClient) => heard.filter(({ method }) => method === 'notifications/message')

async function readEvents({ body }: Response, count: number): Promise<{ id: string; data: string }[]> {
  const events: { id: string; data: string }[] = []
  let rest = ''
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    rest += chunk
    for (let end = rest.indexOf('\n\n'); end !== -1; end = rest.indexOf('\n\n')) {
      const fields = new Map(
        rest
          .slice(0, end)
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      )
      events.push({ id: fields.get('id') ?? '', data: fields.get('data') ?? '' })
      rest = rest.slice(end + 2)
    }
    if (events.length >= count) break
  }
  return events
}
