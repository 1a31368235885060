/**
 * Requests of a client with a session that the gateway answers itself: what it knows already, and what a shared line can be told only once for
 * everybody.
 */
import { CODE, failure, protocolError } from '../../../domain/mcp/errors.ts'
import { isLogLevel, type LogLevel } from '../../../domain/mcp/log-level.ts'
import { idOf, type Message, methodOf, type RequestId, result } from '../../../domain/mcp/message.ts'
import { paramsOf } from '../../../domain/mcp/meta.ts'
import { METHOD } from '../../../domain/mcp/methods.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import { type GatewayServer, McpRequestFailed, type McpSession } from '../../../domain/ports/mcp.ts'
import type { Bridge } from './bridge-to-stateless.ts'
import type { Reply } from './exchange.ts'
import { deskOf } from './shared-desk.ts'
import { unavailable } from './tool-call.ts'
import { listForSession } from './tool-list.ts'

export type OwnRequestParts = Readonly<{
  /** Resources that the client is subscribed to. */
  uris: Set<string>
  bridge: Bridge
  line: (server: GatewayServer) => Promise<McpSession>
  passesOn: (server: GatewayServer) => boolean
  setLogLevel: (level: LogLevel) => void
  /** Stands for the session at a shared desk. */
  client: object
}>

/** Each is kept, so that a server that was started anew is told of it again. */
const MOST_SUBSCRIPTIONS = 1_000

/** Returns whether the request is answered, or will be. */
export type OwnRequests = (server: GatewayServer, message: Message, to: Reply) => boolean

export function createOwnRequests({ uris, bridge, line, passesOn, setLogLevel, client }: OwnRequestParts): OwnRequests {
  async function answer(
    server: GatewayServer,
    id: RequestId,
    to: Reply,
    work: (session: McpSession) => Promise<JsonObject>,
  ): Promise<void> {
    try {
      to.json(200, result(id, await work(await line(server))).text)
    } catch (error) {
      const refused = error instanceof McpRequestFailed && error.code !== undefined ? error.code : undefined
      if (refused !== undefined && error instanceof Error) to.json(200, protocolError(id, refused, error.message).text)
      else to.json(200, unavailable(server, { id, method: '', params: {} }, error).text)
    }
  }

  function level(server: GatewayServer, id: RequestId, wanted: unknown, to: Reply): boolean {
    if (!isLogLevel(wanted)) {
      to.json(200, protocolError(id, CODE.invalidParams, 'params.level is no log level').text)
      return true
    }
    setLogLevel(wanted)
    if (passesOn(server)) return false
    // A stateless server is told with each request.
    void answer(server, id, to, async (session) =>
      session.negotiated.era === 'session' ? deskOf(session, server.callTimeoutMs).setLevel(client, wanted) : {},
    )
    return true
  }

  function subscription(server: GatewayServer, id: RequestId, { uri, on }: { uri: unknown; on: boolean }, to: Reply): boolean {
    if (typeof uri !== 'string') return false
    if (on && !uris.has(uri) && uris.size >= MOST_SUBSCRIPTIONS) {
      const says = `a session may be subscribed to ${MOST_SUBSCRIPTIONS} resources`
      to.json(200, failure(id, { code: CODE.refused, rule: 'too-many-subscriptions', says }).text)
      return true
    }
    if (on) uris.add(uri)
    else uris.delete(uri)
    if (passesOn(server)) return false
    void answer(server, id, to, async (session) => {
      if (session.negotiated.era === 'stateless') {
        bridge.relisten(session)
        return {}
      }
      const desk = deskOf(session, server.callTimeoutMs)
      return on ? desk.subscribe(client, uri) : desk.unsubscribe(client, uri)
    })
    return true
  }

  return (server, message, to) => {
    const id = idOf(message) ?? 0
    const params = paramsOf(message.value)
    const method = methodOf(message)
    switch (method) {
      case METHOD.ping:
        to.json(200, result(id, {}).text)
        return true
      case METHOD.initialize:
        // A session begins once; and a shared server would take a second beginning for that of all its clients.
        to.json(200, failure(id, { code: CODE.invalidRequest, rule: 'already-initialized', says: 'this session has begun already' }).text)
        return true
      case METHOD.listTools:
        // An empty list would not say why it is empty.
        if (server.unusable !== undefined) return false
        to.json(200, listForSession(id, server))
        return true
      case METHOD.setLogLevel:
        return level(server, id, params['level'], to)
      case METHOD.subscribe:
      case METHOD.unsubscribe:
        return subscription(server, id, { uri: params['uri'], on: method === METHOD.subscribe }, to)
      default: {
        if (server.isolation !== 'shared' || !method.startsWith('tasks/')) return false
        const says = 'tasks are refused on a shared server: one client could see those of another'
        to.json(200, failure(id, { code: CODE.methodNotFound, rule: 'tasks-need-a-line-of-their-own', says }).text)
        return true
      }
    }
  }
}
