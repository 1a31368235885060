/** Whatever a server writes that is no proper answer is named and counted, and disturbs nobody else. */
import { describe, expect, it } from 'vitest'
import { listTools, probe } from '../../../src/adapters/mcp/list-tools.ts'
import { negotiate } from '../../../src/adapters/mcp/negotiate.ts'
import { createStdioLink } from '../../../src/adapters/mcp/stdio-link.ts'
import { type Message, makeMessage } from '../../../src/domain/mcp/message.ts'
import type { ChildProcess, ChildReader } from '../../../src/domain/ports/child-processes.ts'
import type { JsonObject } from '../../../src/domain/ports/json.ts'
import { HandshakeFailed, McpRequestFailed, type McpSession, type NoiseKind, type Prior } from '../../../src/domain/ports/mcp.ts'

type Sent = JsonObject & { method?: string; id?: number; params?: JsonObject }
type Says = (message: JsonObject) => void
type Script = (message: Sent, says: Says, raw: (line: string) => void) => void

const IDENTITY = { info: { name: 't', version: '1' }, capabilities: {} }

/** A child whose lines a script writes. */
function scripted(script: Script) {
  const sent: Sent[] = []
  const ended = Promise.withResolvers<{ code: number | null; signal: string | null; outOfMemory: boolean }>()
  let reader: ChildReader | undefined
  const raw = (line: string): void => reader?.line(line)
  const says: Says = (message) => raw(JSON.stringify({ jsonrpc: '2.0', ...message }))
  const child: ChildProcess = {
    process: { pid: 1, startTicks: '1', limitedBy: 'none' },
    read: (to) => {
      reader = to
    },
    pause() {},
    resume() {},
    async write(line) {
      const message = JSON.parse(line) as Sent
      sent.push(message)
      queueMicrotask(() => script(message, says, raw))
    },
    stderrTail: () => '',
    ended: ended.promise,
    async stop() {
      ended.resolve({ code: 0, signal: null, outOfMemory: false })
      return { code: 0, signal: null, outOfMemory: false, how: 'asked' }
    },
  }
  return {
    child,
    sent,
    raw,
    says,
    end: (code: number) => ended.resolve({ code, signal: null, outOfMemory: false }),
    closed: () => reader?.ended('closed'),
  }
}

const handshake: Script = ({ method, id }, says) => {
  if (id === undefined) return
  if (method === 'server/discover') says({ id, error: { code: -32601, message: 'what?' } })
  if (method === 'initialize')
    says({ id, result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } } })
  if (method === 'ping') says({ id, result: {} })
}

async function open(script: Script, options: { prior?: Prior; timeoutMs?: number } = {}) {
  const noise: NoiseKind[] = []
  const it = scripted((message, says, raw) => {
    handshake(message, says, raw)
    script(message, says, raw)
  })
  const link = createStdioLink(it.child)
  const session = await negotiate(link, { identity: IDENTITY, timeoutMs: 1_000, onNoise: (kind) => noise.push(kind), ...options })
  return { ...it, link, session, noise }
}

const call = (session: McpSession, timeoutMs = 500) => session.request('tools/call', { name: 'x' }, { timeoutMs })

