/** How a call ends that gets no ordinary answer: cancelled, of a key that ended, at a server that died. The server hears of it, and nothing is repeated that could do harm. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../../src/domain/ports/json.ts'
import { type Fleet, type FleetServer, startFleet } from '../../support/mcp/fleet.ts'
import { type Say, type ScriptedServer, scriptedServer } from '../../support/mcp/scripted-link.ts'

const eras = ['session', 'stateless'] as const
type Era = (typeof eras)[number]

let fleet: Fleet | undefined
afterEach(async () => {
  await fleet?.[Symbol.asyncDispose]()
  fleet = undefined
})

async function start(era: Era, script: (message: JsonObject, say: Say) => void, more: Partial<FleetServer> = {}) {
  const server = scriptedServer(era, script)
  fleet = await startFleet([{ name: 'it', args: [], prior: priorOf(era), link: server.link, ...more }])
  return { server, fleet }
}

const priorOf = (era: Era) => (era === 'session' ? { era, version: '2025-11-25' } : { era, version: '2026-07-28' })

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

type Answer = { status: number; rule: string | undefined; body: JsonObject }

/** A client of either era: begins where that is needed, and sends one message. */
function clientOf({ url }: Fleet, era: Era, key: string) {
  let session: string | undefined
  async function send(message: JsonObject, signal?: AbortSignal): Promise<Answer> {
    const params = (message['params'] ?? {}) as JsonObject
    const stateless = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': String(message['method']), 'mcp-name': String(params['name']) }
    const response = await fetch(`${url}/it`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${key}`,
        ...(era === 'stateless' ? stateless : session === undefined ? {} : { 'mcp-session-id': session }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', ...message, ...(era === 'stateless' ? { params: { ...params, _meta: META } } : {}) }),
      ...(signal === undefined ? {} : { signal }),
    })
    session ??= response.headers.get('mcp-session-id') ?? undefined
    const text = await response.text()
    // Of a stream the last event that says something.
    const json = text.startsWith('{')
      ? text
      : (text
          .match(/^data: \{.*$/gm)
          ?.at(-1)
          ?.slice('data: '.length) ?? '{}')
    const body = JSON.parse(json) as JsonObject
    return { status: response.status, rule: ruleOf(body), body }
  }
  return {
    send,
    async begin() {
      if (era === 'stateless') return
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } }
      await send({ id: 0, method: 'initialize', params })
    },
    call: (name: string, id: number, signal?: AbortSignal) => send({ id, method: 'tools/call', params: { name, arguments: {} } }, signal),
  }
}

function ruleOf({ error }: JsonObject): string | undefined {
  const data = (error as JsonObject | undefined)?.['data'] as JsonObject | undefined
  return data?.['rule'] as string | undefined
}

const of = ({ sent }: ScriptedServer, method: string) => sent.filter((message) => message['method'] === method)
const result = (id: Json | undefined) => ({ id: id ?? null, result: { content: [], resultType: 'complete' } })
const pairs = eras.flatMap((era) => eras.map((serverEra) => ({ era, serverEra })))

describe.each(pairs)('a client of the era $era at a server of the era $serverEra', ({ era, serverEra }) => {
  it('whose key ends has its call cancelled at the server, and its session is gone; others go on', async () => {
    const { server, fleet } = await start(serverEra, ({ method, id, params }, say) => {
      if (method === 'tools/call' && (params as JsonObject)['name'] === 'read') say(result(id))
    })
    const [ann, bob] = [clientOf(fleet, era, 'ann'), clientOf(fleet, era, 'bob')]
    await Promise.all([ann.begin(), bob.begin()])
    const under = ann.call('write', 1)
    await expect.poll(() => of(server, 'tools/call')).toHaveLength(1)
    expect(fleet.gateway.holds('ann')).toBe(true)
    await fleet.gateway.endPrincipal('ann')
    const ended = await under
    expect(ended.rule).toBe(era === 'session' ? 'session-ended' : 'key-ended')
    const [call] = of(server, 'tools/call')
    const cancelled = of(server, 'notifications/cancelled').map(({ params }) => (params as JsonObject)['requestId'])
    expect(cancelled).toContain(call?.['id'])
    expect(fleet.gateway.holds('ann')).toBe(false)
    expect(fleet.usage).toMatchObject([{ principal: 'ann', outcome: 'cancelled' }])
    if (era === 'session') expect((await ann.call('read', 2)).status).toBe(404)
    expect((await bob.call('read', 1)).body).toHaveProperty('result')
  })

  it('that goes away has its call cancelled at the server', async () => {
    const { server, fleet } = await start(serverEra, () => {})
    const ann = clientOf(fleet, era, 'ann')
    await ann.begin()
    const abort = new AbortController()
    const under = ann.call('write', 1, abort.signal).then(
      ({ body }) => body,
      () => 'gone',
    )
    await expect.poll(() => of(server, 'tools/call')).toHaveLength(1)
    // A client with a session may come back for its answer; it cancels by saying so.
    if (era === 'session') await ann.send({ method: 'notifications/cancelled', params: { requestId: 1 } })
    else abort.abort()
    await expect.poll(() => of(server, 'notifications/cancelled')).toHaveLength(1)
    // Nobody gets an answer: the protocol wants none.
    expect(await under).toEqual(era === 'session' ? {} : 'gone')
    await expect.poll(() => fleet.usage).toMatchObject([{ outcome: 'cancelled' }])
  })

  it.each([
    ['marked as harmless', true, 2, undefined],
    ['not marked', false, 1, 'link-ended'],
  ])('makes a call once more after a crash only where it is %s', async (_what, retrySafe, times, rule) => {
    const { server, fleet } = await start(
      serverEra,
      ({ method, id }, say) => {
        if (method !== 'tools/call') return
        if (of(server, 'tools/call').length === 1) server.crash()
        else say(result(id))
      },
      { callable: () => ({ kind: 'ok', timeoutMs: 5_000, retrySafe }) },
    )
    const ann = clientOf(fleet, era, 'ann')
    await ann.begin()
    const first = await ann.call('read', 1)
    expect([of(server, 'tools/call').length, first.rule]).toEqual([times, rule])
    // The same client goes on, at a server that was started anew.
    expect((await ann.call('read', 2)).body).toHaveProperty('result')
    expect(fleet.server('it').starts()).toBe(2)
    expect(fleet.usage.map(({ outcome }) => outcome)).toEqual([retrySafe ? 'ok' : 'lost', 'ok'])
  })
})

describe.each(eras)('a call by somebody who speaks no MCP, at a server of the era %s', (serverEra) => {
  it('gives the result, or the rule by which there is none, and leaves its record', async () => {
    const { fleet } = await start(
      serverEra,
      ({ method, id }, say) => {
        if (method === 'tools/call') say({ id: id ?? null, result: { content: [{ type: 'text', text: 'done' }], resultType: 'complete' } })
      },
      {
        callable: (tool) =>
          tool === 'write'
            ? { kind: 'refused', rule: 'tool-disabled', says: 'write is disabled', as: 'error' }
            : { kind: 'ok', timeoutMs: 5_000, retrySafe: false },
      },
    )
    const { signal } = new AbortController()
    const call = (tool: string, server = 'it') => fleet.gateway.callTool({ server, tool, arguments: {}, principal: 'key-1', signal })
    expect(await call('read')).toMatchObject({ kind: 'result', result: { content: [{ text: 'done' }] } })
    expect(await call('write')).toEqual({ kind: 'error', rule: 'tool-disabled', says: 'write is disabled' })
    expect(await call('read', 'nowhere')).toMatchObject({ kind: 'error', rule: 'unknown-server' })
    expect(fleet.usage.map(({ principal, tool, outcome }) => [principal, tool, outcome])).toEqual([
      ['key-1', 'read', 'ok'],
      ['key-1', 'write', 'refused'],
    ])
  })

  it('is cancelled at the server when its caller waits for less long than the server may take, and the server is not at fault', async () => {
    const { server, fleet } = await start(serverEra, () => {})
    const { signal } = new AbortController()
    const call = { server: 'it', tool: 'read', arguments: {}, principal: 'key-1', signal, timeoutMs: 50 }
    expect(await fleet.gateway.callTool(call)).toEqual({
      ...{ kind: 'error', rule: 'timed-out' },
      says: 'tool "read" of server it gave no answer within the 50 ms of its caller, and was cancelled; it may have had its effect',
    })
    await expect.poll(() => of(server, 'notifications/cancelled')).toHaveLength(1)
    expect(fleet.usage.map(({ outcome, rule }) => [outcome, rule])).toEqual([['cancelled', 'client-gone']])
  })

  it('has the time-out of the server where its own is no shorter', async () => {
    const { fleet } = await start(serverEra, () => {}, {
      callTimeoutMs: 100,
      callable: () => ({ kind: 'ok', timeoutMs: 100, retrySafe: false }),
    })
    const { signal } = new AbortController()
    const call = { server: 'it', tool: 'read', arguments: {}, principal: 'key-1', signal, timeoutMs: 100 }
    expect(await fleet.gateway.callTool(call)).toMatchObject({ kind: 'error', rule: 'timed-out' })
    expect(fleet.usage.map(({ outcome }) => outcome)).toEqual(['timed-out'])
  })

  it('is cancelled at the server when its caller goes', async () => {
    const { server, fleet } = await start(serverEra, () => {})
    const abort = new AbortController()
    const under = fleet.gateway.callTool({ server: 'it', tool: 'read', arguments: {}, principal: 'key-1', signal: abort.signal })
    await expect.poll(() => of(server, 'tools/call')).toHaveLength(1)
    abort.abort()
    expect(await under).toMatchObject({ kind: 'error', rule: 'client-gone' })
    await expect.poll(() => of(server, 'notifications/cancelled')).toHaveLength(1)
  })
})

describe('what a server says by itself on a shared line', () => {
  it('is told to all when it is for all, and to nobody when it is of one: each by its rule', async () => {
    const { server, fleet } = await start('session', ({ method, id }, say) => {
      if (method !== 'tools/call') return
      say({ method: 'notifications/cancelled', params: { requestId: 'of-nobody' } })
      say({ method: 'notifications/progress', params: { progressToken: 'guessed', progress: 1 } })
      say({ id: 'roots', method: 'roots/list' })
      say(result(id))
      say({ id: 'later', method: 'sampling/createMessage', params: {} })
      say({ id: 'unknown', method: 'no/such', params: {} })
    })
    const ann = clientOf(fleet, 'session', 'ann')
    await ann.begin()
    expect((await ann.call('ask', 1)).body).toHaveProperty('result')
    const refusals = () =>
      server.sent.filter((message) => message['error'] !== undefined).map((message) => [message['id'], ruleOf(message)])
    await expect.poll(refusals).toEqual([
      ['roots', 'client-lacks-capability'],
      ['later', 'no-live-call'],
      ['unknown', 'no-live-call'],
    ])
    expect(fleet.noise.map(([kind]) => kind)).toContain('progress-for-nobody')
  })
})
