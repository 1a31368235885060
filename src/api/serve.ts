/**
 * The listener. Closing it stops accepting, ends the streams, lets requests in flight finish, and cuts what is left when the grace is over.
 */
import { createServer, type RequestListener, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Logger } from '../domain/ports/logger.ts'
import type { Api } from './create-api.ts'

export type Listening = Readonly<{
  url: string
  /** Resolves when the last request has been answered, or `graceMs` later at most. */
  close: (graceMs?: number) => Promise<void>
}>

/** Something else that speaks on the same listener: connections that begin as requests and go on as something else. */
export type Attach = (server: Server) => Readonly<{ close: (graceMs: number) => Promise<void> }>

export const DEFAULT_GRACE_MS = 8_000

export type ServeOptions = Readonly<{
  host: string
  port: number
  logger: Logger
  attach?: Attach
  /** What answers some paths by itself, on the same port. */
  beside?: Beside
}>

export type Beside = Readonly<{ matches: (url: string | undefined) => boolean; handle: RequestListener }>

/** @throws the error of the socket when the address is taken or not ours. */
export async function serveApi(
  { app, drain }: Pick<Api, 'app' | 'drain'>,
  { host, port, logger, attach, beside }: ServeOptions,
): Promise<Listening> {
  const listener = getRequestListener(async (request, { outgoing, incoming }) => {
    const response = await app.fetch(request, { address: incoming.socket?.remoteAddress ?? 'unknown' })
    return guarded(response, (error) => {
      logger.warn({ error }, 'a streamed answer broke off')
      outgoing.destroy()
    })
  })
  const server = createServer((incoming, outgoing) =>
    beside?.matches(incoming.url) ? beside.handle(incoming, outgoing) : listener(incoming, outgoing),
  )
  // Slow requests hold a connection, nothing else; these bound for how long.
  server.headersTimeout = 15_000
  server.requestTimeout = 60_000
  server.keepAliveTimeout = 15_000
  server.maxHeadersCount = 100
  const attached = attach?.(server)

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })

  return {
    url: urlOf(server),
    async close(graceMs = DEFAULT_GRACE_MS) {
      drain()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const detached = attached?.close(graceMs)
      const timer = setTimeout(() => server.closeAllConnections(), graceMs)
      try {
        await Promise.all([closed, detached])
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

/**
 * A body that fails in the middle must not look complete: the connection is cut. Without this the server would write the error's message
 * behind what was sent, and end the answer in good order.
 */
function guarded(response: Response, onBroken: (error: unknown) => void): Response {
  const type = response.headers.get('content-type') ?? ''
  if (response.body === null || type.includes('json;') || type.includes('html')) return response
  const reader = response.body.getReader()
  let cancelled = false
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(sink) {
        try {
          const { done, value } = await reader.read()
          // The client left while the next piece was on its way: nobody is there to take it.
          if (cancelled) return
          if (done) sink.close()
          else sink.enqueue(value)
        } catch (error) {
          if (cancelled) return
          onBroken(error)
          sink.close()
        }
      },
      async cancel(reason) {
        cancelled = true
        await reader.cancel(reason)
      },
    },
    // Pass on, keep nothing: the source sees at once whether the client reads.
    { highWaterMark: 0 },
  )
  return new Response(body, { status: response.status, headers: response.headers })
}

function urlOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the server does not listen on a port')
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}
