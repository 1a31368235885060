/**
 * The way of every caller to the managed servers, in whichever era each of the two speaks. It knows no sockets: an exchange comes in, a reply is
 * written. A session opens nothing to anybody but the principal that began it.
 */
import { CODE, failure, protocolError } from '../../../domain/mcp/errors.ts'
import { isReadable, type Message, MOST_LEVELS, methodOf, readMessage, type Unreadable } from '../../../domain/mcp/message.ts'
import { META, metaOf, paramsOf } from '../../../domain/mcp/meta.ts'
import { isSessionVersion } from '../../../domain/mcp/versions.ts'
import { GatewayRefusal, type GatewayServer, type PlainAnswer, type PlainCall } from '../../../domain/ports/mcp.ts'
import { type ClientSession, createClientSession, initializeOf, isInitialize } from './client-session.ts'
import { type GatewayContext, type GatewayParts, gatewayLimits } from './context.ts'
import type { Inbound, Reply } from './exchange.ts'
import { callPlainly } from './plain-call.ts'
import { createStatelessGate } from './stateless-gate.ts'

export interface Gateway {
  handle(inbound: Inbound, reply: Reply): void
  /** For callers who speak no MCP. Never rejects. */
  callTool(call: PlainCall): Promise<PlainAnswer>
  /** The list that is served for this server is another now: everybody who listens is told. */
  toolsChanged(serverId: string): void
  /** How many clients have a session, or a line of their own, with a server. */
  clientsOf(serverId: string): number
  /** Sessions that are known, and lines that belong to one client alone. */
  counts(): Readonly<{ sessions: number; ownLines: number }>
  /** Of a server that is no more: whoever still listens hears that it is over. */
  endSessions(serverId: string): Promise<void>
  /** Whether something of this key is open: a session, a request, a line. */
  holds(principal: string): boolean
  /** A key is no longer good: its sessions and streams end, its calls are cancelled at their servers, its lines are closed. */
  endPrincipal(principal: string): Promise<void>
  close(): Promise<void>
}

const SWEEP_MS = 1_000
const KEEP_ALIVE_EVERY = 15

