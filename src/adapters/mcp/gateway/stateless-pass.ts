/** A stateless client at a stateless server: the text goes through as it is, under an id of ours. */
import { CODE, failure, type Refusal } from '../../../domain/mcp/errors.ts'
import { type Message, notification } from '../../../domain/mcp/message.ts'
import { isObject, META } from '../../../domain/mcp/meta.ts'
import { METHOD } from '../../../domain/mcp/methods.ts'
import { readdressAnswer } from '../../../domain/mcp/readdress.ts'
import { statusOf } from '../../../domain/mcp/stateless-request.ts'
import type { McpSession } from '../../../domain/ports/mcp.ts'
import type { Lost, StatelessVisits, Visit } from './stateless-visits.ts'
import type { Subscriptions } from './subscriptions.ts'
import { mirroredHeaders } from './tool-list.ts'

export type PassOptions = Readonly<{
  timeoutMs: number
  visits: StatelessVisits
  subscriptions: Subscriptions
  /** Nobody uses the line any more. */
  done: () => void
  /** There is no answer. */
  lost: (visit: Visit, settlement: Lost) => void
}>

export function passThrough(visit: Visit, session: McpSession, { timeoutMs, visits, subscriptions, done, lost }: PassOptions): void {
  const { server, asked, stateless, message, reply, usage } = visit
  const listens = asked.method === METHOD.listen
  const forget = listens ? subscriptions.add(server.serverId, () => tellToolsChanged(visit)) : undefined
  const call = session.forward(
    message,
    {
      notified(note) {
        if (!reply.notify(note.text)) call.cancel('the client does not read')
      },
      asked: (_question, answer) => answer(failure(0, NO_REQUESTS)),
      settled(settlement) {
        done()
        forget?.()
        if (settlement.kind !== 'answered') return lost(visit, settlement)
        usage?.answered(settlement.message)
        reply.finish(statusOfAnswer(settlement.message), readdressAnswer(settlement.message, asked.id))
      },
    },
    {
      timeoutMs: listens ? Number.POSITIVE_INFINITY : timeoutMs,
      wantsLog: stateless.logLevel !== undefined,
      ...mirroredHeaders(server, asked),
    },
  )
  visits.onGone(visit, () => {
    done()
    forget?.()
    call.cancel('the client closed its connection')
  })
}

/** What the gateway adds to a subscription at the server: the served list can change without the server having changed anything. */
function tellToolsChanged({ asked: { id, params }, reply }: Visit): void {
  const filter = params['notifications']
  if (!isObject(filter) || filter['toolsListChanged'] !== true) return
  reply.notify(notification(METHOD.toolsChanged, { _meta: { [META.subscription]: id } }).text)
}

const NO_REQUESTS: Refusal = {
  code: CODE.refused,
  rule: 'no-requests-without-a-session',
  says: 'a server of this era asks by input_required, not by a request of its own',
}

function statusOfAnswer({ value, kind }: Message): number {
  return kind === 'error' && isObject(value['error']) ? statusOf(value['error']['code']) : 200
}
