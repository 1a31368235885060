/**
 * A client of one managed server, as any MCP client is: Streamable HTTP with a session and an API key, at `/mcp/{server}`. Written out here because
 * the demo may import nothing that only the tests need.
 */

export type CallAnswer =
  | Readonly<{ kind: 'result'; text: string; isError: boolean }>
  /** Steward, or the server, did not do it. */
  | Readonly<{ kind: 'refused'; rule: string; says: string }>

export interface McpClient {
  readonly sessionId: string
  listTools(): Promise<readonly string[]>
  call(tool: string, args: Readonly<Record<string, unknown>>): Promise<CallAnswer>
}

const PROTOCOL_VERSION = '2025-11-25'
const ANSWER_WITHIN_MS = 60_000

export type McpClientOptions = Readonly<{ url: string; server: string; key: string; signal: AbortSignal }>

/** @throws when the server does not take part in the handshake. */
export async function connectMcp({ url, server, key, signal }: McpClientOptions): Promise<McpClient> {
  let lastId = 0
  let sessionId = ''

  async function send(message: Readonly<Record<string, unknown>>): Promise<Response> {
    const response = await fetch(new URL(`/mcp/${server}`, url), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(sessionId === '' ? {} : { 'mcp-session-id': sessionId, 'mcp-protocol-version': PROTOCOL_VERSION }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    })
    sessionId = response.headers.get('mcp-session-id') ?? sessionId
    return response
  }

  async function request(method: string, params: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
    const id = ++lastId
    const response = await send({ id, method, params })
    const text = await response.text()
    const messages = response.headers.get('content-type')?.startsWith('text/event-stream') === true ? dataOf(text) : [text]
    const answer = messages.map(parsed).find((message) => message['id'] === id || !response.ok)
    if (answer === undefined) throw new Error(`${server} did not answer ${method}: HTTP ${response.status}`)
    return answer
  }

  const begun = await request('initialize', {
    protocolVersion: PROTOCOL_VERSION,
    capabilities: {},
    clientInfo: { name: 'steward-demo', version: '1.0.0' },
  })
  if (!isRecord(begun['result'])) throw new Error(`${server} refused the handshake: ${refusalOf(begun).says}`)
  await (await send({ method: 'notifications/initialized' })).text()
  return {
    get sessionId() {
      return sessionId
    },
    async listTools() {
      const { result } = await request('tools/list', {})
      const tools: unknown = isRecord(result) ? result['tools'] : []
      return Array.isArray(tools) ? tools.map((tool: unknown) => (isRecord(tool) ? String(tool['name']) : '')) : []
    },
    async call(tool, args) {
      const answer = await request('tools/call', { name: tool, arguments: args })
      const { result } = answer
      if (!isRecord(result)) return { kind: 'refused', ...refusalOf(answer) }
      return { kind: 'result', text: textOf(result['content']), isError: result['isError'] === true }
    },
  }
}

/** The messages of a stream that has ended. An event without data only says from where it could be taken up again. */
const dataOf = (text: string): readonly string[] =>
  text.split(/\r?\n\r?\n/).flatMap((event) => {
    const data = event.split(/\r?\n/).flatMap((line) => (line.startsWith('data:') ? [line.slice(5).trimStart()] : []))
    return data.join('') === '' ? [] : [data.join('\n')]
  })

function parsed(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text)
  return isRecord(value) ? value : {}
}

function refusalOf({ error }: Readonly<Record<string, unknown>>): Readonly<{ rule: string; says: string }> {
  const { message, data } = isRecord(error) ? error : {}
  return { rule: isRecord(data) ? String(data['rule']) : 'unknown', says: String(message ?? 'no reason given') }
}

const textOf = (content: unknown): string =>
  Array.isArray(content) ? content.map((one: unknown) => (isRecord(one) ? String(one['text'] ?? one['type']) : '')).join('\n') : ''

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