describe('a line', () => {
  it('names what is no message and goes on', async () => {
    const { session, noise, raw } = await open(({ method, id }, says) => {
      if (method === 'tools/call') says({ id: id ?? 0, result: { ok: true } })
    })
    for (const line of [
      'Server listening on stdio',
      '{"jsonrpc":"2.0","id":1,"resu',
      '[1,2]',
      '{"hello":1}',
      '"text"',
      '{"jsonrpc":"2.0","id":1.5,"result":{}}',
      // It could be read, but not written again: that takes stack.
      `{"result":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)},"id":1,"id":1,"jsonrpc":"2.0"}`,
    ])
      raw(line)
    expect(noise).toEqual(['not-json', 'not-json', 'batch', 'not-json-rpc', 'not-json-rpc', 'not-json-rpc', 'too-deep'])
    expect(await call(session)).toEqual({ ok: true })
  })

  it('names an answer that nobody waits for, the second answer, and one that comes too late', async () => {
    const late: (() => void)[] = []
    const { session, noise } = await open(({ method, id = 0, params }, says) => {
      if (method !== 'tools/call') return
      if (params?.['name'] === 'late') return void late.push(() => says({ id, result: {} }))
      says({ id: 4_711, result: {} })
      says({ id: 'text', result: {} })
      says({ id, result: { first: true } })
      says({ id, result: { second: true } })
    })
    expect(await call(session)).toEqual({ first: true })
    await expect(session.request('tools/call', { name: 'late' }, { timeoutMs: 50 })).rejects.toMatchObject({ rule: 'timed-out' })
    for (const answer of late) answer()
    expect(noise).toEqual(['unknown-answer', 'unknown-answer', 'duplicate-answer', 'late-answer'])
    expect(session.noise()).toEqual({ 'unknown-answer': 2, 'duplicate-answer': 1, 'late-answer': 1 })
  })

  it('cancels at the server what timed out or was given up, and only that', async () => {
    const { session, sent } = await open(() => {})
    const abort = new AbortController()
    const given = session.request('tools/call', { name: 'given up' }, { timeoutMs: 5_000, signal: abort.signal })
    const timed = call(session, 50)
    abort.abort()
    await expect(given).rejects.toMatchObject({ rule: 'aborted' })
    await expect(timed).rejects.toMatchObject({ rule: 'timed-out' })
    const ids = sent.filter(({ method }) => method === 'tools/call').map(({ id }) => id)
    const cancelled = sent.filter(
      ({ method, params }) => method === 'notifications/cancelled' && ids.includes(Number(params?.['requestId'])),
    )
    expect(cancelled.map(({ params }) => params?.['requestId'])).toEqual(ids)
  })

  it('fails what is under way when the program ends, and says with what', async () => {
    const { session, end } = await open(() => {})
    const under = call(session, 5_000)
    end(3)
    await expect(under).rejects.toThrow(/ended with code 3/)
    expect(session.open).toBe(false)
    await expect(call(session)).rejects.toMatchObject({ rule: 'link-ended' })
  })

  it('refuses by name a question of the server that belongs to no call of a client', async () => {
    const { sent, says } = await open(() => {})
    says({ id: 'q', method: 'sampling/createMessage', params: {} })
    says({ id: 'p', method: 'ping' })
    await expect
      .poll(() => sent.filter(({ method }) => method === undefined))
      .toMatchObject([
        { id: 'q', error: { data: { rule: 'no-live-call' } } },
        { id: 'p', result: {} },
      ])
  })

  it('goes on waiting while there is progress', async () => {
    const { session } = await open(({ method, id = 0, params }, says) => {
      if (method !== 'tools/call') return
      let step = 0
      const timer = setInterval(() => {
        says({ method: 'notifications/progress', params: { progressToken: Number(tokenOf(params)), progress: ++step } })
        if (step < 6) return
        clearInterval(timer)
        says({ id, result: { steps: step } })
      }, 60)
    })
    expect(await session.request('tools/call', { name: 'x' }, { timeoutMs: 250, onProgress() {} })).toEqual({ steps: 6 })
  })
})

const tokenOf = (params: JsonObject | undefined): unknown => (params?.['_meta'] as JsonObject | undefined)?.['progressToken']

describe('the handshake', () => {
  it('falls back to the older era on the same process', async () => {
    const { session, sent } = await open(() => {})
    expect(session.negotiated).toMatchObject({ era: 'session', version: '2025-06-18' })
    expect(sent.map(({ method }) => method)).toEqual(['server/discover', 'initialize', 'notifications/initialized'])
  })

  it('asks nothing that is known from before', async () => {
    const { sent } = await open(() => {}, { prior: { era: 'session', version: '2025-06-18' } })
    expect(sent.map(({ method }) => method)).toEqual(['initialize', 'notifications/initialized'])
  })

  it('takes the stateless era where it is spoken, also when the server became that since', async () => {
    const stateless: Script = ({ method, id = 0 }, says) => {
      if (method === 'initialize') says({ id, error: { code: -32022, message: 'no', data: { supported: ['2026-07-28'] } } })
      if (method === 'server/discover')
        says({ id, result: { supportedVersions: ['2026-07-28'], capabilities: {}, resultType: 'complete' } })
    }
    for (const prior of [undefined, { era: 'session', version: '2025-11-25' }] as const) {
      const it = scripted(stateless)
      const session = await negotiate(createStdioLink(it.child), {
        identity: IDENTITY,
        timeoutMs: 1_000,
        ...(prior === undefined ? {} : { prior }),
      })
      expect(session.negotiated).toMatchObject({ era: 'stateless', version: '2026-07-28' })
    }
  })

  it('takes a slow stateless server at its word, though it refuses initialize before it answers', async () => {
    let discovering: JsonObject['id']
    const it = scripted(({ method, id = 0 }, says) => {
      if (method === 'server/discover') discovering = id
      if (method !== 'initialize') return
      says({ id, error: { code: -32022, message: 'no', data: { supported: ['2026-07-28'] } } })
      setTimeout(() => {
        says({ id: discovering ?? 0, result: { supportedVersions: ['2026-07-28'], capabilities: {}, resultType: 'complete' } })
      }, 50)
    })
    const session = await negotiate(createStdioLink(it.child), { identity: IDENTITY, timeoutMs: 10_000 })
    expect(session.negotiated).toMatchObject({ era: 'stateless', version: '2026-07-28' })
  })

  it('says that a program which died of the question is to be asked the older way', async () => {
    const it = scripted(({ method }) => {
      if (method === 'server/discover') queueMicrotask(() => it.end(1))
    })
    const failed = negotiate(createStdioLink(it.child), { identity: IDENTITY, timeoutMs: 1_000 })
    await expect(failed).rejects.toMatchObject({ rule: 'exited', tryNext: { era: 'session' } })
  })

  it('tells a silent program from one that speaks something else', async () => {
    const silent = scripted(() => {})
    await expect(negotiate(createStdioLink(silent.child), { identity: IDENTITY, timeoutMs: 80 })).rejects.toMatchObject({
      rule: 'start-timeout',
    })
    const chatty = scripted((_message, _says, raw) => raw('Usage: server [options]'))
    const failed = negotiate(createStdioLink(chatty.child), { identity: IDENTITY, timeoutMs: 80 })
    await expect(failed).rejects.toMatchObject({ rule: 'not-mcp' })
    await expect(failed).rejects.toBeInstanceOf(HandshakeFailed)
  })
})

