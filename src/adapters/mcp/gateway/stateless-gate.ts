/**
 * Clients of the stateless era: each request says everything, and is judged by itself. A connection that closes cancels its request at the server.
 */
import { CODE, failure, protocolError, type Refusal } from '../../../domain/mcp/errors.ts'
import { idOf, type Message, makeMessage, methodOf, notification, type RequestId, request, result } from '../../../domain/mcp/message.ts'
import { isObject, META, paramsOf, withoutEnvelope } from '../../../domain/mcp/meta.ts'
import { inBothEras, METHOD } from '../../../domain/mcp/methods.ts'
import { readdressAnswer } from '../../../domain/mcp/readdress.ts'
import { parameterMismatch, readStatelessRequest, type StatelessRequest, statusOf } from '../../../domain/mcp/stateless-request.ts'
import { discovered, errorToStateless, resultToStateless } from '../../../domain/mcp/translate.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import type { CallSink, GatewayServer, McpSession, Settlement } from '../../../domain/ports/mcp.ts'
import type { GatewayContext } from './context.ts'
import type { Inbound, Reply } from './exchange.ts'
import { createLinePool, type LinePool } from './line-pool.ts'
import { deskOf, isLoudEnough } from './shared-desk.ts'
import { createStatelessReply, type StatelessReply } from './stateless-reply.ts'
import { type Subscription, subscribe } from './subscription.ts'
import { createSuspendedCalls } from './suspended-calls.ts'
import { type Admission, type Asked, admit, ruleOf, startUsage, type Usage, unavailable, withoutAnswer } from './tool-call.ts'
import { listForStateless, mirroredHeaders, mirroredOf } from './tool-list.ts'

export interface StatelessGate {
  take(server: GatewayServer, inbound: Inbound, message: Message, reply: Reply): void
  readonly pool: LinePool
  toolsChanged(serverId: string): void
  /** Ends its subscriptions and gives up its lines. */
  endPrincipal(principal: string): Promise<void>
  /** Keeps quiet streams open, and lets questions lapse. */
  sweep(nowMs: number, keepAlive: boolean): void
  close(): Promise<void>
}

type Visit = Readonly<{
  server: GatewayServer
  principal: string
  message: Message
  asked: Asked
  stateless: StatelessRequest
  reply: StatelessReply
  usage: Usage | undefined
  onGone: (callback: () => void) => void
}>

type Go = Extract<Admission, { kind: 'go' }>
type TakenLine = Readonly<{ session: McpSession; done: () => void }>
const NOTHING = (): void => {}

