/**
 * Calls of stateless clients at servers with sessions, which asked for something in the middle. The call waits at the server while the client is
 * told `input_required`; when the client comes back with the answers, it is the same call that goes on. The state that a client carries in
 * between is a random name: it opens nothing for another principal, and nothing but the request it was given for.
 */
import { CODE, failure } from '../../../domain/mcp/errors.ts'
import { type Message, methodOf, type RequestId, result } from '../../../domain/mcp/message.ts'
import { isObject, paramsOf } from '../../../domain/mcp/meta.ts'
import { METHOD, mayAskClient, neededCapability } from '../../../domain/mcp/methods.ts'
import { progressTokenOf, readdressProgress } from '../../../domain/mcp/readdress.ts'
import { inputRequired } from '../../../domain/mcp/translate.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import type { CallSink, ForwardedCall, Settlement } from '../../../domain/ports/mcp.ts'
import type { GatewayContext } from './context.ts'
import type { StatelessReply } from './stateless-reply.ts'

const HELD_NOTIFICATIONS = 256
/** Questions of one call. */
const MOST_OPEN = 256

export type Visit = Readonly<{ id: RequestId; reply: StatelessReply; message: Message }>

export type Suspendable = Readonly<{
  principal: string
  serverName: string
  serverInfo: JsonObject
  capabilities: JsonObject
  method: string
  /** Sends the call; its end is told to `settled` of whoever waits then. */
  start(sink: CallSink): ForwardedCall
  /** Writes the end of the call for one visit. */
  settle(visit: Visit, settlement: Settlement): void
  keeps(message: Message): boolean
  /** Nobody waits for its end any more. */
  abandoned(rule: string): void
}>

export interface SuspendedCalls {
  begin(call: Suspendable, visit: Visit): Readonly<{ gone(): void }>
  /** A retry. @returns why it cannot go on, by rule. */
  resume(
    state: string,
    principal: string,
    serverName: string,
    visit: Visit,
  ): Readonly<{ gone(): void }> | Readonly<{ rule: string; says: string }>
  expire(nowMs: number): void
  holds(principal: string): boolean
  endPrincipal(principal: string): void
  close(): void
}

export function createSuspendedCalls({ freshId, nowMs, refused, limits }: GatewayContext): SuspendedCalls {
  const waiting = new Map<string, Resumable>()

  type Resumable = {
    readonly principal: string
    readonly serverName: string
    readonly sinceMs: number
    readonly asked: string
    resume(visit: Visit): Readonly<{ gone(): void }>
    giveUp(rule: string, says: string): void
  }

  return {
    begin(call, first) {
      const questions = new Map<string, Readonly<{ question: JsonObject; answer: (message: Message) => void }>>()
      const held: Message[] = []
      let visit: Visit | undefined = first
      let end: Settlement | undefined
      let forwarded: ForwardedCall | undefined
      let count = 0

      function suspend(): void {
        if (visit === undefined || questions.size === 0) return
        const { id, reply, message } = visit
        const state = freshId()
        waiting.set(state, {
          principal: call.principal,
          serverName: call.serverName,
          sinceMs: nowMs(),
          asked: salient(message),
          resume,
          giveUp,
        })
        visit = undefined
        const requests = [...questions].map(([key, { question }]) => [key, question] as const)
        reply.finish(200, result(id, inputRequired(requests, state, call.serverInfo)).text)
      }

      function resume(next: Visit): Readonly<{ gone(): void }> {
        visit = next
        const given = paramsOf(next.message.value)['inputResponses']
        for (const [key, { answer }] of [...questions]) {
          const response = isObject(given) ? given[key] : undefined
          if (!isObject(response)) continue
          questions.delete(key)
          answer(result(0, response))
        }
        for (const message of held.splice(0)) tell(message)
        if (end !== undefined) call.settle(next, end)
        else suspend()
        return { gone: () => gone(next) }
      }

      function gone(who: Visit): void {
        if (visit !== who) return
        visit = undefined
        giveUp('client-gone', 'the client closed its connection')
      }

      function giveUp(rule: string, says: string): void {
        for (const { answer } of questions.values()) answer(failure(0, { code: CODE.refused, rule, says }))
        questions.clear()
        if (end !== undefined) return
        forwarded?.cancel(says)
        call.abandoned(rule)
      }

      function tell(message: Message): void {
        if (visit === undefined) {
          if (held.push(message) > HELD_NOTIFICATIONS) {
            held.shift()
            refused(call.serverName, 'stream-overflow', 'a notification for a call that waits for its client is lost')
          }
          return
        }
        const token = progressTokenOf(visit.message.value)
        const text = methodOf(message) === METHOD.progress && token !== undefined ? readdressProgress(message, token) : message.text
        if (!visit.reply.notify(text)) gone(visit)
      }

      forwarded = call.start({
        notified: (message) => {
          if (call.keeps(message)) tell(message)
        },
        asked(question, answer) {
          const method = methodOf(question)
          const needed = neededCapability(method)
          const refusal =
            questions.size >= MOST_OPEN
              ? { rule: 'too-many-questions', says: `at most ${MOST_OPEN} questions may wait for one client` }
              : needed === undefined || !mayAskClient(call.method)
                ? { rule: 'no-counterpart', says: `${method} has no counterpart for a client without a session` }
                : needed in call.capabilities
                  ? undefined
                  : { rule: 'client-lacks-capability', says: `${method} is refused: the client did not declare ${needed}` }
          if (refusal !== undefined) {
            refused(call.serverName, refusal.rule, refusal.says)
            return answer(failure(0, { code: CODE.refused, ...refusal }))
          }
          questions.set(`question-${++count}`, { question: { method, params: paramsOf(question.value) }, answer })
          suspend()
        },
        settled(settlement) {
          end = settlement
          if (visit !== undefined) call.settle(visit, settlement)
        },
      })
      return { gone: () => gone(first) }
    },

    resume(state, principal, serverName, visit) {
      const call = waiting.get(state)
      if (call === undefined || call.principal !== principal || call.serverName !== serverName) {
        return {
          rule: 'unknown-request-state',
          says: 'params.requestState belongs to no call that waits; send the request anew without it',
        }
      }
      if (call.asked !== salient(visit.message)) {
        return { rule: 'other-request', says: 'params.requestState was given for another request' }
      }
      waiting.delete(state)
      return call.resume(visit)
    },

    expire(now) {
      for (const [state, call] of waiting) {
        if (now - call.sinceMs <= limits.questionTtlMs) continue
        waiting.delete(state)
        call.giveUp('client-did-not-answer', 'the client did not come back with an answer in time')
      }
    },

    holds: (principal) => [...waiting.values()].some((call) => call.principal === principal),

    endPrincipal(principal) {
      for (const [state, call] of waiting) {
        if (call.principal !== principal) continue
        waiting.delete(state)
        call.giveUp('key-ended', 'the key of the client is no longer valid')
      }
    },

    close() {
      for (const call of waiting.values()) call.giveUp('session-ended', 'the gateway ends')
      waiting.clear()
    },
  }
}

/** What a retry must have in common with the request that it repeats. */
function salient({ value }: Message): string {
  const { _meta, inputResponses: _responses, requestState: _state, ...rest } = paramsOf(value)
  return JSON.stringify([value['method'], rest])
}