describe('listing tools', () => {
  const tool = (name: string) => ({ name, inputSchema: { type: 'object' } })
  const pages =
    (of: (cursor: unknown) => JsonObject): Script =>
    ({ method, id = 0, params }, says) => {
      if (method === 'tools/list') says({ id, result: of(params?.['cursor']) })
    }

  it('takes all pages, and names what cannot be served', async () => {
    const deep = JSON.parse(`${'{"properties":'.repeat(100)}{}${'}'.repeat(100)}`)
    const { session } = await open(
      pages((cursor) =>
        cursor === undefined
          ? { tools: [tool('a'), { name: 'b' }, { name: '', inputSchema: {} }], nextCursor: 'more' }
          : { tools: [tool('c'), tool('a'), 7, { ...tool('d'), inputSchema: deep }] },
      ),
    )
    const { tools, invalid } = await listTools(session, { timeoutMs: 1_000 })
    expect(tools.map(({ name }) => name)).toEqual(['a', 'c'])
    expect(invalid).toEqual([
      { name: 'b', says: 'has no inputSchema' },
      { name: '', says: 'has no name' },
      { name: 'a', says: 'is listed twice; the first is taken' },
      { name: '#4', says: 'is no object' },
      { name: 'd', says: 'is nested deeper than 64 levels' },
    ])
  })

  it('ends at its bounds: pages in a circle, too many pages, tools or bytes', async () => {
    const refused = async (of: (cursor: unknown) => JsonObject, options: object = {}) => {
      const { session } = await open(pages(of))
      return listTools(session, { timeoutMs: 1_000, ...options }).catch((error: unknown) =>
        error instanceof McpRequestFailed ? error.rule : error,
      )
    }
    expect(await refused(() => ({ tools: [], nextCursor: 'same' }))).toBe('unreadable-answer')
    let page = 0
    expect(await refused(() => ({ tools: [], nextCursor: `${page++}` }), { maxPages: 5 })).toBe('too-large')
    expect(await refused(() => ({ tools: [tool('a'), tool('b')] }), { maxTools: 1 })).toBe('too-large')
    expect(await refused(() => ({ tools: [tool('a'.repeat(200))] }), { maxBytes: 100 })).toBe('too-large')
    expect(await refused(() => ({ other: 1 }))).toBe('unreadable-answer')
  })

  it('is asked only of a server that has tools, and probing costs a ping', async () => {
    const { session, sent } = await open(() => {})
    expect(await probe(session, { timeoutMs: 500 })).toBeGreaterThanOrEqual(0)
    expect(sent.at(-1)?.method).toBe('ping')
  })
})

describe('a line that takes no new callers', () => {
  const sink = () => {
    const settled = Promise.withResolvers<void>()
    return { settled: settled.promise, sink: { notified: () => undefined, asked: () => undefined, settled: () => settled.resolve() } }
  }
  const call = (method: string): Message => makeMessage({ jsonrpc: '2.0', id: 7, method, params: { name: 'slow' } })
  const isIdle = async (idle: Promise<void>): Promise<boolean> =>
    Promise.race([idle.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))])

  it('is idle when the last call has its answer, and open again when it is disposed of', async () => {
    let answer = (): void => undefined
    const { session } = await open(({ method, id }, says) => {
      if (method === 'tools/call') answer = () => says({ id: id ?? 0, result: { content: [] } })
    })
    const slow = sink()
    session.forward(call('tools/call'), slow.sink, { timeoutMs: 5_000 })
    await new Promise((resolve) => setImmediate(resolve))
    {
      using quiet = session.quiesce()
      expect(session.open).toBe(false)
      expect(await isIdle(quiet.idle)).toBe(false)
      answer()
      await slow.settled
      expect(await isIdle(quiet.idle)).toBe(true)
    }
    expect(session.open).toBe(true)
  })

  it('waits for no subscription: those have no end of their own', async () => {
    const { session } = await open(() => undefined)
    session.forward(call('subscriptions/listen'), sink().sink, { timeoutMs: 5_000 })
    using quiet = session.quiesce()
    expect(await isIdle(quiet.idle)).toBe(true)
  })
})
