/**
 * One client of the older era: its session lives as long as it wants, whatever happens to the server behind it. A server that was started anew
 * gets the client's own opening again, and the next call goes on in the same session.
 */
import { CODE, failure } from '../../../domain/mcp/errors.ts'
import { idOf, type Message, methodOf, notification, type RequestId, result } from '../../../domain/mcp/message.ts'
import { isObject, paramsOf } from '../../../domain/mcp/meta.ts'
import { METHOD } from '../../../domain/mcp/methods.ts'
import type { ClientIdentity } from '../../../domain/mcp/negotiation.ts'
import { readdressAnswer } from '../../../domain/mcp/readdress.ts'
import { initialized } from '../../../domain/mcp/translate.ts'
import { isSessionVersion, LATEST_SESSION, takesPrimingEvent } from '../../../domain/mcp/versions.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import {
  type CallSink,
  type ForwardedCall,
  GatewayRefusal,
  type GatewayServer,
  type McpSession,
  type Settlement,
} from '../../../domain/ports/mcp.ts'
import { createBridge } from './bridge-to-stateless.ts'
import { type ClientStream, createClientStream } from './client-stream.ts'
import type { GatewayContext } from './context.ts'
import type { Reply } from './exchange.ts'
import { identityOf, type OwnLine, openOwnLine, repeatOpening } from './own-line.ts'
import { createOwnRequests } from './own-requests.ts'
import { createQuestions } from './questions.ts'
import { deskOf, isLoudEnough } from './shared-desk.ts'
import { type Asked, admit, ruleOf, startUsage, type Usage, unavailable, withoutAnswer } from './tool-call.ts'
import { mirroredHeaders } from './tool-list.ts'

export interface ClientSession {
  readonly id: string
  readonly principal: string
  readonly serverId: string
  readonly version: string
  readonly lastUsedMs: number
  /** Has calls under way, or a client that listens. */
  readonly busy: boolean
  /** Has a child or connection of its own. */
  readonly holdsLine: boolean
  /** Answers the client's `initialize`. Returns whether there is a session now. */
  begin(server: GatewayServer, message: Message, reply: Reply): Promise<boolean>
  take(server: GatewayServer, message: Message, reply: Reply): void
  listen(server: GatewayServer, reply: Reply, lastEventId: string | undefined): void
  /** The list that this server serves is another now. */
  toolsChanged(): void
  sweep(nowMs: number): void
  /** Ends the line of its own; the session stays. */
  release(): Promise<void>
  close(): Promise<void>
}

type LiveCall = {
  readonly stream: ClientStream
  readonly startedMs: number
  forwarded: ForwardedCall | undefined
  cancelled: boolean
  readonly usage: Usage | undefined
}

/** An answer that takes longer than this goes on a stream, which a client can come back to when its connection breaks. */
const STREAM_AFTER_MS = 1_000
/** How long a finished or broken stream can still be asked for. */
const STREAM_KEPT_MS = 300_000