export function createGateway({ directory, record, onRefused, freshId, nowMs = Date.now, limits: some }: GatewayParts): Gateway {
  const limits = { ...gatewayLimits, ...some }
  const sessions = new Map<string, ClientSession>()
  const context: GatewayContext = {
    record,
    refused: (server, rule, says) => onRefused?.({ server, rule, says }),
    freshId: freshId ?? (() => crypto.randomUUID()),
    nowMs,
    limits,
    makeRoom,
  }
  const stateless = createStatelessGate(context)
  let sweeps = 0
  const sweeping = setInterval(sweep, SWEEP_MS).unref()

  /** Lines that belong to one client alone, of one server. */
  const ownLines = (serverId: string) => [
    ...[...sessions.values()].filter((session) => session.serverId === serverId && session.holdsLine),
    ...[...stateless.pool.lines()].filter((line) => line.serverId === serverId),
  ]

  /** Lines that are being opened count as well: many clients may come at once. */
  const opening = new Map<string, number>()

  async function makeRoom({ serverId, name, maxSessions }: GatewayServer): Promise<() => void> {
    const others = opening.get(serverId) ?? 0
    const held = ownLines(serverId)
    const tooMany = held.length + others + 1 - maxSessions
    const idlest = held.filter(({ busy }) => !busy).sort((a, b) => a.lastUsedMs - b.lastUsedMs)
    if (tooMany > idlest.length) {
      throw new GatewayRefusal('too-many-sessions', `server ${name} has its ${maxSessions} sessions, and all of them are in use`)
    }
    opening.set(serverId, others + 1)
    await Promise.all(idlest.slice(0, Math.max(0, tooMany)).map(release))
    let open = true
    return () => {
      if (!open) return
      open = false
      const left = (opening.get(serverId) ?? 1) - 1
      if (left > 0) opening.set(serverId, left)
      else opening.delete(serverId)
    }
  }

  function sweep(): void {
    const now = nowMs()
    const keepAlive = ++sweeps % KEEP_ALIVE_EVERY === 0
    for (const session of sessions.values()) {
      session.sweep(now, keepAlive)
      if (!session.busy && now - session.lastUsedMs > limits.sessionTtlMs) void end(session)
    }
    for (const session of sessions.values()) {
      if (session.holdsLine && !session.busy && now - session.lastUsedMs > idleMs(session.serverId)) void release(session)
    }
    for (const line of stateless.pool.lines()) if (!line.busy && now - line.lastUsedMs > idleMs(line.serverId)) void release(line)
    stateless.sweep(now, keepAlive)
  }

  const idle = new Map<string, number>()
  const idleMs = (serverId: string): number => idle.get(serverId) ?? 300_000

  /** Never rejects: nobody waits for most of these, and what a program left behind is its server's to end. */
  const release = (line: Pick<ClientSession, 'serverId' | 'release'>): Promise<void> =>
    line.release().catch((error: unknown) => context.refused(line.serverId, 'line-not-ended', String(error)))

  async function end(session: ClientSession): Promise<void> {
    sessions.delete(session.id)
    await session.close().catch((error: unknown) => context.refused(session.serverId, 'line-not-ended', String(error)))
  }

  function post(server: GatewayServer, inbound: Inbound, reply: Reply) {
    const message = readMessage(inbound.body)
    if (!isReadable(message)) return unreadable(message, reply)
    if (isStateless(inbound, message)) {
      if (message.kind === 'request') return stateless.take(server, inbound, message, reply)
      context.refused(server.name, 'no-counterpart', `a client without a session sent ${methodOf(message)}`)
      return message.kind === 'notification' ? reply.empty(202) : reply.json(400, failure(null, NO_RESPONSES).text)
    }
    const id = inbound.header('mcp-session-id')
    if (id === undefined && isInitialize(message)) return void begin(server, inbound, message, reply)
    const session = sessionOf(server, inbound, reply)
    if (session !== undefined) session.take(server, message, reply)
  }

  async function begin(server: GatewayServer, { principal }: Inbound, message: Message, reply: Reply): Promise<void> {
    if (!hasRoom(principal)) return reply.json(429, failure(null, TOO_MANY).text)
    const session = createClientSession({ id: context.freshId(), principal, server, initialize: initializeOf(message) }, context)
    sessions.set(session.id, session)
    const begun = await session.begin(server, message, reply)
    if (!begun) sessions.delete(session.id)
  }

  /** Makes room by forgetting the session that was idle for longest, of this principal first. */
  function hasRoom(principal: string): boolean {
    const mine = [...sessions.values()].filter((session) => session.principal === principal)
    const full = mine.length >= limits.sessionsPerPrincipal ? mine : sessions.size >= limits.sessions ? [...sessions.values()] : undefined
    if (full === undefined) return true
    const [oldest] = full.filter(({ busy }) => !busy).sort((a, b) => a.lastUsedMs - b.lastUsedMs)
    if (oldest === undefined) return false
    void end(oldest)
    return true
  }

  function sessionOf(server: GatewayServer, { header, principal }: Inbound, reply: Reply): ClientSession | undefined {
    const id = header('mcp-session-id')
    if (id === undefined) {
      reply.json(400, failure(null, NO_SESSION).text)
      return undefined
    }
    const session = sessions.get(id)
    if (session === undefined || session.principal !== principal || session.serverId !== server.serverId) {
      reply.json(404, failure(null, UNKNOWN_SESSION).text)
      return undefined
    }
    const version = header('mcp-protocol-version')
    if (version !== undefined && !isSessionVersion(version)) {
      reply.json(
        400,
        failure(null, { code: CODE.invalidRequest, rule: 'protocol-version', says: 'this revision is not spoken within a session' }).text,
      )
      return undefined
    }
    return session
  }

  const gateway: Gateway = {
    callTool: (call) => callPlainly(call, { directory, handle: gateway.handle }),
    handle(inbound, reply) {
      const server = directory.find(inbound.server)
      if (server === undefined) return reply.json(404, failure(null, UNKNOWN_SERVER).text)
      idle.set(server.serverId, server.sessionIdleMs)
      switch (inbound.verb) {
        case 'POST':
          return post(server, inbound, reply)
        case 'GET': {
          if (inbound.header('mcp-session-id') === undefined) return reply.json(405, failure(null, NO_STREAM).text, { allow: 'POST' })
          const session = sessionOf(server, inbound, reply)
          return session?.listen(server, reply, inbound.header('last-event-id'))
        }
        case 'DELETE': {
          if (inbound.header('mcp-session-id') === undefined) return reply.json(405, failure(null, NO_STREAM).text, { allow: 'POST' })
          const session = sessionOf(server, inbound, reply)
          if (session === undefined) return
          void end(session)
          return reply.empty(200)
        }
      }
    },
    toolsChanged(serverId) {
      for (const session of sessions.values()) if (session.serverId === serverId) session.toolsChanged()
      stateless.toolsChanged(serverId)
    },
    clientsOf: (serverId) =>
      [...sessions.values()].filter((session) => session.serverId === serverId).length +
      [...stateless.pool.lines()].filter((line) => line.serverId === serverId).length,
    counts: () => ({
      sessions: sessions.size,
      ownLines: [...sessions.values()].filter(({ holdsLine }) => holdsLine).length + [...stateless.pool.lines()].length,
    }),
    async endSessions(serverId) {
      const all = [...sessions.values()].filter((session) => session.serverId === serverId)
      const lines = [...stateless.pool.lines()].filter((line) => line.serverId === serverId)
      idle.delete(serverId)
      await Promise.all([...all.map(end), ...lines.map(release)])
    },
    holds(principal) {
      for (const session of sessions.values()) if (session.principal === principal) return true
      return stateless.holds(principal)
    },
    async endPrincipal(principal) {
      await Promise.allSettled([...sessions.values()].filter((session) => session.principal === principal).map(end))
      await stateless.endPrincipal(principal)
    },
    async close() {
      clearInterval(sweeping)
      await Promise.allSettled([...[...sessions.values()].map(end), stateless.close()])
    },
  }
  return gateway
}

