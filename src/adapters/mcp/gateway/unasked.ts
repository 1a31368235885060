/** What a server says to the client of a session without being asked, on a stream of that client. On a shared line only what is meant for all. */
import { idOf, type Message, methodOf } from '../../../domain/mcp/message.ts'
import { paramsOf } from '../../../domain/mcp/meta.ts'
import { METHOD } from '../../../domain/mcp/methods.ts'
import { readdressAnswer } from '../../../domain/mcp/readdress.ts'
import type { McpSession, SessionListener } from '../../../domain/ports/mcp.ts'
import type { Questions } from './questions.ts'
import type { SessionStreams } from './session-streams.ts'

export type UnaskedOptions = Readonly<{
  questions: Questions
  streams: Pick<SessionStreams, 'route'>
  /** Resources that the client is subscribed to. */
  uris: ReadonlySet<string>
}>

export const createUnasked =
  ({ questions, streams, uris }: UnaskedOptions) =>
  (session: McpSession, own: boolean): SessionListener => ({
    notified(message) {
      const method = methodOf(message)
      const { requestId, uri } = paramsOf(message.value)
      if (method === METHOD.cancelled) {
        const isId = typeof requestId === 'string' || typeof requestId === 'number'
        if (isId && questions.withdrawn(requestId, message)) return
      }
      // On a shared line a cancellation is of somebody's question, and an update of what somebody subscribed to.
      if (!own && method === METHOD.cancelled) return
      if (!own && method === METHOD.resourceUpdated && (typeof uri !== 'string' || !uris.has(uri))) return
      streams.route(method !== METHOD.log).push(message.text)
    },
    asked(question) {
      questions.put(
        question,
        (answer) => reply(session, question, answer),
        (text) => streams.route(false).push(text),
      )
      return true
    },
  })

function reply(session: McpSession, question: Message, answer: Message): void {
  const theirs = idOf(question)
  if (theirs !== undefined) session.tell({ ...answer, text: readdressAnswer(answer, theirs) })
}
