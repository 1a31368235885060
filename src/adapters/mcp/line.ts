/**
 * Many callers on one line. Each request goes out under an id of ours and its answer comes back to the one who asked; whatever the server says
 * by itself goes to the call it belongs to, to the listeners, or is refused or counted under a name. Nothing is dropped in silence.
 */
import { CODE, failure, type Refusal } from '../../domain/mcp/errors.ts'
import { idOf, type Message, methodOf, notification, type RequestId, request, result } from '../../domain/mcp/message.ts'
import { isObject, paramsOf } from '../../domain/mcp/meta.ts'
import { METHOD } from '../../domain/mcp/methods.ts'
import type { Negotiation } from '../../domain/mcp/negotiation.ts'
import {
  progressTokenOf,
  readdressAnswer,
  readdressProgress,
  readdressRequest,
  readdressSubscribed,
  reread,
  subscriptionOf,
} from '../../domain/mcp/readdress.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import {
  type CallSink,
  type LinkEnd,
  type McpLink,
  McpRequestFailed,
  type McpSession,
  type NoiseKind,
  type RequestLoss,
  type SessionListener,
  type Settlement,
  type Unattributed,
} from '../../domain/ports/mcp.ts'
import { createCallTable, type Pending } from './call-table.ts'
import { conclude, lossOf } from './line-outcome.ts'

export type LineOptions = Readonly<{ exclusive: boolean; onNoise?: (kind: NoiseKind, excerpt: string) => void }>

/** A session from the moment that something is agreed; before, nothing is `negotiated`. */
export type Line = McpSession & Readonly<{ agree(negotiation: Negotiation): McpSession }>

