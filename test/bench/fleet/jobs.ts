/** One call of the tool `echo` as the callers of a benchmark send it, in either era. */

export const eras = ['session', 'stateless'] as const
export type Era = (typeof eras)[number]

/** `answers`: what a good answer has in it. */
export type Job = Readonly<{ url: string; headers: Readonly<Record<string, string>>; body: string; answers?: string }>

const PARAMS = { name: 'echo', arguments: { text: 'a text of a usual length, as a tool is given it' } }
/** Callers put an id of their own in its place. */
const ID = 7

export async function jobFor({ url, key }: Readonly<{ url: string; key?: string }>, era: Era): Promise<Job> {
  const common = {
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  }
  if (era === 'stateless') {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const headers = { ...common, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' }
    return { url, headers, body: JSON.stringify({ jsonrpc: '2.0', id: ID, method: 'tools/call', params: { ...PARAMS, _meta } }) }
  }
  const session = await openSession(url, common)
  const headers = { ...common, 'mcp-protocol-version': '2025-11-25', ...(session === null ? {} : { 'mcp-session-id': session }) }
  return { url, headers, body: JSON.stringify({ jsonrpc: '2.0', id: ID, method: 'tools/call', params: PARAMS }) }
}

/** Null: the gateway keeps none. */
async function openSession(url: string, headers: Readonly<Record<string, string>>): Promise<string | null> {
  const send = (message: object, session: string | null) =>
    fetch(url, {
      method: 'POST',
      headers: { ...headers, ...(session === null ? {} : { 'mcp-session-id': session }) },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    })
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } }
  const response = await send({ id: 0, method: 'initialize', params }, null)
  if (!response.ok) throw new Error(`initialize was answered ${response.status}: ${await response.text()}`)
  const session = response.headers.get('mcp-session-id')
  await response.text()
  await (await send({ method: 'notifications/initialized' }, session)).text()
  return session
}
