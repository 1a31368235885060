/**
 * The listener. Closing it stops accepting, ends the streams, lets requests in flight finish, and cuts what is left when the grace is over.
 */
import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import type { Logger } from '../domain/ports/logger.ts'
import type { Api } from './create-api.ts'

export type Listening = Readonly<{
  url: string
  /** Resolves when the last request has been answered, or `graceMs` later at most. */
  close: (graceMs?: number) => Promise<void>
}>

export const DEFAULT_GRACE_MS = 8_000

/** @throws the error of the socket when the address is taken or not ours. */
export async function serveApi(
  { app, drain }: Pick<Api, 'app' | 'drain'>,
  { host, port, logger }: { host: string; port: number; logger: Logger },
): Promise<Listening> {
  const server = createAdaptorServer({
    async fetch(request, { outgoing, incoming }) {
      const response = await app.fetch(request, { address: incoming.socket?.remoteAddress ?? 'unknown' })
      return guarded(response, (error) => {
        logger.warn({ error }, 'a streamed answer broke off')
        outgoing.destroy()
      })
    },
  })
  if (!isPlain(server)) throw new TypeError('the server speaks HTTP/1.1')
  // Slow requests hold a connection, nothing else; these bound for how long.
  server.headersTimeout = 15_000
  server.requestTimeout = 60_000
  server.keepAliveTimeout = 15_000
  server.maxHeadersCount = 100

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
      const timer = setTimeout(() => server.closeAllConnections(), graceMs)
      try {
        await closed
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

const isPlain = (server: unknown): server is Server => typeof server === 'object' && server !== null && 'closeIdleConnections' in server

function urlOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the server does not listen on a port')
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}
