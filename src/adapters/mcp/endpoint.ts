/**
 * `/mcp/{server}` over node's own HTTP: the hot path of every call, so nothing stands on it that is not needed. Whoever comes from another site,
 * or by a name that is not ours, is turned away before his key is looked at; the key itself never goes further than this file.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CODE, failure } from '../../domain/mcp/errors.ts'
import { type Caller, createCallerWatch } from './caller-watch.ts'
import type { EventSink, Inbound, Reply } from './gateway/exchange.ts'
import type { Gateway } from './gateway/gateway.ts'

export type EndpointOptions = Readonly<{
  gateway: Gateway
  /** Who calls, or the answer that turns him away. */
  admit: (authorization: string | undefined, address: string) => Promise<Admitted> | Admitted
  /** Names by which this service is reached, without port. Default: those of the machine itself. */
  hosts?: readonly string[]
  /** Sites whose pages may call, as `https://host[:port]`. Default: pages of the machine itself, on any port. */
  origins?: readonly string[]
  /** Default 4 MiB. */
  maxBodyBytes?: number
  /** What may wait for a client that does not read. Default 32 MiB. */
  maxUnreadBytes?: number
  /** A fault of ours: the caller is told no more than that. */
  onFault?: (error: unknown) => void
}>

export type Admitted = Caller | Readonly<{ status: number; headers?: Readonly<Record<string, string>>; body: string }>

export type Endpoint = Readonly<{
  /** Whether the path is ours. */
  matches: (url: string | undefined) => boolean
  handle: (incoming: IncomingMessage, outgoing: ServerResponse) => void
  /** Looks after no key any more. */
  close: () => void
}>

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']
const PATH = /^\/mcp\/([A-Za-z0-9][A-Za-z0-9._-]{0,127})\/?(?:\?.*)?$/
const MAX_HEADER = 8_192

export function createMcpEndpoint({
  gateway,
  admit,
  hosts = LOOPBACK,
  origins,
  maxBodyBytes = 4 << 20,
  maxUnreadBytes = 32 << 20,
  onFault,
}: EndpointOptions): Endpoint {
  const watch = createCallerWatch({ holds: gateway.holds, end: gateway.endPrincipal })
  const names = new Set(hosts.map((host) => host.toLowerCase()))
  const sites = origins === undefined ? undefined : new Set(origins.map((origin) => origin.toLowerCase()))

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse, name: string): Promise<void> {
    const reply = replyOn(outgoing, maxUnreadBytes)
    const { headers, method: verb } = incoming
    const stranger = strangerBy(headers.host, headers.origin)
    if (stranger !== undefined) return refuse(reply, 403, stranger.rule, stranger.says)
    if (verb !== 'POST' && verb !== 'GET' && verb !== 'DELETE') {
      return reply.json(405, failure(null, { code: CODE.invalidRequest, rule: 'method-not-allowed', says: 'POST, GET or DELETE' }).text, {
        allow: 'POST, GET, DELETE',
      })
    }
    const admitting = admit(headers.authorization, incoming.socket.remoteAddress ?? 'unknown')
    const admitted = admitting instanceof Promise ? await admitting : admitting
    if ('status' in admitted) return reply.json(admitted.status, admitted.body, admitted.headers)
    watch.saw(admitted)
    const unfit = verb === 'POST' ? unfitPost(headers) : verb === 'GET' ? unfitGet(headers) : undefined
    if (unfit !== undefined) return refuse(reply, unfit.status, unfit.rule, unfit.says)
    const body = verb === 'POST' ? await readBody(incoming, maxBodyBytes) : ''
    if (body === undefined) return refuse(reply, 413, 'body-too-large', `a message may have at most ${maxBodyBytes} bytes`)
    const inbound: Inbound = {
      server: name,
      principal: admitted.principal,
      verb,
      body,
      header(wanted) {
        const value = headers[wanted]
        return typeof value === 'string' && value.length <= MAX_HEADER ? value : undefined
      },
    }
    gateway.handle(inbound, reply)
  }

  function strangerBy(host: string | undefined, origin: string | undefined): Readonly<{ rule: string; says: string }> | undefined {
    if (host === undefined || !names.has(withoutPort(host)))
      return { rule: 'host-not-allowed', says: 'the header Host names another service' }
    if (origin === undefined) return undefined
    const known = sites === undefined ? names.has(hostOfOrigin(origin)) : sites.has(origin.toLowerCase())
    return known ? undefined : { rule: 'origin-not-allowed', says: 'pages of this origin may not call' }
  }

  return {
    matches: (url) => url?.startsWith('/mcp/') === true,
    handle(incoming, outgoing) {
      const name = PATH.exec(incoming.url ?? '')?.[1]
      if (name === undefined) return refuse(replyOn(outgoing, maxUnreadBytes), 404, 'unknown-server', 'there is no such server')
      serve(incoming, outgoing, name).catch((error: unknown) => {
        // Who goes in the middle of his request is no fault.
        if (incoming.destroyed && !incoming.complete) return outgoing.destroy()
        onFault?.(error)
        const says = 'something went wrong in Steward; its log says what'
        replyOn(outgoing, maxUnreadBytes).json(500, failure(null, { code: CODE.internal, rule: 'internal', says }).text)
      })
    },
    close: () => watch.close(),
  }
}

