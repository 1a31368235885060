/** Clients of the official SDK, of either era, with what they were told kept for the test to look at. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

export type TestClient = Readonly<{
  client: Client
  sessionId: () => string | undefined
  heard: { method: string; params: unknown }[]
  asked: { method: string; params: unknown }[]
  [Symbol.asyncDispose](): Promise<void>
}>

export type ClientOptions = Readonly<{
  url: string
  key: string
  name?: string
  era: 'session' | 'stateless'
  sampling?: string
  elicitation?: Readonly<Record<string, string | boolean | number>>
  roots?: readonly string[]
}>

export async function connectClient({ url, key, name = key, era, sampling, elicitation, roots }: ClientOptions): Promise<TestClient> {
  const heard: TestClient['heard'] = []
  const asked: TestClient['asked'] = []
  const client = new Client(
    { name, version: '1.0.0' },
    {
      capabilities: {
        ...(sampling === undefined ? {} : { sampling: {} }),
        ...(elicitation === undefined ? {} : { elicitation: {} }),
        ...(roots === undefined ? {} : { roots: { listChanged: true } }),
      },
      versionNegotiation: { mode: era === 'session' ? 'legacy' : { pin: '2026-07-28' } },
    },
  )
  if (sampling !== undefined) {
    client.setRequestHandler('sampling/createMessage', ({ method, params }) => {
      asked.push({ method, params })
      return { role: 'assistant', model: 'a-model', content: { type: 'text', text: sampling }, stopReason: 'endTurn' }
    })
  }
  if (elicitation !== undefined) {
    client.setRequestHandler('elicitation/create', ({ method, params }) => {
      asked.push({ method, params })
      return { action: 'accept', content: { ...elicitation } }
    })
  }
  if (roots !== undefined) {
    client.setRequestHandler('roots/list', ({ method, params }) => {
      asked.push({ method, params })
      return { roots: roots.map((uri) => ({ uri })) }
    })
  }
  client.fallbackNotificationHandler = async ({ method, params }) => {
    heard.push({ method, params })
  }
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { authorization: `Bearer ${key}` } } })
  await client.connect(transport)
  return {
    client,
    sessionId: () => transport.sessionId,
    heard,
    asked,
    async [Symbol.asyncDispose]() {
      await client.close()
    },
  }
}