export function createStatelessGate(context: GatewayContext): StatelessGate {
  const pool = createLinePool(context)
  const suspended = createSuspendedCalls(context)
  /** What is under way, and whose it is. */
  const streams = new Map<StatelessReply, string>()
  /** Lines that all share, as long as they are open. */
  const shared = new Map<string, McpSession>()
  const subscriptions = new Map<Subscription, string>()

  function take(server: GatewayServer, inbound: Inbound, message: Message, to: Reply) {
    const id = idOf(message)
    if (id === undefined) return
    const read = readStatelessRequest(message.value, inbound.header)
    if ('status' in read) return to.json(read.status, protocolError(id, read.code, read.says, read.data).text)
    const { method, params } = read
    const mismatch =
      method === METHOD.callTool ? parameterMismatch(read, inbound.header, mirroredOf(server.tools(), String(params['name']))) : undefined
    if (mismatch !== undefined) return to.json(mismatch.status, protocolError(id, mismatch.code, mismatch.says).text)

    const asked: Asked = { method, id, params, era: 'stateless' }
    const { principal } = inbound
    const usage = method === METHOD.callTool ? startUsage(context, server, { principal, sessionId: undefined }, message) : undefined
    const admission = admit(server, asked, usage)
    if (admission.kind === 'answer') return to.json(200, admission.message.text)
    const reply = createStatelessReply(to)
    serve({ server, principal, message, asked, stateless: read, reply, usage, onGone: (callback) => to.onGone(callback) }, admission, true)
  }

  function serve(visit: Visit, admission: Go, mayRepeat: boolean) {
    const { server, asked, reply } = visit
    const known = server.negotiated
    if (asked.method === METHOD.listTools && known !== undefined) {
      return reply.finish(200, listForStateless(asked.id, server.tools(), known.serverInfo))
    }
    if (asked.method === METHOD.discover && known !== undefined) return reply.finish(200, result(asked.id, discovered(known)).text)
    // The usual case without a promise: it is the way of every call.
    const open = server.isolation === 'shared' ? shared.get(server.serverId) : undefined
    if (open?.open) return speak(visit, { session: open, done: NOTHING }, admission, mayRepeat)
    void connect(visit).then(
      (line) => speak(visit, line, admission, mayRepeat),
      (error: unknown) => finish(visit, 200, withUsage(visit, error)),
    )
  }

  async function connect({ server, principal, stateless }: Visit): Promise<TakenLine> {
    if (server.isolation === 'session') {
      const { client, capabilities, logLevel } = stateless
      return await pool.take(server, { principal, identity: { info: client ?? {}, capabilities }, logLevel })
    }
    const session = await server.shared(AbortSignal.timeout(server.callTimeoutMs))
    shared.set(server.serverId, session)
    return { session, done: NOTHING }
  }

  function speak(visit: Visit, line: TakenLine, admission: Go, mayRepeat: boolean) {
    const { server, asked, reply } = visit
    if (reply.over) {
      visit.usage?.end('cancelled', 'client-gone')
      return line.done()
    }
    const { negotiated } = line.session
    if (asked.method === METHOD.listTools) {
      line.done()
      return finish(visit, 200, listForStateless(asked.id, server.tools(), negotiated.serverInfo))
    }
    if (asked.method === METHOD.discover) {
      line.done()
      return finish(visit, 200, result(asked.id, discovered(negotiated)).text)
    }
    if (negotiated.era === 'stateless') return pass(visit, line, admission, mayRepeat)
    if (asked.method === METHOD.listen) return listen(visit, line)
    if (!inBothEras(asked.method)) {
      line.done()
      return finish(visit, 404, protocolError(asked.id, CODE.methodNotFound, 'Method not found').text)
    }
    bridge(visit, line, admission)
  }

  /** The same era on both sides: the text goes through as it is. */
  function pass(visit: Visit, line: TakenLine, admission: Go, mayRepeat: boolean): void {
    const { asked, stateless, message, reply, usage } = visit
    const listens = asked.method === METHOD.listen
    streams.set(reply, visit.principal)
    const own = listens ? listsOf(asked, reply) : undefined
    if (own !== undefined) subscriptions.set(own, visit.server.serverId)
    const call = line.session.forward(
      message,
      {
        notified(note) {
          if (!reply.notify(note.text)) call.cancel('the client does not read')
        },
        asked: (_question, answer) => answer(failure(0, NO_REQUESTS)),
        settled(settlement) {
          line.done()
          if (own !== undefined) subscriptions.delete(own)
          if (settlement.kind === 'answered') {
            usage?.answered(settlement.message)
            return finish(visit, statusOfAnswer(settlement.message), readdressAnswer(settlement.message, asked.id))
          }
          if (settlement.kind === 'lost' && mayRepeat && !listens && (settlement.loss.unseen || admission.retrySafe)) {
            return serve(visit, admission, false)
          }
          lost(visit, settlement)
        },
      },
      {
        timeoutMs: listens ? Number.POSITIVE_INFINITY : admission.timeoutMs,
        wantsLog: stateless.logLevel !== undefined,
        ...mirroredHeaders(visit.server, asked),
      },
    )
    visit.onGone(() => {
      line.done()
      if (own !== undefined) subscriptions.delete(own)
      streams.delete(reply)
      call.cancel('the client closed its connection')
      usage?.end('cancelled', 'client-gone')
    })
  }

  /** A server with sessions: in its words, and back in ours. */
  function bridge(visit: Visit, line: TakenLine, { timeoutMs }: Go) {
    const { server, principal, asked, stateless, message, reply } = visit
    const { session, done } = line
    const { serverInfo } = session.negotiated
    const { inputResponses: _responses, requestState, ...params } = asked.params
    streams.set(reply, principal)
    const at = { id: asked.id, reply, message }
    if (typeof requestState === 'string') {
      done()
      const resumed = suspended.resume(requestState, principal, server.name, at)
      if ('rule' in resumed) return finish(visit, 200, failure(asked.id, { code: CODE.invalidParams, ...resumed }).text)
      return visit.onGone(() => resumed.gone())
    }
    if (stateless.logLevel !== undefined && server.isolation === 'shared' && 'logging' in session.negotiated.capabilities) {
      // Every level is its own client of the desk: the line stays as talkative as anybody wanted it.
      deskOf(session, timeoutMs)
        .setLevel(levelClient(stateless.logLevel), stateless.logLevel)
        .catch(() => {})
    }
    const begun = suspended.begin(
      {
        principal,
        serverName: server.name,
        serverInfo,
        capabilities: stateless.capabilities,
        method: asked.method,
        start: (sink: CallSink) => session.forward(request(asked.id, asked.method, withoutEnvelope(params)), sink, { timeoutMs }),
        settle(now, settlement) {
          done()
          if (settlement.kind !== 'answered') return lost({ ...visit, asked: { ...asked, id: now.id }, reply: now.reply }, settlement)
          visit.usage?.answered(settlement.message)
          finish({ ...visit, reply: now.reply }, ...translated(settlement.message, asked.method, now.id, serverInfo))
        },
        keeps: (note) => {
          if (methodOf(note) !== METHOD.log) return true
          const level = paramsOf(note.value)['level']
          const asked = stateless.logLevel !== undefined && (typeof level !== 'string' || isLoudEnough(level, stateless.logLevel))
          if (!asked) context.refused(server.name, 'log-not-asked-for', 'a log line for a request that asked for none')
          return asked
        },
      },
      at,
    )
    visit.onGone(() => {
      streams.delete(reply)
      begun.gone()
    })
  }

  function listen(visit: Visit, { session, done }: TakenLine): void {
    const { server, asked, reply } = visit
    streams.set(reply, visit.principal)
    const end = (): void => {
      subscription.end()
      subscriptions.delete(subscription)
      streams.delete(reply)
      done()
    }
    const subscription = subscribe(session, {
      id: asked.id,
      params: asked.params,
      reply,
      timeoutMs: server.callTimeoutMs,
      onBroken: () => end(),
    })
    subscriptions.set(subscription, server.serverId)
    visit.onGone(end)
    void session.ended.then(({ says }) => {
      end()
      lost(visit, { kind: 'lost', loss: { rule: 'link-ended', says, unseen: false } })
    })
  }

  function lost(visit: Visit, settlement: Exclude<Settlement, { kind: 'answered' }>): void {
    visit.usage?.end(settlement.kind, settlement.kind === 'lost' ? settlement.loss.rule : 'timed-out')
    finish(visit, 200, withoutAnswer(visit.server, visit.asked, settlement).text)
  }

  function finish({ reply }: Pick<Visit, 'reply'>, status: number, text: string): void {
    streams.delete(reply)
    reply.finish(status, text)
  }

  function withUsage({ server, asked, usage }: Visit, error: unknown): string {
    usage?.end('lost', ruleOf(error))
    return unavailable(server, asked, error).text
  }

  return {
    take,
    pool,
    toolsChanged(serverId) {
      for (const [subscription, of] of subscriptions) if (of === serverId) subscription.toolsChanged()
    },
    async endPrincipal(principal) {
      for (const [reply, of] of streams) if (of === principal) reply.finish(401, failure(null, KEY_ENDED).text)
      await Promise.allSettled([...pool.lines()].filter((line) => line.principal === principal).map((line) => line.release()))
    },
    sweep(nowMs, keepAlive) {
      suspended.expire(nowMs)
      if (keepAlive) for (const reply of streams.keys()) reply.comment()
    },
    async close() {
      suspended.close()
      await pool.close()
    },
  }
}

