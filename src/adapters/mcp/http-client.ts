/**
 * One HTTP request to a managed server: bounded, never redirected, and connected only to an address that was looked at first. The caller's own
 * signal never reaches the connection, so that nothing of a call stays behind on it.
 */
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import { AddressForbidden, type ResolveOutbound } from '../outbound/resolve-outbound.ts'

export interface HttpClient {
  send(request: HttpRequest): HttpExchange
  close(): void
}

export type HttpRequest = Readonly<{ method: 'POST' | 'GET' | 'DELETE'; headers: Readonly<Record<string, string>>; body?: string }>
export type HttpExchange = Readonly<{
  /** Rejects with `NotSent` when the server surely has not seen it, with `AddressForbidden` when it may not be connected to. */
  response: Promise<IncomingMessage>
  abort(): void
}>

export class NotSent extends Error {
  override readonly name = 'NotSent'
}

const BEFORE_SENDING = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

export function createHttpClient(url: URL, { resolve, maxSockets = 256 }: { resolve?: ResolveOutbound; maxSockets?: number }): HttpClient {
  const secure = url.protocol === 'https:'
  const agent = new (secure ? https : http).Agent({ keepAlive: true, maxSockets })
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1')
  /** A literal address is looked up by nobody, so it is looked at here. */
  let literal: Promise<unknown> | undefined

  function admitted(): Promise<unknown> | undefined {
    if (resolve === undefined || isIP(hostname) === 0) return undefined
    literal ??= resolve(hostname)
    return literal
  }

  return {
    send({ method, headers, body }) {
      const { promise, resolve: responded, reject } = Promise.withResolvers<IncomingMessage>()
      let request: http.ClientRequest | undefined
      let aborted = false

      function start(): void {
        if (aborted) return
        request = (secure ? https : http).request(url, {
          method,
          agent,
          headers: body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) },
          ...(resolve === undefined ? {} : { lookup: lookupBy(resolve) }),
        })
        request.on('response', responded)
        request.on('error', (error: NodeJS.ErrnoException) => {
          const stale = error.code === 'ECONNRESET' && request?.reusedSocket === true && request.socket?.bytesWritten === 0
          if (error instanceof AddressForbidden || error instanceof NotSent) return reject(error)
          reject(stale || BEFORE_SENDING.has(error.code ?? '') ? new NotSent(wordsOf(error)) : error)
        })
        request.end(body)
      }

      const looking = admitted()
      if (looking === undefined) start()
      else looking.then(start, (error: unknown) => reject(unsent(error)))
      return {
        response: promise,
        abort() {
          aborted = true
          request?.destroy()
          reject(new Error('given up'))
        },
      }
    },
    close: () => agent.destroy(),
  }
}

/** What went wrong before there was a connection. */
const unsent = (error: unknown): Error => (error instanceof AddressForbidden ? error : new NotSent(wordsOf(error)))
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error))

const lookupBy =
  (resolve: ResolveOutbound): NonNullable<http.RequestOptions['lookup']> =>
  (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses
        if (first === undefined) callback(new NotSent(`${hostname} has no address`), '', 4)
        else if (options.all === true) callback(null, [...addresses])
        else callback(null, first.address, first.family)
      },
      (error: unknown) => callback(unsent(error), '', 4),
    )
  }
