/**
 * One call of a tool, in a session of its own on `/mcp/{server}`: the way every client goes, so what is seen here is what a client would see - with the
 * same refusals, recorded like any call. The session ends with the call, however that ends.
 */
import { CliError, exitCode } from '../exit-code.ts'
import { ApiRefusal, unreachable } from './api-refusal.ts'
import { readEventStream } from './event-stream.ts'

export type ToolResult = Readonly<{
  content: readonly Readonly<Record<string, unknown>>[]
  structuredContent?: unknown
  isError: boolean
  /** As it came. */
  raw: unknown
}>

export type CallOptions = Readonly<{
  url: string
  key: string | undefined
  server: string
  tool: string
  args: Readonly<Record<string, unknown>>
  version: string
  signal: AbortSignal
  /** So long the caller waits for the answer; the server's own time-out holds as well. */
  timeoutMs: number | undefined
  /** What the tool tells of how far it is. */
  onProgress: (says: string) => void
}>

const PROTOCOL = '2025-11-25'
/** A session that cannot be ended in time expires by itself. */
const END_WITHIN_MS = 2_000

/** @throws ApiRefusal or CliError: Steward refused the call, or nobody could answer it in time. A tool that says that it failed is a result. */
export async function callTool(options: CallOptions): Promise<ToolResult> {
  const { signal, timeoutMs } = options
  if (timeoutMs === undefined) return await callOnce(options)
  const limit = AbortSignal.timeout(timeoutMs)
  try {
    return await callOnce({ ...options, signal: AbortSignal.any([signal, limit]) })
  } catch (error) {
    if (!limit.aborted || signal.aborted) throw error
    // Its session ended with it, and that cancelled it at the server.
    throw new CliError(`no answer within ${timeoutMs} ms; the call was cancelled, and may have had its effect`, {
      exitCode: exitCode.failure,
    })
  }
}

async function callOnce(options: CallOptions): Promise<ToolResult> {
  const { tool, args, version, signal } = options
  const introduction = { protocolVersion: PROTOCOL, capabilities: {}, clientInfo: { name: 'steward-cli', version } }
  const greeted = await post(options, undefined, { id: 1, method: 'initialize', params: introduction })
  await answerTo(1, greeted, options)
  const session = greeted.headers.get('mcp-session-id') ?? undefined
  try {
    await (await post(options, session, { method: 'notifications/initialized' })).body?.cancel()
    const params = { name: tool, arguments: args, _meta: { progressToken: 1 } }
    return resultOf(await answerTo(2, await post(options, session, { id: 2, method: 'tools/call', params }), options))
  } finally {
    await endSession(options, session).catch(() => undefined)
    signal.throwIfAborted()
  }
}

type Sent = Readonly<{ id?: number; method: string; params?: unknown }>

async function post(options: CallOptions, session: string | undefined, message: Sent): Promise<Response> {
  const { url, server, signal } = options
  const headers = { ...headersOf(options, session), 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const body = JSON.stringify({ jsonrpc: '2.0', ...message })
  try {
    return await fetch(`${url}/mcp/${encodeURIComponent(server)}`, { method: 'POST', headers, body, signal, redirect: 'error' })
  } catch (error) {
    throw signal.aborted ? error : unreachable(url, error)
  }
}

const headersOf = ({ key }: CallOptions, session: string | undefined): Record<string, string> => ({
  ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  ...(session === undefined ? {} : { 'mcp-session-id': session, 'mcp-protocol-version': PROTOCOL }),
})

async function endSession(options: CallOptions, session: string | undefined): Promise<void> {
  if (session === undefined) return
  const init = { method: 'DELETE', headers: headersOf(options, session), signal: AbortSignal.timeout(END_WITHIN_MS) }
  const ended = await fetch(`${options.url}/mcp/${encodeURIComponent(options.server)}`, init)
  await ended.body?.cancel()
}

/** The answer itself, or the last message of a stream; what comes before it is progress, or concerns nobody here. */
async function answerTo(id: number, response: Response, { onProgress }: CallOptions): Promise<unknown> {
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  if (response.ok && isStream && response.body !== null) {
    for await (const { data } of readEventStream(response.body)) {
      if (data === undefined) continue
      const message = record(parsed(data))
      if (message['id'] === id) return outcomeOf(message, response.status)
      if (message['method'] === 'notifications/progress') onProgress(progressText(record(message['params'])))
    }
    throw new CliError('the connection ended before the tool answered; nobody can say whether it ran', { exitCode: exitCode.failure })
  }
  return outcomeOf(record(parsed(await response.text())), response.status)
}

function outcomeOf(message: Readonly<Record<string, unknown>>, status: number): unknown {
  if ('result' in message) return message['result']
  const error = record(message['error'])
  const rule = text(record(error['data'])['rule']) ?? text(error['code'])
  const says = text(error['message']) ?? `the answer was ${status}, and not of the protocol`
  throw new ApiRefusal({ status, code: rule ?? `HTTP_${status}`, message: says, details: {}, requestId: undefined })
}

function resultOf(result: unknown): ToolResult {
  const { content, structuredContent, isError } = record(result)
  return {
    content: Array.isArray(content) ? content.map(record) : [],
    ...(structuredContent === undefined ? {} : { structuredContent }),
    isError: isError === true,
    raw: result,
  }
}

function progressText({ progress, total, message }: Readonly<Record<string, unknown>>): string {
  const far = typeof progress === 'number' ? `${progress}${typeof total === 'number' ? ` of ${total}` : ''}` : ''
  return [far, text(message) ?? ''].filter((part) => part !== '').join(': ')
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