/** What the gateway adds to a subscription at the server: the served list can change without the server having changed anything. */
function listsOf({ id, params }: Asked, reply: StatelessReply): Subscription | undefined {
  const filter = params['notifications']
  if (!isObject(filter) || filter['toolsListChanged'] !== true) return undefined
  return {
    end() {},
    toolsChanged: () => void reply.notify(notification(METHOD.toolsChanged, { _meta: { [META.subscription]: id } }).text),
  }
}

const KEY_ENDED: Refusal = { code: CODE.refused, rule: 'key-ended', says: 'the key of this request is no longer valid' }

const NO_REQUESTS: Refusal = {
  code: CODE.refused,
  rule: 'no-requests-without-a-session',
  says: 'a server of this era asks by input_required, not by a request of its own',
}

const levelClients = new Map<string, object>()
function levelClient(level: string): object {
  const known = levelClients.get(level) ?? {}
  levelClients.set(level, known)
  return known
}

function statusOfAnswer({ value, kind }: Message): number {
  return kind === 'error' && isObject(value['error']) ? statusOf(value['error']['code']) : 200
}

function translated({ value }: Message, method: string, id: RequestId, serverInfo: JsonObject): [number, string] {
  if (isObject(value['error'])) {
    const error = errorToStateless(value['error'])
    return [statusOf(error['code']), makeMessage({ jsonrpc: '2.0', id, error }).text]
  }
  const given = isObject(value['result']) ? value['result'] : {}
  return [200, result(id, resultToStateless(given, method, { serverInfo: { name: '', version: '', ...serverInfo } })).text]
}
