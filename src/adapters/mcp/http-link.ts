/**
 * A line over Streamable HTTP, in both eras. Each request has an exchange of its own; what the server says on it belongs to that request. A
 * session that the server has forgotten is begun again once; a stream that broke is taken up where it ended, where the server numbers its events.
 */
import type { IncomingMessage } from 'node:http'
import { createEventStreamReader } from '../../domain/mcp/event-stream.ts'
import { mirrorHeaders } from '../../domain/mcp/header-mirror.ts'
import { idOf, isReadable, type Message, methodOf, notification, type RequestId, readMessage, request } from '../../domain/mcp/message.ts'
import { META, metaOf, paramsOf } from '../../domain/mcp/meta.ts'
import { METHOD } from '../../domain/mcp/methods.ts'
import type { Negotiation } from '../../domain/mcp/negotiation.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import { type LinkEnd, LinkEnded, type LinkListener, type McpLink, type Outgoing, type RequestLoss } from '../../domain/ports/mcp.ts'
import { AddressForbidden, type ResolveOutbound } from '../outbound/resolve-outbound.ts'
import { errorIn, headerOf, isAnswerTo, isVerdict, readText, saysOf, TooLong } from './http-answer.ts'
import { createHttpClient, type HttpExchange, NotSent } from './http-client.ts'

export type HttpLinkOptions = Readonly<{
  url: string
  headers: Readonly<Record<string, string>>
  /** Which addresses a name may lead to. Default: any. */
  resolve?: ResolveOutbound
  /** Default 16 MiB. */
  maxMessageBytes?: number
  /** Of a broken stream, one after the other. Default 5. */
  maxResumes?: number
  /** For beginning a session again that the server has forgotten. Default 10 000. */
  renewalTimeoutMs?: number
}>

const RESUME_MS = 1_000
/** After the answer of a request, its stream should end. */
const LINGER_MS = 250
const MAX_RESUME_MS = 30_000

