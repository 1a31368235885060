/** The back-end over HTTP without a gateway, as the official SDK serves it: what the gateway is measured against. */
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  isLegacyRequest,
  localhostAllowedHostnames,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { createBackEnd } from './back-end.ts'

export type Direct = Readonly<{ url: string; close(): Promise<void> }>

export async function serveDirect(): Promise<Direct> {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()
  const modern = createMcpHandler(
    () =>
      createBackEnd('modern', {
        toolsChanged: () => modern.notify.toolsChanged(),
        promptsChanged: () => modern.notify.promptsChanged(),
      }),
    { legacy: 'reject' },
  )

  async function legacy(request: Request): Promise<Response> {
    const known = sessions.get(request.headers.get('mcp-session-id') ?? '')
    if (known !== undefined) return known.handleRequest(request)
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => {
        sessions.set(id, transport)
      },
      onsessionclosed: (id) => {
        sessions.delete(id)
      },
    })
    await createBackEnd('legacy').connect(transport)
    return transport.handleRequest(request)
  }

  const server = createServer(
    getRequestListener(async (request) => {
      const stranger = hostHeaderValidationResponse(request, localhostAllowedHostnames())
      if (stranger !== undefined) return stranger
      if (request.method !== 'POST') return legacy(request)
      return (await isLegacyRequest(request.clone())) ? legacy(request) : modern.fetch(request)
    }),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  return {
    url: `http://127.0.0.1:${address.port}/mcp`,
    async close() {
      await Promise.allSettled([...sessions.values()].map((transport) => transport.close()))
      await modern.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
