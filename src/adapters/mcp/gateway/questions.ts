/**
 * What servers asked the client of one session and are waiting for. Ids of several servers' lives could be equal, so the client sees ids of
 * ours; an answer to an id that was never given out reaches nobody.
 */
import { CODE, failure } from '../../../domain/mcp/errors.ts'
import { idOf, type Message, methodOf, type RequestId } from '../../../domain/mcp/message.ts'
import { metaOf, paramsOf } from '../../../domain/mcp/meta.ts'
import { neededCapability } from '../../../domain/mcp/methods.ts'
import { readdressAnswer, readdressCancelled } from '../../../domain/mcp/readdress.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'

export interface Questions {
  /** Puts the question to the client by `say`, or refuses it by name. */
  put(question: Message, answer: (message: Message) => void, say: (text: string) => void): void
  /** Returns false when nobody asked. */
  answered(message: Message): boolean
  /** The server takes its question back. Returns false when it is not open. */
  withdrawn(theirs: RequestId, notification: Message): boolean
  /** Whether a progress token of the client belongs to an open question. */
  hasToken(token: RequestId): boolean
  expire(olderThanMs: number): void
  close(): void
}

type Open = Readonly<{
  theirs: RequestId | undefined
  token: unknown
  atMs: number
  answer: (message: Message) => void
  say: (text: string) => void
}>

/** A server could go on asking for as long as its client says nothing. */
const MOST_OPEN = 256

export function createQuestions(capabilities: JsonObject, nowMs: () => number, onRefused: (rule: string, says: string) => void): Questions {
  const open = new Map<string, Open>()
  let last = 0

  function refuse({ answer }: Pick<Open, 'answer'>, rule: string, says: string): void {
    onRefused(rule, says)
    answer(failure(0, { code: CODE.refused, rule, says }))
  }

  return {
    put(question, answer, say) {
      const method = methodOf(question)
      const needed = neededCapability(method)
      if (needed !== undefined && !(needed in capabilities)) {
        return void refuse({ answer }, 'client-lacks-capability', `${method} is refused: the client did not declare ${needed}`)
      }
      if (open.size >= MOST_OPEN)
        return void refuse({ answer }, 'too-many-questions', `at most ${MOST_OPEN} questions may wait for one client`)
      const id = `steward-${++last}`
      open.set(id, { theirs: idOf(question), token: metaOf(paramsOf(question.value))['progressToken'], atMs: nowMs(), answer, say })
      say(readdressAnswer(question, id))
    },
    answered(message) {
      const id = idOf(message)
      const question = typeof id === 'string' ? open.get(id) : undefined
      if (question === undefined || typeof id !== 'string') return false
      open.delete(id)
      question.answer(message)
      return true
    },
    withdrawn(theirs, notification) {
      for (const [id, question] of open) {
        if (question.theirs !== theirs) continue
        open.delete(id)
        question.say(readdressCancelled(notification, id))
        return true
      }
      return false
    },
    hasToken: (token) => [...open.values()].some((question) => question.token === token),
    expire(olderThanMs) {
      for (const [id, question] of open) {
        if (question.atMs > olderThanMs) continue
        open.delete(id)
        refuse(question, 'client-did-not-answer', 'the client did not answer in time')
      }
    },
    close() {
      for (const question of open.values()) refuse(question, 'client-gone', 'the session of the client has ended')
      open.clear()
    },
  }
}
