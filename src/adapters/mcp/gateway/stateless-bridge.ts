/** A stateless client at a server with sessions: its request in that server's words, and the answer back in those of the client. */
import { CODE, failure } from '../../../domain/mcp/errors.ts'
import { isLoudEnough, type LogLevel } from '../../../domain/mcp/log-level.ts'
import { type Message, makeMessage, methodOf, type RequestId, request, result } from '../../../domain/mcp/message.ts'
import { isObject, paramsOf, withoutEnvelope } from '../../../domain/mcp/meta.ts'
import { METHOD } from '../../../domain/mcp/methods.ts'
import { statusOf } from '../../../domain/mcp/stateless-request.ts'
import { errorToStateless, resultToStateless } from '../../../domain/mcp/translate.ts'
import type { McpSession, Settlement } from '../../../domain/ports/mcp.ts'
import type { GatewayContext } from './context.ts'
import { deskOf } from './shared-desk.ts'
import type { Lost, StatelessVisits, Visit, Waiting } from './stateless-visits.ts'
import type { SuspendedCalls } from './suspended-calls.ts'

export type StatelessBridgeOptions = Readonly<{
  timeoutMs: number
  context: Pick<GatewayContext, 'refused'>
  suspended: SuspendedCalls
  visits: StatelessVisits
  /** Nobody uses the line any more. */
  done: () => void
  /** There is no answer for whoever waits now. */
  lost: (waiting: Waiting, settlement: Lost) => void
}>

export function bridgeToSession(visit: Visit, session: McpSession, options: StatelessBridgeOptions) {
  const { timeoutMs, context, suspended, visits, done, lost } = options
  const { server, principal, asked, stateless, message, reply, usage } = visit
  const { serverInfo } = session.negotiated
  const { inputResponses: _responses, requestState, ...params } = asked.params
  const at = { id: asked.id, reply, message }
  if (typeof requestState === 'string') {
    done()
    const resumed = suspended.resume(requestState, principal, server.name, at)
    if ('rule' in resumed) {
      usage?.end('refused', resumed.rule)
      return reply.finish(200, failure(asked.id, { code: CODE.invalidParams, ...resumed }).text)
    }
    usage?.forget()
    return visits.onGone(visit, resumed.gone)
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
      start: (sink) => session.forward(request(asked.id, asked.method, withoutEnvelope(params)), sink, { timeoutMs }),
      settle(now, settlement) {
        done()
        if (settlement.kind !== 'answered') return lost({ server, usage, asked: { ...asked, id: now.id }, reply: now.reply }, settlement)
        usage?.answered(settlement.message)
        now.reply.finish(...translated(settlement.message, visit, now.id, session))
      },
      abandoned(rule) {
        done()
        usage?.end('cancelled', rule)
      },
      keeps: (note) => keepsLog(note, visit, context),
    },
    at,
  )
  visits.onGone(visit, begun.gone)
}

function keepsLog(note: Message, { server, stateless: { logLevel } }: Visit, { refused }: Pick<GatewayContext, 'refused'>): boolean {
  if (methodOf(note) !== METHOD.log) return true
  const level = paramsOf(note.value)['level']
  const wanted = logLevel !== undefined && (typeof level !== 'string' || isLoudEnough(level, logLevel))
  if (!wanted) refused(server.name, 'log-not-asked-for', 'a log line for a request that asked for none')
  return wanted
}

const levelClients = new Map<LogLevel, object>()
function levelClient(level: LogLevel): object {
  const known = levelClients.get(level) ?? {}
  levelClients.set(level, known)
  return known
}

function translated(
  { value }: Extract<Settlement, { kind: 'answered' }>['message'],
  { asked: { method } }: Visit,
  id: RequestId,
  { negotiated: { serverInfo } }: McpSession,
): [number, string] {
  if (isObject(value['error'])) {
    const error = errorToStateless(value['error'])
    return [statusOf(error['code']), makeMessage({ jsonrpc: '2.0', id, error }).text]
  }
  const given = isObject(value['result']) ? value['result'] : {}
  return [200, result(id, resultToStateless(given, method, { serverInfo })).text]
}