/** By its own words: the reserved field of its body, or a revision in its header that knows no sessions. */
function isStateless({ header }: Inbound, message: Message): boolean {
  const version = header('mcp-protocol-version')
  if (version !== undefined && !isSessionVersion(version) && header('mcp-session-id') === undefined) return true
  return message.kind === 'request' && META.version in metaOf(paramsOf(message.value))
}

function unreadable({ unreadable: why, id }: Unreadable, reply: Reply) {
  switch (why) {
    case 'not-json':
      return reply.json(400, protocolError(null, CODE.notJson, 'Parse error: the body is no JSON').text)
    case 'too-deep':
      return reply.json(400, protocolError(null, CODE.invalidRequest, `Invalid Request: nested deeper than ${MOST_LEVELS} levels`).text)
    case 'batch':
      return reply.json(400, protocolError(null, CODE.invalidRequest, 'Invalid Request: send each message by itself').text)
    case 'not-json-rpc':
      return reply.json(400, protocolError(id ?? null, CODE.invalidRequest, 'Invalid Request: the body is no message of JSON-RPC 2.0').text)
  }
}

const NO_SESSION = {
  code: CODE.invalidRequest,
  rule: 'session-id-missing',
  says: 'the header Mcp-Session-Id is missing; begin with initialize',
}
const UNKNOWN_SESSION = { code: CODE.invalidRequest, rule: 'unknown-session', says: 'Session not found' }
const UNKNOWN_SERVER = { code: CODE.invalidRequest, rule: 'unknown-server', says: 'there is no such server' }
const NO_STREAM = { code: CODE.invalidRequest, rule: 'method-not-allowed', says: 'without a session there is only POST' }
const NO_RESPONSES = {
  code: CODE.invalidRequest,
  rule: 'no-responses-without-a-session',
  says: 'answers to questions go into a retry of the request',
}
const TOO_MANY = { code: CODE.refused, rule: 'too-many-sessions', says: 'there are as many sessions as there may be, and all are in use' }
