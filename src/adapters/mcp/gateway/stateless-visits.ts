/**
 * What stateless clients have under way. Each request ends in one of three ways: it is answered, its client goes, or the key that it came with ends;
 * in the last two the server is told, and nothing of it goes on behind a caller who is not there.
 */
import { CODE, failure } from '../../../domain/mcp/errors.ts'
import type { Message } from '../../../domain/mcp/message.ts'
import type { StatelessRequest } from '../../../domain/mcp/stateless-request.ts'
import type { GatewayServer, Settlement } from '../../../domain/ports/mcp.ts'
import type { Reply } from './exchange.ts'
import { createStatelessReply, type StatelessReply } from './stateless-reply.ts'
import type { Asked, Usage } from './tool-call.ts'

export type Visit = Readonly<{
  server: GatewayServer
  principal: string
  message: Message
  asked: Asked
  stateless: StatelessRequest
  reply: StatelessReply
  usage: Usage | undefined
}>

/** Who waits for an answer: of a call that asked in between, whoever came back last. */
export type Waiting = Pick<Visit, 'server' | 'asked' | 'reply' | 'usage'>
export type Lost = Exclude<Settlement, { kind: 'answered' }>

export interface StatelessVisits {
  /** From here on the client is watched. */
  begin(visit: Omit<Visit, 'reply'>, to: Reply): Visit
  /** What is to be done when the client goes before the answer. Replaces what was said before. */
  onGone(visit: Visit, giveUp: () => void): void
  holds(principal: string): boolean
  endPrincipal(principal: string): void
  /** Keeps what lies between from closing quiet streams. */
  keepAlive(): void
}

export function createStatelessVisits(): StatelessVisits {
  const open = new Map<StatelessReply, { readonly visit: Visit; giveUp: (() => void) | undefined }>()

  function leave(visit: Visit, why: 'client-gone' | 'key-ended'): void {
    const under = open.get(visit.reply)
    if (under === undefined) return
    open.delete(visit.reply)
    visit.usage?.end('cancelled', why)
    under.giveUp?.()
  }

  return {
    begin(asked, to) {
      const reply = createStatelessReply(to, () => open.delete(reply))
      const visit: Visit = { ...asked, reply }
      open.set(reply, { visit, giveUp: undefined })
      to.onGone(() => leave(visit, 'client-gone'))
      return visit
    },
    onGone(visit, giveUp) {
      const under = open.get(visit.reply)
      if (under !== undefined) under.giveUp = giveUp
    },
    holds: (principal) => [...open.values()].some(({ visit }) => visit.principal === principal),
    endPrincipal(principal) {
      for (const { visit } of [...open.values()]) {
        if (visit.principal !== principal) continue
        leave(visit, 'key-ended')
        visit.reply.finish(401, failure(visit.asked.id, KEY_ENDED).text)
      }
    },
    keepAlive() {
      for (const reply of open.keys()) reply.comment()
    },
  }
}

const KEY_ENDED = { code: CODE.refused, rule: 'key-ended', says: 'the key of this request is no longer valid' }
