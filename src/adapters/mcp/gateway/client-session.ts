/**
 * One client of the older era: its session lives as long as it wants, whatever happens to the server behind it. A server that was started anew
 * gets the client's own opening again, and the next call goes on in the same session.
 */
import { CODE, failure } from '../../../domain/mcp/errors.ts'
import type { LogLevel } from '../../../domain/mcp/log-level.ts'
import { idOf, type Message, methodOf, notification, result } from '../../../domain/mcp/message.ts'
import { isObject, paramsOf } from '../../../domain/mcp/meta.ts'
import { METHOD } from '../../../domain/mcp/methods.ts'
import { readdressAnswer } from '../../../domain/mcp/readdress.ts'
import { initialized, withInstructions } from '../../../domain/mcp/translate.ts'
import { isSessionVersion, LATEST_SESSION } from '../../../domain/mcp/versions.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import type { GatewayServer } from '../../../domain/ports/mcp.ts'
import { createBridge } from './bridge-to-stateless.ts'
import type { GatewayContext } from './context.ts'
import type { Reply } from './exchange.ts'
import { identityOf } from './own-line.ts'
import { createOwnRequests } from './own-requests.ts'
import { createQuestions } from './questions.ts'
import { createSessionCalls } from './session-calls.ts'
import { createSessionLine } from './session-line.ts'
import { createSessionStreams } from './session-streams.ts'
import { unavailable } from './tool-call.ts'
import { createUnasked } from './unasked.ts'

export interface ClientSession {
  readonly id: string
  readonly principal: string
  readonly serverId: string
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
  /** Lets questions and old streams lapse, and keeps quiet streams open. */
  sweep(nowMs: number, keepAlive: boolean): void
  /** Ends the line of its own; the session stays. */
  release(): Promise<void>
  close(): Promise<void>
}

export function createClientSession(
  { id, principal, server: first, initialize }: { id: string; principal: string; server: GatewayServer; initialize: JsonObject },
  context: GatewayContext,
): ClientSession {
  const { serverId } = first
  const { nowMs } = context
  const wanted = initialize['protocolVersion']
  const identity = identityOf(initialize)
  let version = typeof wanted === 'string' && isSessionVersion(wanted) ? wanted : LATEST_SESSION
  let logLevel: LogLevel | undefined
  let lastUsedMs = nowMs()

  /** Resources that the client is subscribed to. */
  const uris = new Set<string>()
  /** Stands for this session at a shared desk. */
  const client = {}
  const refused = (rule: string, says: string): void => context.refused(first.name, rule, says)
  const streams = createSessionStreams({ version: () => version, nowMs, refused })
  const questions = createQuestions(identity.capabilities, nowMs, refused)
  const bridge = createBridge({ identity, logLevel: () => logLevel, uris, say: (text) => streams.route(true).push(text) })
  const line = createSessionLine({
    ...{ initialize, context, client, told: { logLevel: () => logLevel, uris } },
    hears: createUnasked({ questions, streams, uris }),
    opened: bridge.renewed,
  })
  const calls = createSessionCalls({
    ...{ caller: { principal, sessionId: id }, context, streams, line, bridge, questions, logLevel: () => logLevel },
    used: () => {
      lastUsedMs = nowMs()
    },
  })
  const answeredHere = createOwnRequests({
    ...{ uris, bridge, client, line: async (server) => line.take(server) },
    /** A line of its own in the same era: then the server itself is asked, in the client's words. */
    passesOn: () => line.isOwn && line.current?.negotiated.era === 'session',
    setLogLevel: (level) => {
      logLevel = level
    },
  })

  function told(server: GatewayServer, message: Message) {
    const method = methodOf(message)
    const params = paramsOf(message.value)
    const ready = line.current
    if (method === METHOD.cancelled) {
      const { requestId, reason } = params
      if (typeof requestId === 'string' || typeof requestId === 'number')
        calls.cancel(requestId, typeof reason === 'string' ? reason : 'the client cancelled it')
      return
    }
    if (method === METHOD.progress) {
      const token = params['progressToken']
      if ((typeof token === 'string' || typeof token === 'number') && questions.hasToken(token)) ready?.tell(message)
      else refused('progress-for-nobody', 'the client told of progress with a question that is not open')
      return
    }
    if (method === METHOD.initialized && (server.isolation === 'shared' || ready?.negotiated.era !== 'session')) return
    if (server.isolation === 'shared') {
      return refused('not-for-a-shared-line', `${method} says something of one client and is not told to a shared server`)
    }
    if (ready?.negotiated.era === 'session') ready.tell(message)
    else refused('no-counterpart', `${method} has nobody at the server who would understand it now`)
  }

  return {
    ...{ id, principal, serverId },
    get lastUsedMs() {
      return lastUsedMs
    },
    get busy() {
      return calls.size > 0 || streams.listening
    },
    get holdsLine() {
      return line.isOwn
    },

    async begin(server, message, to) {
      const asking = idOf(message) ?? 0
      const shared = server.isolation === 'shared'
      const headers = { 'mcp-session-id': id }
      if (server.unusable !== undefined) {
        const { rule, says } = server.unusable
        to.json(200, failure(asking, { code: CODE.unavailable, rule, says, data: { server: server.name } }).text)
        return false
      }
      try {
        const told = () => ({ version, shared, instructions: server.instructions() })
        if (shared && server.negotiated !== undefined) {
          to.json(200, result(asking, initialized(server.negotiated, told())).text, headers)
          return true
        }
        const { session, answer } = await line.begin(server)
        if (answer === undefined) to.json(200, result(asking, initialized(session.negotiated, told())).text, headers)
        else {
          version = session.negotiated.version
          to.json(200, readdressAnswer(withInstructions(answer, server.instructions()), asking), headers)
        }
        return true
      } catch (error) {
        await line.close()
        to.json(200, unavailable(server, { id: asking, method: METHOD.initialize, params: {} }, error).text)
        return false
      }
    },

    take(server, message, to) {
      lastUsedMs = nowMs()
      if (message.kind === 'request') {
        if (!answeredHere(server, message, to)) calls.take(server, message, to)
        return
      }
      if (message.kind === 'notification') told(server, message)
      else if (!questions.answered(message)) refused('answer-to-nothing', 'the client answered a question that is not open')
      to.empty(202)
    },

    listen(server, to, lastEventId) {
      lastUsedMs = nowMs()
      if (!streams.listen(to, lastEventId)) return
      const ready = line.current
      if (ready !== undefined) bridge.renewed(ready)
      else if (server.unusable === undefined && server.isolation === 'shared') void (async () => line.take(server))().catch(() => {})
    },

    toolsChanged: () => streams.route(true).push(notification(METHOD.toolsChanged).text),

    sweep(now, keepAlive) {
      questions.expire(now - context.limits.questionTtlMs)
      calls.sweep(now)
      streams.expire(now)
      if (keepAlive) streams.keepAlive()
    },

    release: () => line.release(),

    async close() {
      questions.close()
      calls.close()
      streams.close()
      bridge.close()
      await line.close()
    },
  }
}

export const isInitialize = (message: Message): boolean => methodOf(message) === METHOD.initialize && message.kind === 'request'
export const initializeOf = (message: Message): JsonObject => (isObject(message.value['params']) ? message.value['params'] : {})