export function createLine(link: McpLink, { exclusive, onNoise }: LineOptions): Line {
  const counts: Partial<Record<NoiseKind, number>> = {}
  const listeners = new Set<SessionListener>()
  const calls = createCallTable(timeOut)
  const quiet = new Set<() => void>()
  let agreed: Negotiation | undefined
  let end: LinkEnd | undefined

  function noise(kind: NoiseKind, excerpt: string): void {
    counts[kind] = (counts[kind] ?? 0) + 1
    onNoise?.(kind, excerpt)
  }

  function settle(call: Pending, how: 'answered' | 'timed-out' | 'cancelled', settlement: Settlement): void {
    calls.end(call.id, how)
    call.sink.settled(settlement)
    tellIdle()
  }

  function tellIdle(): void {
    if (quiet.size > 0 && !calls.all().some(({ forwarded, method }) => forwarded && method !== METHOD.listen))
      for (const idle of quiet) idle()
  }

  function timeOut(call: Pending): void {
    giveUp(call, `no answer within ${call.timeoutMs} ms`)
    settle(call, 'timed-out', { kind: 'timed-out', afterMs: call.timeoutMs })
  }

  function giveUp({ id, method }: Pending, reason: string): void {
    const told = link.abandon(id)
    // The protocol forbids to cancel the handshake.
    if (!told && method !== METHOD.initialize) tell(notification(METHOD.cancelled, { requestId: id, reason }))
  }

  function tell(message: Message): void {
    // Whoever waits for something on this line hears of its end by that.
    link.send(message).catch(() => {})
  }

  function refuse(asked: Message, refusal: Refusal): void {
    tell(failure(idOf(asked) ?? null, refusal))
  }

  function answered(message: Message) {
    const call = calls.get(idOf(message))
    if (call !== undefined) settle(call, 'answered', { kind: 'answered', message })
    else noise(calls.nameOf(idOf(message)), message.text.slice(0, 200))
  }

  function asked(message: Message, about: RequestId | undefined) {
    if (methodOf(message) === METHOD.ping) return tell(result(idOf(message) ?? 0, {}))
    const call = about === undefined ? calls.sole() : (calls.get(about) ?? 'no-live-call')
    if (typeof call === 'object') return ask(call, message)
    if (exclusive) for (const { asked: take } of listeners) if (take?.(message, call)) return
    refuse(message, { code: CODE.refused, rule: call, says: `${methodOf(message)} is refused: ${WHY[call]}, so nobody can be asked` })
  }

  function ask(call: Pending, message: Message): void {
    const theirs = idOf(message)
    if (theirs === undefined) return
    call.openQuestions++
    let open = true
    call.sink.asked(message, (answer) => {
      if (!open) return
      open = false
      call.openQuestions--
      calls.touch(call)
      tell(reread(readdressAnswer(answer, theirs)))
    })
  }

  function notified(message: Message, about: RequestId | undefined) {
    const method = methodOf(message)
    const params = paramsOf(message.value)
    switch (method) {
      case METHOD.progress: {
        const token = params['progressToken']
        const call = typeof token === 'number' ? calls.get(token) : undefined
        if (call?.callerToken === undefined) return noise('progress-for-nobody', message.text.slice(0, 200))
        calls.touch(call)
        return call.sink.notified(reread(readdressProgress(message, call.callerToken)))
      }
      case METHOD.log:
        return logged(message, about)
      case METHOD.cancelled: {
        const call = calls.get(asId(params['requestId']))
        if (call?.method === METHOD.listen) return settle(call, 'answered', { kind: 'lost', loss: TORN_DOWN })
        break
      }
      default:
    }
    const subscription = subscriptionOf(message.value)
    if (subscription !== undefined) {
      const call = calls.get(subscription)
      if (call === undefined) return noise('notification-for-nobody', message.text.slice(0, 200))
      return call.sink.notified(reread(readdressSubscribed(message, call.callerId)))
    }
    const call = calls.get(about)
    if (call?.forwarded) return call.sink.notified(message)
    if (listeners.size === 0) return noise('notification-for-nobody', message.text.slice(0, 200))
    for (const listener of listeners) listener.notified(message)
  }

  /** A log line may quote what a caller sent: it goes to one who surely caused it, or to none. */
  function logged(message: Message, about: RequestId | undefined) {
    const related = calls.get(about)
    if (related?.forwarded) return related.sink.notified(message)
    if (exclusive && agreed?.era !== 'stateless' && listeners.size > 0) {
      for (const listener of listeners) listener.notified(message)
      return
    }
    const sole = calls.sole(agreed?.era === 'stateless' ? ({ wantsLog }) => wantsLog : undefined)
    if (typeof sole === 'object') return sole.sink.notified(message)
    const kind = sole === 'no-live-call' && agreed?.era === 'stateless' ? 'log-not-asked-for' : 'unattributable-notification'
    noise(kind, message.text.slice(0, 200))
  }

  function lost(id: RequestId, loss: RequestLoss): void {
    const call = calls.get(id)
    if (call !== undefined) settle(call, 'answered', { kind: 'lost', loss })
  }

  link.listen({
    message(message, about) {
      if (message.kind === 'request') asked(message, about)
      else if (message.kind === 'notification') notified(message, about)
      else answered(message)
    },
    lost,
    noise,
  })

  void link.ended.then((reason) => {
    end = reason
    const under = calls.all()
    for (const call of under) {
      settle(call, 'answered', { kind: 'lost', loss: { rule: 'link-ended', says: reason.says, unseen: false } })
    }
    calls.close()
  })

  const line: Line = {
    ended: link.ended,
    get open() {
      return end === undefined && quiet.size === 0
    },

    forward(message, sink, { timeoutMs, wantsLog = false, headers }) {
      return start(message, sink, { forwarded: true, timeoutMs, wantsLog, ...(headers === undefined ? {} : { headers }) })
    },

    request(method, params, { timeoutMs, signal, onProgress }) {
      const outcome = Promise.withResolvers<JsonObject>()
      const asking = onProgress === undefined ? params : { ...params, _meta: { ...metaIn(params), progressToken: 0 } }
      const call = start(
        request(0, method, asking),
        {
          notified: (message) => onProgress?.(paramsOf(message.value)),
          asked: (_question, answer) =>
            answer(failure(0, { code: CODE.refused, rule: 'no-client', says: 'Steward itself answers no questions' })),
          settled: (settlement) => conclude(method, settlement, outcome),
        },
        { forwarded: false, timeoutMs, wantsLog: false },
      )
      if (signal !== undefined) {
        const abort = (): void => {
          call.cancel('aborted')
          outcome.reject(new McpRequestFailed({ rule: 'aborted', says: `${method} was given up` }))
        }
        if (signal.aborted) abort()
        else {
          signal.addEventListener('abort', abort, { once: true })
          const forget = (): void => signal.removeEventListener('abort', abort)
          outcome.promise.then(forget, forget)
        }
      }
      return outcome.promise
    },

    busy: () => calls.sole() !== 'no-live-call',
    quiesce() {
      const { promise: idle, resolve } = Promise.withResolvers<void>()
      const told = (): void => resolve()
      quiet.add(told)
      tellIdle()
      return { idle, [Symbol.dispose]: () => void quiet.delete(told) }
    },
    tell,
    hear(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    noise: () => ({ ...counts }),
    close: () => link.close(),

    get negotiated() {
      if (agreed === undefined) throw new TypeError('nothing is agreed on this line yet')
      return agreed
    },
    agree(negotiation) {
      agreed = negotiation
      link.agreed(negotiation)
      return line
    },
  }

  function start(
    message: Message,
    sink: CallSink,
    options: { forwarded: boolean; timeoutMs: number; wantsLog: boolean; headers?: Readonly<Record<string, string>> },
  ) {
    const { headers, ...rest } = options
    const call = calls.add({
      ...rest,
      sink,
      method: methodOf(message),
      callerId: idOf(message) ?? 0,
      callerToken: progressTokenOf(message.value),
    })
    const { id } = call
    if (end !== undefined) {
      const loss: RequestLoss = { rule: 'link-ended', says: end.says, unseen: true }
      queueMicrotask(() => lost(id, loss))
    } else {
      link
        .send({ ...message, text: readdressRequest(message, id) }, { id, ...(headers === undefined ? {} : { headers }) })
        .catch((error: unknown) => lost(id, lossOf(error)))
    }
    return {
      id,
      cancel(reason: string) {
        if (calls.get(id) === undefined) return
        giveUp(call, reason)
        calls.end(id, 'cancelled')
        tellIdle()
      },
    }
  }

  return line
}

const WHY: Readonly<Record<Unattributed, string>> = {
  'no-live-call': 'no call of a client is under way that it could belong to',
  'several-live-calls': 'several calls of clients are under way and it does not say to which it belongs',
}

const TORN_DOWN: RequestLoss = { rule: 'no-answer', says: 'the server ended the subscription', unseen: false }

const asId = (value: JsonObject[string] | undefined): RequestId | undefined =>
  typeof value === 'number' || typeof value === 'string' ? value : undefined

const metaIn = (params: JsonObject): JsonObject => (isObject(params['_meta']) ? params['_meta'] : {})
