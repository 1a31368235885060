/**
 * Requests of one client with a session, from their check to their answer. A request whose line broke is made once more only where that can do no harm:
 * the server surely has not seen it, or repeating it was declared harmless.
 */
import { CODE, failure } from '../../../domain/mcp/errors.ts'
import { isLoudEnough, type LogLevel } from '../../../domain/mcp/log-level.ts'
import { idOf, type Message, methodOf, type RequestId } from '../../../domain/mcp/message.ts'
import { paramsOf } from '../../../domain/mcp/meta.ts'
import { METHOD } from '../../../domain/mcp/methods.ts'
import { readdressAnswer } from '../../../domain/mcp/readdress.ts'
import type { CallSink, ForwardedCall, GatewayServer, McpSession, Settlement } from '../../../domain/ports/mcp.ts'
import type { Bridge } from './bridge-to-stateless.ts'
import type { ClientStream } from './client-stream.ts'
import type { GatewayContext } from './context.ts'
import type { Reply } from './exchange.ts'
import type { Questions } from './questions.ts'
import type { SessionLine } from './session-line.ts'
import type { SessionStreams } from './session-streams.ts'
import { type Admission, type Asked, admit, outcomeOf, ruleOf, startUsage, type Usage, unavailable, withoutAnswer } from './tool-call.ts'
import { mirroredHeaders } from './tool-list.ts'

export interface SessionCalls {
  /** How many are under way. */
  readonly size: number
  take(server: GatewayServer, message: Message, to: Reply): void
  /** The client does not want the answer any more, and gets none. */
  cancel(id: RequestId, reason: string): void
  sweep(nowMs: number): void
  close(): void
}

export type SessionCallsOptions = Readonly<{
  caller: Readonly<{ principal: string; sessionId: string }>
  context: GatewayContext
  streams: SessionStreams
  line: SessionLine
  bridge: Bridge
  questions: Questions
  logLevel: () => LogLevel | undefined
  /** A call ended. */
  used: () => void
}>

type LiveCall = {
  readonly asked: Asked
  readonly stream: ClientStream
  readonly startedMs: number
  readonly usage: Usage | undefined
  forwarded: ForwardedCall | undefined
  /** Answered, cancelled, or of a session that ended. */
  over: boolean
}
type Go = Extract<Admission, { kind: 'go' }>

/** An answer that takes longer than this goes on a stream, which a client can come back to when its connection breaks. */
const STREAM_AFTER_MS = 1_000

export function createSessionCalls(options: SessionCallsOptions): SessionCalls {
  const { caller, context, streams, line, bridge, questions, logLevel, used } = options
  const { callsPerSession } = context.limits
  const calls = new Map<RequestId, LiveCall>()

  function take(server: GatewayServer, message: Message, to: Reply) {
    const id = idOf(message)
    if (id === undefined) return
    if (calls.has(id)) {
      const says = 'a request with this id is under way'
      return to.json(400, failure(id, { code: CODE.invalidRequest, rule: 'duplicate-id', says }).text)
    }
    if (calls.size >= callsPerSession) {
      const says = `at most ${callsPerSession} calls of one session may be under way`
      return to.json(200, failure(id, { code: CODE.refused, rule: 'too-many-calls', says }).text)
    }
    const method = methodOf(message)
    const asked: Asked = { method, id, params: paramsOf(message.value), era: 'session' }
    const usage = method === METHOD.callTool ? startUsage(context, server, caller, message) : undefined
    const admission = admit(server, asked, usage)
    if (admission.kind === 'answer') return to.json(200, admission.message.text)
    const live: LiveCall = { asked, stream: streams.open(to), startedMs: context.nowMs(), usage, forwarded: undefined, over: false }
    calls.set(id, live)
    run(server, message, live, admission, true)
  }

  function run(server: GatewayServer, message: Message, live: LiveCall, admission: Go, mayRepeat: boolean) {
    const ready = line.take(server)
    // The usual case without a promise: it is the way of every call.
    if (!(ready instanceof Promise)) return speak(server, message, live, admission, mayRepeat, ready)
    ready
      .then((session) => speak(server, message, live, admission, mayRepeat, session))
      .catch((error: unknown) => unreached(server, live, error))
  }

  function speak(server: GatewayServer, message: Message, live: LiveCall, admission: Go, mayRepeat: boolean, session: McpSession): void {
    if (live.over) return
    const { timeoutMs } = admission
    const sink: CallSink = {
      notified: (note) => {
        if (methodOf(note) !== METHOD.log || wantsLog(note, server)) live.stream.push(note.text)
      },
      asked: (question, answer) => questions.put(question, answer, (text) => live.stream.push(text)),
      settled: (settlement) => {
        live.forwarded = undefined
        const again = mayRepeat && settlement.kind === 'lost' && (settlement.loss.unseen || admission.retrySafe)
        if (again && !live.over) run(server, message, live, admission, false)
        else settled(server, live, settlement)
      },
    }
    live.forwarded =
      session.negotiated.era === 'session'
        ? session.forward(message, sink, { timeoutMs })
        : bridge.forward(session, message, sink, { timeoutMs, ...mirroredHeaders(server, live.asked) })
  }

  function wantsLog(note: Message, server: GatewayServer): boolean {
    if (server.isolation === 'session') return true
    const level = paramsOf(note.value)['level']
    return typeof level !== 'string' || isLoudEnough(level, logLevel())
  }

  function settled(server: GatewayServer, live: LiveCall, settlement: Settlement) {
    if (settlement.kind === 'answered') {
      live.usage?.answered(settlement.message)
      return finish(live, readdressAnswer(settlement.message, live.asked.id))
    }
    live.usage?.end(settlement.kind, settlement.kind === 'lost' ? settlement.loss.rule : 'timed-out')
    finish(live, withoutAnswer(server, live.asked, settlement).text)
  }

  function unreached(server: GatewayServer, live: LiveCall, error: unknown): void {
    live.usage?.end(outcomeOf(error), ruleOf(error))
    finish(live, unavailable(server, live.asked, error).text)
  }

  function finish(live: LiveCall, text: string | undefined): void {
    if (live.over) return
    live.over = true
    calls.delete(live.asked.id)
    used()
    live.stream.finish(text)
    streams.finished(live.stream)
  }

  return {
    take,
    get size() {
      return calls.size
    },
    cancel(id, reason) {
      const live = calls.get(id)
      if (live === undefined) return
      live.forwarded?.cancel(reason)
      live.usage?.end('cancelled', 'cancelled')
      finish(live, undefined)
    },
    sweep(nowMs) {
      for (const live of calls.values()) if (nowMs - live.startedMs >= STREAM_AFTER_MS) live.stream.open()
    },
    close() {
      for (const [id, live] of calls) {
        live.forwarded?.cancel('the session of the client ended')
        live.usage?.end('cancelled', 'session-ended')
        finish(live, failure(id, { code: CODE.unavailable, rule: 'session-ended', says: 'the session has ended' }).text)
      }
    },
  }
}
