/**
 * Clients of the stateless era: each request says everything, and is judged by itself. A connection that closes cancels its request at the server.
 */
import { CODE, protocolError } from '../../../domain/mcp/errors.ts'
import { idOf, type Message, result } from '../../../domain/mcp/message.ts'
import { inBothEras, METHOD } from '../../../domain/mcp/methods.ts'
import { parameterMismatch, readStatelessRequest } from '../../../domain/mcp/stateless-request.ts'
import { discovered } from '../../../domain/mcp/translate.ts'
import type { GatewayServer, McpSession } from '../../../domain/ports/mcp.ts'
import type { GatewayContext } from './context.ts'
import type { Inbound, Reply } from './exchange.ts'
import { createLinePool, type LinePool } from './line-pool.ts'
import { bridgeToSession } from './stateless-bridge.ts'
import { passThrough } from './stateless-pass.ts'
import { createStatelessVisits, type Lost, type Visit, type Waiting } from './stateless-visits.ts'
import { subscribe } from './subscription.ts'
import { createSubscriptions } from './subscriptions.ts'
import { createSuspendedCalls } from './suspended-calls.ts'
import { type Admission, type Asked, admit, outcomeOf, ruleOf, startUsage, unavailable, withoutAnswer } from './tool-call.ts'
import { listForStateless, mirroredOf } from './tool-list.ts'

export interface StatelessGate {
  take(server: GatewayServer, inbound: Inbound, message: Message, reply: Reply): void
  readonly pool: LinePool
  toolsChanged(serverId: string): void
  /** Whether something of it is open. */
  holds(principal: string): boolean
  /** Ends its requests and subscriptions, and gives up its lines. */
  endPrincipal(principal: string): Promise<void>
  /** Keeps quiet streams open, and lets questions lapse. */
  sweep(nowMs: number, keepAlive: boolean): void
  close(): Promise<void>
}

type Go = Extract<Admission, { kind: 'go' }>
type TakenLine = Readonly<{ session: McpSession; done: () => void }>
const NOTHING = (): void => {}

export function createStatelessGate(context: GatewayContext): StatelessGate {
  const pool = createLinePool(context)
  const suspended = createSuspendedCalls(context)
  const visits = createStatelessVisits()
  const subscriptions = createSubscriptions()
  /** Lines that all share, as long as they are open. */
  const shared = new Map<string, McpSession>()

  function take(server: GatewayServer, inbound: Inbound, message: Message, to: Reply) {
    const id = idOf(message)
    if (id === undefined) return
    const stateless = readStatelessRequest(message.value, inbound.header)
    if ('status' in stateless) {
      return to.json(stateless.status, protocolError(id, stateless.code, stateless.says, stateless.data).text)
    }
    const { method, params } = stateless
    const mismatch =
      method === METHOD.callTool
        ? parameterMismatch(stateless, inbound.header, mirroredOf(server.tools(), String(params['name'])))
        : undefined
    if (mismatch !== undefined) return to.json(mismatch.status, protocolError(id, mismatch.code, mismatch.says).text)

    const asked: Asked = { method, id, params, era: 'stateless' }
    const { principal } = inbound
    const usage = method === METHOD.callTool ? startUsage(context, server, { principal, sessionId: undefined }, message) : undefined
    const admission = admit(server, asked, usage)
    if (admission.kind === 'answer') return to.json(200, admission.message.text)
    const known = server.negotiated
    const answer = known === undefined ? undefined : fromKnown(server, asked, known)
    if (answer !== undefined) return to.json(200, answer)
    serve(visits.begin({ server, principal, message, asked, stateless, usage }, to), admission, true)
  }

  function serve(visit: Visit, admission: Go, mayRepeat: boolean) {
    const { server } = visit
    // The usual case without a promise: it is the way of every call.
    const open = server.isolation === 'shared' ? shared.get(server.serverId) : undefined
    if (open?.open) return speak(visit, { session: open, done: NOTHING }, admission, mayRepeat)
    connect(visit)
      .then((line) => speak(visit, line, admission, mayRepeat))
      .catch((error: unknown) => {
        visit.usage?.end(outcomeOf(error), ruleOf(error))
        visit.reply.finish(200, unavailable(server, visit.asked, error).text)
      })
  }

  async function connect({ server, principal, stateless }: Visit): Promise<TakenLine> {
    if (server.isolation === 'session') {
      const { client, capabilities, logLevel } = stateless
      return await pool.take(server, { principal, identity: { info: client ?? {}, capabilities }, logLevel })
    }
    const session = await server.shared(AbortSignal.timeout(server.callTimeoutMs))
    if (shared.get(server.serverId) !== session) {
      shared.set(server.serverId, session)
      void session.ended.then(() => {
        if (shared.get(server.serverId) === session) shared.delete(server.serverId)
      })
    }
    return { session, done: NOTHING }
  }

  function speak(visit: Visit, { session, done }: TakenLine, admission: Go, mayRepeat: boolean) {
    const { server, asked, reply } = visit
    if (reply.over) return done()
    const { negotiated } = session
    const answer = fromKnown(server, asked, negotiated)
    if (answer !== undefined) {
      done()
      return reply.finish(200, answer)
    }
    const { timeoutMs } = admission
    /** Of a retry with answers there is no second time: its server is gone, and what it had asked with it. */
    function unanswered(now: Waiting, settlement: Lost): void {
      const harmless = settlement.kind === 'lost' && (settlement.loss.unseen || admission.retrySafe)
      if (mayRepeat && harmless && now.reply === reply) serve(visit, admission, false)
      else lost(now, settlement)
    }
    if (asked.method === METHOD.listen) {
      if (negotiated.era === 'session') return subscribe(visit, session, { visits, subscriptions, done, lost })
      return passThrough(visit, session, { timeoutMs, visits, subscriptions, done, lost })
    }
    if (negotiated.era === 'stateless') return passThrough(visit, session, { timeoutMs, visits, subscriptions, done, lost: unanswered })
    if (inBothEras(asked.method)) {
      return bridgeToSession(visit, session, { timeoutMs, context, suspended, visits, done, lost: unanswered })
    }
    done()
    reply.finish(404, protocolError(asked.id, CODE.methodNotFound, 'Method not found').text)
  }

  return {
    take,
    pool,
    toolsChanged: (serverId) => subscriptions.toolsChanged(serverId),
    holds: (principal) => visits.holds(principal) || pool.holds(principal) || suspended.holds(principal),
    async endPrincipal(principal) {
      visits.endPrincipal(principal)
      suspended.endPrincipal(principal)
      await pool.endPrincipal(principal)
    },
    sweep(nowMs, keepAlive) {
      suspended.expire(nowMs)
      if (keepAlive) visits.keepAlive()
    },
    async close() {
      suspended.close()
      await pool.close()
    },
  }
}

/** What needs no question to the server. */
function fromKnown(server: GatewayServer, { method, id }: Asked, known: McpSession['negotiated']): string | undefined {
  if (method === METHOD.listTools) return listForStateless(id, server, known.serverInfo)
  return method === METHOD.discover ? result(id, discovered(known, server.instructions())).text : undefined
}

function lost({ server, asked, reply, usage }: Waiting, settlement: Lost): void {
  usage?.end(settlement.kind, settlement.kind === 'lost' ? settlement.loss.rule : 'timed-out')
  reply.finish(200, withoutAnswer(server, asked, settlement).text)
}
