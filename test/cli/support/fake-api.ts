/**
 * A Steward that answers from the examples of its own routes, and notes what it was asked. Every request is held against the schemas of the route: what
 * the command line sends here, the real one would understand.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { z } from 'zod'
import type { Route } from '../../../src/api/define-route.ts'
import { allRoutes } from '../../../src/api/routes/index.ts'
import { examplePreview } from '../../../src/api/schemas/preview.ts'

export type Asked = Readonly<{
  operation: string
  method: string
  path: string
  query: Readonly<Record<string, string>>
  headers: IncomingMessage['headers']
  body: unknown
}>

export type FakeAnswer = Readonly<{ status?: number; body: unknown; headers?: Readonly<Record<string, string>> }>

export type FakeApi = AsyncDisposable &
  Readonly<{
    url: string
    asked: Asked[]
    /** What no route of the API would have taken. */
    misunderstood: string[]
    /** By operation; undefined: answer from the example after all; nothing: of `mcp`, the connection stays open. */
    on: (operation: string, answer: (asked: Asked) => FakeAnswer | 'nothing' | undefined) => void
    /** By operation: the raw body of a stream. */
    streams: Map<string, string>
  }>

const routes = allRoutes({ publicMetrics: false })

/** `rewrite` changes what the examples say, before it is sent. */
export async function startFakeApi(rewrite: (answer: unknown) => unknown = (answer) => answer): Promise<FakeApi> {
  const asked: Asked[] = []
  const misunderstood: string[] = []
  const answers = new Map<string, (asked: Asked) => FakeAnswer | 'nothing' | undefined>()
  const streams = new Map<string, string>()

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://fake')
    const found = match(request.method ?? 'GET', url.pathname)
    const text = await textOf(request)
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    if (url.pathname.startsWith('/mcp/')) {
      answerMcp(request, response, body)
      return
    }
    const query = Object.fromEntries(url.searchParams)
    if (found === undefined) {
      misunderstood.push(`${request.method} ${url.pathname}: no such route`)
      send(response, { status: 404, body: { error: { code: 'NOT_FOUND', message: 'no route' } } })
      return
    }
    const { route } = found
    const problems = [
      ...problemsOf('query', route.query.safeParse(query)),
      ...problemsOf('path', route.params.safeParse(found.params)),
      ...(route.kind === 'command' ? problemsOf('body', route.body.safeParse(body ?? {})) : []),
    ]
    if (route.kind === 'command' && request.headers['idempotency-key'] === undefined) problems.push('no idempotency-key')
    if (route.ifMatch === 'required' && request.headers['if-match'] === undefined) problems.push('no if-match')
    misunderstood.push(...problems.map((each) => `${route.operation}: ${each}`))
    const note: Asked = {
      operation: route.operation,
      method: request.method ?? '',
      path: url.pathname,
      query,
      headers: request.headers,
      body,
    }
    asked.push(note)
    const special = answers.get(route.operation)?.(note)
    const streamed = streams.get(route.operation)
    if (special === 'nothing') return
    if (special !== undefined) send(response, special)
    else if (streamed !== undefined) response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(streamed)
    else
      send(response, {
        status: route.answer.status,
        body: rewrite(query['preview'] === 'true' ? examplePreview : route.answer.example),
        headers: { etag: '"7"' },
      })
  }

  /** A managed server, as far as one call of a tool goes: progress, then a result of every kind. */
  const answerMcp = ({ method = '', headers }: IncomingMessage, response: ServerResponse, body: unknown): void => {
    const { id, method: called } = z.object({ id: z.number().optional(), method: z.string().optional() }).parse(body ?? {})
    asked.push({ operation: `mcp ${called ?? method}`, method, path: '/mcp', query: {}, headers, body })
    if (id === undefined) response.writeHead(202).end()
    else if (called === 'initialize')
      response
        .writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'session-1' })
        .end(JSON.stringify({ jsonrpc: '2.0', id, result: rewrite({ serverInfo: { name: 'files' } }) }))
    else {
      const special = answers.get('mcp')?.({ operation: 'mcp', method, path: '/mcp', query: {}, headers, body })
      if (special === 'nothing') return
      const progress = {
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progress: 1, total: 2, ...rewriteRecord({ message: 'reading' }) },
      }
      const answer = special?.body ?? {
        jsonrpc: '2.0',
        id,
        result: {
          content: [
            { type: 'text', ...rewriteRecord({ text: 'hello' }) },
            { type: 'image', ...rewriteRecord({ mimeType: 'image/png', data: 'AAAA' }) },
          ],
        },
      }
      response.writeHead(special?.status ?? 200, { 'content-type': 'text/event-stream' })
      response.end([progress, answer].map((each) => `event: message\ndata: ${JSON.stringify(each)}\n\n`).join(''))
    }
  }
  const rewriteRecord = (value: object): object => z.record(z.string(), z.unknown()).parse(rewrite(value))

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    misunderstood,
    on: (operation, make) => void answers.set(operation, make),
    streams,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function send(response: ServerResponse, { status = 200, body, headers = {} }: FakeAnswer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

function match(method: string, path: string): { route: Route; params: Record<string, string> } | undefined {
  for (const route of routes) {
    if (route.method !== method) continue
    const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
    const hit = new RegExp(`^${route.path.replace(/\{\w+\}/g, '([^/]+)')}$`).exec(path)
    if (hit) return { route, params: Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(hit[index + 1] ?? '')])) }
  }
  return undefined
}

const problemsOf = (
  place: string,
  { error }: Readonly<{ error?: Readonly<{ issues: readonly Readonly<{ path: readonly PropertyKey[]; message: string }>[] }> | undefined }>,
): string[] => (error?.issues ?? []).map(({ path, message }) => `${place}.${path.map(String).join('.')}: ${message}`)

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk)
  return text
}