export function createHttpLink({
  url,
  headers: given,
  resolve,
  maxMessageBytes = 16 << 20,
  maxResumes = 5,
  renewalTimeoutMs = 10_000,
}: HttpLinkOptions): McpLink {
  const client = createHttpClient(new URL(url), resolve === undefined ? {} : { resolve })
  const exchanges = new Map<RequestId, HttpExchange>()
  const timers = new Set<NodeJS.Timeout>()
  const ended = Promise.withResolvers<LinkEnd>()
  let end: LinkEnd | undefined
  let listener: LinkListener | undefined
  let agreed: Negotiation | undefined
  let sessionId: string | undefined
  let opening: JsonObject | undefined
  let renewing: Promise<boolean> | undefined
  let standalone: HttpExchange | undefined
  let renewals = 0

  function headersOf(message: Message, about: Outgoing | undefined): Record<string, string> {
    const params = paramsOf(message.value)
    const stateless = metaOf(params)[META.version]
    const version = typeof stateless === 'string' ? stateless : agreed?.version
    return {
      ...given,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(version === undefined || methodOf(message) === METHOD.initialize ? {} : { 'mcp-protocol-version': version }),
      ...(sessionId === undefined || methodOf(message) === METHOD.initialize ? {} : { 'mcp-session-id': sessionId }),
      ...(typeof stateless === 'string' ? mirrorHeaders(methodOf(message), params) : {}),
      ...about?.headers,
    }
  }

  async function ask(message: Message, about: Outgoing | undefined, mayRenew: boolean): Promise<void> {
    const id = about?.id ?? idOf(message) ?? 0
    if (renewing !== undefined) {
      // In between there is no session to speak in. Who does not want it any more by then must not have it done.
      exchanges.set(id, NOT_SENT_YET)
      await renewing
      if (exchanges.get(id) !== NOT_SENT_YET || end !== undefined) return
    }
    const began = sessionId
    const exchange = client.send({ method: 'POST', headers: headersOf(message, about), body: message.text })
    exchanges.set(id, exchange)
    try {
      const response = await exchange.response
      const status = response.statusCode ?? 0
      if (status === 200) {
        if (methodOf(message) === METHOD.initialize) {
          opening = paramsOf(message.value)
          sessionId = headerOf(response, 'mcp-session-id')
        }
        return await readAnswer(id, response)
      }
      const body = await readText(response, 64 << 10)
      if (began !== undefined && (status === 404 || (status === 400 && !isVerdict(body, id)))) {
        return await sessionLost(message, about, { id, status, began, mayRenew })
      }
      const error = errorIn(body, id)
      if (error !== undefined) listener?.message(error, id)
      else lose(id, { rule: 'http-status', says: saysOf(status), unseen: status === 401 || status === 403 || status === 503, status })
    } catch (error) {
      const says = error instanceof Error ? error.message : String(error)
      const rule = error instanceof TooLong ? 'too-large' : error instanceof AddressForbidden ? error.rule : 'unreachable'
      lose(id, { rule, says, unseen: error instanceof NotSent || error instanceof AddressForbidden })
    } finally {
      // By now it may be another one: that of a stream that was taken up again, or of the request made once more.
      exchanges.delete(id)
    }
  }

  /** By class, not by text: the id of a session was not known any more, so nothing of the request was done where the server says 404. */
  async function sessionLost(
    message: Message,
    about: Outgoing | undefined,
    { id, status, began, mayRenew }: { id: RequestId; status: number; began: string; mayRenew: boolean },
  ): Promise<void> {
    const renewed = mayRenew && (renewing === undefined && sessionId !== undefined && sessionId !== began ? true : await renew())
    if (!exchanges.has(id) || end !== undefined) return
    if (renewed && status === 404) return await ask(message, about, false)
    const says = renewed ? 'it had forgotten the session; there is a new one now' : 'it has forgotten the session and begins no new one'
    lose(id, { rule: 'session-lost', says, unseen: status === 404, status })
  }

  function renew(): Promise<boolean> {
    renewing ??= begin().finally(() => {
      renewing = undefined
    })
    return renewing
  }

  async function begin(): Promise<boolean> {
    if (opening === undefined || end !== undefined) return false
    const forgotten = sessionId
    sessionId = undefined
    standalone?.abort()
    const asking = request(`renewal-${++renewals}`, METHOD.initialize, opening)
    const exchange = client.send({ method: 'POST', headers: headersOf(asking, undefined), body: asking.text })
    // Whoever has something to ask waits for this.
    const timer = setTimeout(() => exchange.abort(), renewalTimeoutMs)
    let begun = false
    try {
      const response = await exchange.response
      await readText(response, maxMessageBytes)
      if (response.statusCode !== 200) return false
      sessionId = headerOf(response, 'mcp-session-id')
      begun = true
    } catch {
      return false
    } finally {
      clearTimeout(timer)
      // So that the next request, which is told again that nobody knows it, tries again.
      if (!begun) sessionId = forgotten
    }
    await tell(notification(METHOD.initialized))
    return true
  }

  async function tell(message: Message): Promise<void> {
    try {
      const response = await client.send({ method: 'POST', headers: headersOf(message, undefined), body: message.text }).response
      response.resume()
      if (methodOf(message) === METHOD.initialized && (response.statusCode ?? 0) < 300) listenAlone(undefined, 0)
    } catch {
      // A notification is answered by nobody; that the server cannot be reached shows at the next request.
    }
  }

  async function readAnswer(id: RequestId, response: IncomingMessage): Promise<void> {
    const type = headerOf(response, 'content-type') ?? ''
    if (type.startsWith('text/event-stream')) return await readStream(id, response, maxResumes)
    const message = readMessage(await readText(response, maxMessageBytes))
    if (!isReadable(message)) return lose(id, { rule: 'unreadable-answer', says: `its answer is ${message.unreadable}`, unseen: false })
    listener?.message(message, id)
    if (!isAnswerTo(message, id)) lose(id, NO_ANSWER)
  }

  /** Whatever comes on the stream of a request, until its answer has come. */
  async function readStream(id: RequestId | undefined, response: IncomingMessage, resumes: number): Promise<void> {
    let lastEventId: string | undefined
    let answered = false
    const reader = createEventStreamReader(({ id: eventId, data, event }) => {
      if (eventId !== undefined) lastEventId = eventId
      if (data === '' || event !== 'message') return
      const message = readMessage(data)
      if (!isReadable(message)) return listener?.noise(message.unreadable, data.slice(0, 200))
      if (id !== undefined && isAnswerTo(message, id)) answered = true
      listener?.message(message, id)
    }, maxMessageBytes)
    response.setEncoding('utf8')
    let lingering: NodeJS.Timeout | undefined
    try {
      for await (const chunk of response) {
        if (!reader.push(String(chunk))) throw new TooLong(`an event is longer than ${maxMessageBytes} bytes`)
        // A stream that ends in good order leaves its connection for the next request.
        if (answered) lingering ??= setTimeout(() => response.destroy(), LINGER_MS)
      }
    } catch (error) {
      if (error instanceof TooLong) throw error
    } finally {
      clearTimeout(lingering)
    }
    if (answered || end !== undefined) return
    if (id === undefined) return listenAlone(lastEventId, 1, reader.retryMs)
    if (!exchanges.has(id)) return
    if (agreed?.era !== 'session' || lastEventId === undefined || resumes === 0) return lose(id, NO_ANSWER)
    await resume(id, lastEventId, reader.retryMs ?? RESUME_MS, resumes)
  }

  async function resume(id: RequestId, lastEventId: string, afterMs: number, resumes: number): Promise<void> {
    await pause(afterMs)
    if (!exchanges.has(id) || end !== undefined) return
    const exchange = client.send({ method: 'GET', headers: listeningHeaders(lastEventId) })
    exchanges.set(id, exchange)
    const response = await exchange.response
    if (response.statusCode === 200) return await readStream(id, response, resumes - 1)
    response.resume()
    lose(id, NO_ANSWER)
  }

  const listeningHeaders = (lastEventId: string | undefined): Record<string, string> => ({
    ...given,
    accept: 'text/event-stream',
    ...(agreed === undefined ? {} : { 'mcp-protocol-version': agreed.version }),
    ...(sessionId === undefined ? {} : { 'mcp-session-id': sessionId }),
    ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
  })

  /** The stream for what belongs to no request. A server need not offer it. */
  function listenAlone(lastEventId: string | undefined, failures: number, retryMs = RESUME_MS): void {
    void (async () => {
      if (failures > 0) await pause(Math.min(MAX_RESUME_MS, retryMs * 2 ** (failures - 1)))
      if (end !== undefined || sessionId === undefined) return
      const exchange = client.send({ method: 'GET', headers: listeningHeaders(lastEventId) })
      standalone = exchange
      try {
        const response = await exchange.response
        if (response.statusCode === 200) return await readStream(undefined, response, 0)
        response.resume()
      } catch {
        if (standalone === exchange && failures < 10) listenAlone(lastEventId, failures + 1)
      }
    })()
  }

  function lose(id: RequestId, loss: RequestLoss): void {
    exchanges.delete(id)
    listener?.lost(id, loss)
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        timers.delete(timer)
        resolve()
      }, ms)
      timers.add(timer)
    })
  }

  return {
    kind: 'http',
    ended: ended.promise,
    listen(to) {
      listener = to
    },
    async send(message, about) {
      if (end !== undefined) throw new LinkEnded(end)
      if (message.kind === 'request') void ask(message, about, true)
      else await tell(message)
    },
    abandon(id) {
      const exchange = exchanges.get(id)
      exchanges.delete(id)
      exchange?.abort()
      return agreed?.era === 'stateless'
    },
    agreed(negotiation) {
      agreed = negotiation
    },
    async close() {
      if (end !== undefined) return
      end = { reason: 'asked', says: 'the line was closed' }
      ended.resolve(end)
      for (const exchange of exchanges.values()) exchange.abort()
      standalone?.abort()
      for (const timer of timers) clearTimeout(timer)
      if (sessionId !== undefined) await farewell()
      client.close()
    },
  }

  /** Servers need not allow it, and may be gone. */
  async function farewell(): Promise<void> {
    const exchange = client.send({ method: 'DELETE', headers: listeningHeaders(undefined) })
    const timer = setTimeout(() => exchange.abort(), 1_000)
    try {
      const response = await exchange.response
      response.resume()
    } catch {
      // Then it ends by itself.
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Waits for a session to speak in. */
const NOT_SENT_YET: HttpExchange = { response: new Promise(() => {}), abort() {} }

const NO_ANSWER: RequestLoss = { rule: 'no-answer', says: 'the exchange ended without an answer', unseen: false }
