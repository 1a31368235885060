/**
 * A double of the Messages API on a port of its own: it checks what a real one would check, answers from a script, and remembers the
 * requests, as JSON and as the bytes that came. One reply per request, in order, the last one repeated; or whatever a function makes of it.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export type Reply =
  | Readonly<{ kind: 'answer'; text: string; stopReason?: string; headers?: Readonly<Record<string, string>> }>
  | Readonly<{ kind: 'error'; status: number; type: string; headers?: Readonly<Record<string, string>> }>
  | Readonly<{ kind: 'raw'; status: number; contentType: string; body: string; headers?: Readonly<Record<string, string>> }>
  /** Never answers. */
  | Readonly<{ kind: 'silence' }>
  /** Closes the connection without a word. */
  | Readonly<{ kind: 'hang-up' }>

export type SeenRequest = Readonly<{
  path: string
  headers: Readonly<Record<string, string | undefined>>
  body: Record<string, unknown>
  /** Headers and body as they came over the wire, the headers one per line. */
  raw: string
}>

export type Replies = readonly Reply[] | ((request: SeenRequest) => Reply)

export interface MessagesApi extends AsyncDisposable {
  readonly url: string
  readonly requests: readonly SeenRequest[]
  /** Resolves when the request with this number, counted from 1, has arrived. */
  arrival(number: number): Promise<void>
}

export const USAGE = { input_tokens: 120, output_tokens: 30, cache_creation_input_tokens: 5, cache_read_input_tokens: 7 }

export async function startMessagesApi({ apiKey, replies }: { apiKey: string; replies: Replies }): Promise<MessagesApi> {
  const requests: SeenRequest[] = []
  const waiting = new Map<number, () => void>()
  const server = createServer((request, response) => {
    void bodyOf(request).then((text) => {
      const body: Record<string, unknown> = JSON.parse(text)
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      const seen = { path: request.url ?? '', headers, body, raw: `${request.rawHeaders.join('\n')}\n\n${text}` }
      requests.push(seen)
      const scripted = typeof replies === 'function' ? replies(seen) : (replies[requests.length - 1] ?? replies.at(-1))
      const reply = authorised(headers, apiKey) ? scripted : UNAUTHORISED
      waiting.get(requests.length)?.()
      if (reply !== undefined) send(reply, body, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    arrival: (number) => (requests.length >= number ? Promise.resolve() : new Promise((resolve) => waiting.set(number, resolve))),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const UNAUTHORISED: Reply = { kind: 'error', status: 401, type: 'authentication_error' }

const authorised = (headers: SeenRequest['headers'], apiKey: string): boolean =>
  headers['x-api-key'] === apiKey || headers['authorization'] === `Bearer ${apiKey}`

function send(reply: Reply, request: Record<string, unknown>, response: ServerResponse): void {
  const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_1', ...headers })
    response.end(JSON.stringify(body))
  }
  switch (reply.kind) {
    case 'answer':
      json(
        200,
        {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: request['model'],
          content: reply.text === '' ? [] : [{ type: 'text', text: reply.text, citations: null }],
          stop_reason: reply.stopReason ?? 'end_turn',
          stop_sequence: null,
          usage: USAGE,
        },
        reply.headers,
      )
      return
    case 'error':
      json(reply.status, { type: 'error', error: { type: reply.type, message: 'no' }, request_id: 'req_1' }, reply.headers)
      return
    case 'raw':
      response.writeHead(reply.status, { 'content-type': reply.contentType, ...reply.headers })
      response.end(reply.body)
      return
    case 'silence':
      return
    case 'hang-up':
      response.destroy()
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  request.setEncoding('utf8')
  for await (const chunk of request) text += String(chunk)
  return text
}