const withoutPort = (host: string): string => host.toLowerCase().replace(/:\d+$/, '')
const hostOfOrigin = (origin: string): string => withoutPort(/^https?:\/\/([^/?#@]+)$/i.exec(origin)?.[1] ?? '')

function refuse(reply: Reply, status: number, rule: string, says: string): void {
  reply.json(status, failure(null, { code: CODE.invalidRequest, rule, says }).text, status === 413 ? { connection: 'close' } : {})
}

type Unfit = Readonly<{ status: number; rule: string; says: string }> | undefined

function unfitPost({ 'content-type': type, accept }: IncomingMessage['headers']): Unfit {
  if (type === undefined || !/^application\/json\s*(?:;|$)/i.test(type)) {
    return { status: 415, rule: 'content-type', says: 'the header Content-Type must be application/json' }
  }
  const takesBoth =
    accept === undefined || accept.includes('*/*') || (accept.includes('application/json') && accept.includes('text/event-stream'))
  return takesBoth ? undefined : { status: 406, rule: 'accept', says: 'the header Accept must list application/json and text/event-stream' }
}

const unfitGet = ({ accept }: IncomingMessage['headers']): Unfit =>
  accept === undefined || accept.includes('*/*') || accept.includes('text/event-stream')
    ? undefined
    : { status: 406, rule: 'accept', says: 'the header Accept must list text/event-stream' }

/** @returns undefined when it is too long. */
function readBody(incoming: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const declared = Number(incoming.headers['content-length'] ?? 0)
  if (declared > maxBytes) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined
    let rest: Buffer[] | undefined
    let bytes = 0
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxBytes) {
        incoming.pause()
        resolve(undefined)
      } else if (first === undefined) first = chunk
      else if (rest === undefined) rest = [first, chunk]
      else rest.push(chunk)
    })
    incoming.on('end', () => resolve((rest === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(rest)).toString('utf8')))
    incoming.on('error', reject)
  })
}

const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
}

function replyOn(outgoing: ServerResponse, maxUnreadBytes: number): Reply {
  return {
    get over() {
      return outgoing.writableEnded || outgoing.destroyed
    },
    json(status, text, headers) {
      if (outgoing.headersSent || outgoing.destroyed) return
      outgoing.writeHead(status, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
        'x-content-type-options': 'nosniff',
        ...headers,
      })
      outgoing.end(text)
    },
    empty(status, headers) {
      if (outgoing.headersSent || outgoing.destroyed) return
      outgoing.writeHead(status, { 'content-length': 0, ...headers })
      outgoing.end()
    },
    events(headers) {
      if (!outgoing.headersSent && !outgoing.destroyed) {
        outgoing.writeHead(200, { ...STREAM_HEADERS, ...headers })
        outgoing.flushHeaders()
      }
      return sinkOn(outgoing, maxUnreadBytes)
    },
    onGone(callback) {
      if (outgoing.destroyed && !outgoing.writableEnded) return callback()
      outgoing.once('close', () => {
        if (!outgoing.writableEnded) callback()
      })
    },
  }
}

function sinkOn(outgoing: ServerResponse, maxUnreadBytes: number): EventSink {
  return {
    event(data, id) {
      if (outgoing.writableEnded || outgoing.destroyed) return false
      if (outgoing.writableLength > maxUnreadBytes) {
        outgoing.destroy()
        return false
      }
      outgoing.write(id === undefined ? `event: message\ndata: ${data}\n\n` : `id: ${id}\nevent: message\ndata: ${data}\n\n`)
      return true
    },
    comment() {
      if (!outgoing.writableEnded && !outgoing.destroyed) outgoing.write(':\n\n')
    },
    end() {
      if (!outgoing.writableEnded) outgoing.end()
    },
  }
}