export function createClientSession(
  { id, principal, server: first, initialize }: { id: string; principal: string; server: GatewayServer; initialize: JsonObject },
  context: GatewayContext,
): ClientSession {
  const { serverId } = first
  const wanted = initialize['protocolVersion']
  const identity: ClientIdentity = identityOf(initialize)
  const calls = new Map<RequestId, LiveCall>()
  const streams = new Map<number, { stream: ClientStream; sinceMs: number }>()
  const uris = new Set<string>()
  const refused = (rule: string, says: string): void => context.refused(first.name, rule, says)
  const questions = createQuestions(identity.capabilities, context.nowMs, refused)
  let version = typeof wanted === 'string' && isSessionVersion(wanted) ? wanted : LATEST_SESSION
  let logLevel: string | undefined
  let lastUsedMs = context.nowMs()
  let lastStream = 0
  let current: { session: McpSession; own: boolean; forget: () => void } | undefined
  let connecting: Promise<McpSession> | undefined
  let closed = false
  const standalone = newStream(0)
  /** Stands for this session at a shared desk. */
  const client = {}

  function newStream(number: number): ClientStream {
    return createClientStream({
      number,
      primes: takesPrimingEvent(version),
      onOverflow: (count) => refused('stream-overflow', `${count} events were not read in time and are lost`),
    })
  }

  // --- The line to the server ---

  function line(server: GatewayServer): Promise<McpSession> | McpSession {
    if (current?.session.open) return current.session
    connecting ??= connect(server, false)
      .then(({ session }) => session)
      .finally(() => {
        connecting = undefined
      })
    return connecting
  }

  async function connect(server: GatewayServer, opening: boolean): Promise<Readonly<{ session: McpSession; answer: Message | undefined }>> {
    current?.forget()
    current = undefined
    const signal = AbortSignal.timeout(server.callTimeoutMs)
    const own = server.isolation === 'session'
    const opened = own ? await context.makeRoom(server) : undefined
    let line: OwnLine
    try {
      line = own
        ? await openOwnLine(server, context.freshId(), initialize, signal)
        : { session: await server.shared(signal), opening: undefined }
    } catch (error) {
      opened?.()
      throw error
    }
    const { session, opening: answer } = line
    if (closed) {
      opened?.()
      if (own) await session.close()
      throw new GatewayRefusal('session-ended', 'the session has ended')
    }
    const forget = session.hear({
      notified: (message) => heard(message, own),
      asked: (question) => {
        questions.put(
          question,
          (message) => reply(session, question, message),
          (text) => route(false).push(text),
        )
        return true
      },
    })
    current = { session, own, forget }
    opened?.()
    if (own && !opening) repeatOpening(session, { logLevel, uris })
    if (!own && uris.size > 0 && session.negotiated.era === 'session') {
      const desk = deskOf(session, server.callTimeoutMs)
      for (const uri of uris) desk.subscribe(client, uri).catch(() => {})
    }
    bridge.renewed(session)
    return { session, answer }
  }

  const reply = (session: McpSession, question: Message, message: Message): void => {
    const theirs = idOf(question)
    if (theirs !== undefined) session.tell({ ...message, text: readdressAnswer(message, theirs) })
  }

  const bridge = createBridge({ identity, logLevel: () => logLevel, uris, say: (text) => route(true).push(text) })

  const local = createOwnRequests({
    uris,
    bridge,
    line: async (server) => line(server),
    /** A line of its own in the same era: then the server itself is asked, in the client's words. */
    passesOn: (server) => server.isolation === 'session' && current?.session.open === true && current.session.negotiated.era === 'session',
    setLogLevel: (level) => {
      logLevel = level
    },
    client,
  })

  // --- What the server says without being asked ---

  function heard(message: Message, own: boolean): void {
    const method = methodOf(message)
    if (method === METHOD.cancelled) {
      const theirs = paramsOf(message.value)['requestId']
      if ((typeof theirs === 'string' || typeof theirs === 'number') && questions.withdrawn(theirs, message)) return
    }
    if (!own) {
      const uri = paramsOf(message.value)['uri']
      if (method === METHOD.resourceUpdated && (typeof uri !== 'string' || !uris.has(uri))) return
    }
    route(method !== METHOD.log).push(message.text)
  }

  /** The stream on which something goes that belongs to no single call: the client's own listening stream, or that of a call under way. */
  function route(preferStandalone: boolean): ClientStream {
    if (preferStandalone && standalone.attached) return standalone
    const [one] = calls.values()
    return one === undefined || (standalone.attached && calls.size > 1) ? standalone : one.stream
  }

  // --- Requests of the client ---

  function call(server: GatewayServer, message: Message, to: Reply) {
    const asking = idOf(message)
    if (asking === undefined) return
    if (calls.has(asking))
      return to.json(
        400,
        failure(asking, { code: CODE.invalidRequest, rule: 'duplicate-id', says: 'a request with this id is under way' }).text,
      )
    if (calls.size >= context.limits.callsPerSession) {
      return to.json(
        200,
        failure(asking, {
          code: CODE.refused,
          rule: 'too-many-calls',
          says: `at most ${context.limits.callsPerSession} calls of one session may be under way`,
        }).text,
      )
    }
    const method = methodOf(message)
    const asked: Asked = { method, id: asking, params: paramsOf(message.value), era: 'session' }
    const usage = method === METHOD.callTool ? startUsage(context, server, { principal, sessionId: id }, message) : undefined
    const admission = admit(server, asked, usage)
    if (admission.kind === 'answer') return to.json(200, admission.message.text)
    const stream = newStream(++lastStream)
    stream.await(to)
    const live: LiveCall = { stream, startedMs: context.nowMs(), forwarded: undefined, cancelled: false, usage }
    calls.set(asking, live)
    void run(server, message, asked, live, admission, true)
  }

  async function run(
    server: GatewayServer,
    message: Message,
    asked: Asked,
    live: LiveCall,
    admission: Readonly<{ timeoutMs: number; retrySafe: boolean }>,
    mayRepeat: boolean,
  ): Promise<void> {
    let session: McpSession
    try {
      const ready = line(server)
      session = ready instanceof Promise ? await ready : ready
    } catch (error) {
      return finish(asked.id, live, withUsage(server, asked, error, live.usage))
    }
    if (live.cancelled) return
    const sink: CallSink = {
      notified: (note) => {
        if (methodOf(note) === METHOD.log && !wantsLog(note, server)) return

        live.stream.push(note.text)
      },
      asked: (question, answer) => questions.put(question, answer, (text) => live.stream.push(text)),
      settled: (settlement) => {
        live.forwarded = undefined
        if (settlement.kind === 'lost' && mayRepeat && (settlement.loss.unseen || admission.retrySafe)) {
          return void run(server, message, asked, live, admission, false)
        }
        settled(server, asked, live, settlement)
      },
    }
    live.forwarded =
      session.negotiated.era === 'session'
        ? session.forward(message, sink, { timeoutMs: admission.timeoutMs })
        : bridge.forward(session, message, sink, { timeoutMs: admission.timeoutMs, ...mirroredHeaders(server, asked) })
  }

  const wantsLog = (note: Message, server: GatewayServer): boolean => {
    if (server.isolation === 'session') return true
    const level = paramsOf(note.value)['level']
    return typeof level !== 'string' || isLoudEnough(level, logLevel)
  }

  function settled(server: GatewayServer, asked: Asked, live: LiveCall, settlement: Settlement) {
    if (settlement.kind === 'answered') {
      live.usage?.answered(settlement.message)
      return finish(asked.id, live, readdressAnswer(settlement.message, asked.id))
    }
    live.usage?.end(settlement.kind, settlement.kind === 'lost' ? settlement.loss.rule : 'timed-out')
    finish(asked.id, live, withoutAnswer(server, asked, settlement).text)
  }

  function finish(asking: RequestId, live: LiveCall, text: string | undefined): void {
    calls.delete(asking)
    lastUsedMs = context.nowMs()
    live.stream.finish(text)
    if (!live.stream.done) streams.set(live.stream.number, { stream: live.stream, sinceMs: context.nowMs() })
  }

  function withUsage(server: GatewayServer, asked: Asked, error: unknown, usage: Usage | undefined): string {
    usage?.end('lost', ruleOf(error))
    return unavailable(server, asked, error).text
  }

  function told(server: GatewayServer, message: Message) {
    const method = methodOf(message)
    const params = paramsOf(message.value)
    if (method === METHOD.cancelled) {
      const asking = params['requestId']
      const live = typeof asking === 'string' || typeof asking === 'number' ? calls.get(asking) : undefined
      if (live === undefined || (typeof asking !== 'string' && typeof asking !== 'number')) return
      live.cancelled = true
      live.forwarded?.cancel(typeof params['reason'] === 'string' ? params['reason'] : 'the client cancelled it')
      live.usage?.end('cancelled', 'cancelled')
      return finish(asking, live, undefined)
    }
    const open = current?.session.open ? current : undefined
    if (method === METHOD.progress) {
      const token = params['progressToken']
      if ((typeof token === 'string' || typeof token === 'number') && questions.hasToken(token)) open?.session.tell(message)
      return
    }
    if (method === METHOD.initialized && (server.isolation === 'shared' || open?.session.negotiated.era !== 'session')) return
    if (server.isolation === 'shared') {
      return refused('not-for-a-shared-line', `${method} says something of one client and is not told to a shared server`)
    }
    if (open?.session.negotiated.era === 'session') open.session.tell(message)
    else refused('no-counterpart', `${method} has nobody at the server who would understand it now`)
  }

  return {
    id,
    principal,
    serverId,
    get version() {
      return version
    },
    get lastUsedMs() {
      return lastUsedMs
    },
    get busy() {
      return calls.size > 0 || standalone.attached
    },
    get holdsLine() {
      return current?.own === true && current.session.open
    },

    async begin(server, message, to) {
      const asking = idOf(message) ?? 0
      const headers = { 'mcp-session-id': id }
      if (server.unusable !== undefined) {
        const { rule, says } = server.unusable
        to.json(200, failure(asking, { code: CODE.unavailable, rule, says, data: { server: server.name } }).text)
        return false
      }
      try {
        const known = server.isolation === 'shared' ? server.negotiated : undefined
        if (known !== undefined) {
          to.json(200, result(asking, initialized(known, version, true)).text, headers)
          return true
        }
        const { session, answer } = await connect(server, true)
        if (answer === undefined) {
          to.json(200, result(asking, initialized(session.negotiated, version, server.isolation === 'shared')).text, headers)
        } else {
          version = session.negotiated.version
          to.json(200, readdressAnswer(answer, asking), headers)
        }
        return true
      } catch (error) {
        closed = true
        to.json(200, unavailable(server, { id: asking, method: METHOD.initialize, params: {} }, error).text)
        return false
      }
    },

    take(server, message, to) {
      lastUsedMs = context.nowMs()
      if (message.kind === 'request') {
        if (!local(server, message, to)) call(server, message, to)
        return
      }
      if (message.kind === 'notification') told(server, message)
      else if (!questions.answered(message)) refused('answer-to-nothing', 'the client answered a question that is not open')
      to.empty(202)
    },

    listen(server, to, lastEventId) {
      lastUsedMs = context.nowMs()
      const [number, after] =
        /^(\d{1,9})\.(\d{1,9})$/
          .exec(lastEventId ?? '')
          ?.slice(1)
          .map(Number) ?? []
      // An id that is not known any more starts the listening stream anew, as one without an id does.
      const resumed = number === undefined ? undefined : number === 0 ? standalone : (streams.get(number)?.stream ?? liveStream(number))
      const stream = resumed ?? standalone
      const sink = to.events()
      to.onGone(() => stream.detach(sink))
      stream.attach(sink, resumed === undefined ? undefined : after)
      if (stream === standalone) {
        const ready = current?.session
        if (ready?.open) bridge.renewed(ready)
        else if (server.unusable === undefined && server.isolation === 'shared') void (async () => line(server))().catch(() => {})
      }
    },

    toolsChanged() {
      route(true).push(notification(METHOD.toolsChanged).text)
    },

    sweep(nowMs) {
      questions.expire(nowMs - context.limits.questionTtlMs)
      for (const live of calls.values()) if (nowMs - live.startedMs >= STREAM_AFTER_MS) live.stream.open()
      for (const [number, { sinceMs, stream }] of streams) if (stream.done || nowMs - sinceMs > STREAM_KEPT_MS) streams.delete(number)
    },

    async release() {
      const held = current
      if (held?.own !== true) return
      current = undefined
      held.forget()
      await held.session.close()
    },

    async close() {
      closed = true
      questions.close()
      for (const [asking, live] of calls) {
        live.forwarded?.cancel('the session of the client ended')
        live.usage?.end('cancelled', 'session-ended')
        finish(asking, live, failure(asking, { code: CODE.unavailable, rule: 'session-ended', says: 'the session has ended' }).text)
      }
      standalone.finish(undefined)
      bridge.close()
      const held = current
      current = undefined
      held?.forget()
      if (held === undefined) return
      if (held.own) await held.session.close()
      else if (held.session.open) deskOf(held.session, first.callTimeoutMs).leave(client)
    },
  }

  function liveStream(number: number): ClientStream | undefined {
    for (const { stream } of calls.values()) if (stream.number === number) return stream
    return undefined
  }
}

export const isInitialize = (message: Message): boolean => methodOf(message) === METHOD.initialize && message.kind === 'request'
export const initializeOf = (message: Message): JsonObject => (isObject(message.value['params']) ? message.value['params'] : {})
