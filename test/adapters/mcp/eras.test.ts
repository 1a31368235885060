import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientOptions, connectClient, type TestClient } from '../../support/mcp/clients.ts'
import { type Fleet, startFleet } from '../../support/mcp/fleet.ts'

const program = (name: string) => fileURLToPath(new URL(`../../support/mcp/servers/${name}.ts`, import.meta.url))

const eras = ['session', 'stateless'] as const
const combinations = eras.flatMap((era) =>
  eras.flatMap((serverEra) =>
    (['shared', 'session'] as const).map((isolation) => ({ era, serverEra, isolation, server: `${era}-${serverEra}-${isolation}` })),
  ),
)

/** Several programs, one after the other, on a machine that may be busy. */
const STARTS_WITHIN_MS = 60_000

let fleet: Fleet
beforeAll(async () => {
  fleet = await startFleet(
    combinations.map(({ server, serverEra, isolation }) => ({ name: server, isolation, args: [program(`${serverEra}-server`)] })),
  )
}, STARTS_WITHIN_MS)
afterAll(async () => fleet[Symbol.asyncDispose]())

const connect = (server: string, options: Omit<ClientOptions, 'url'>): Promise<TestClient> =>
  connectClient({ url: `${fleet.url}/${server}`, ...options })

async function call({ client }: TestClient, name: string, args: Record<string, unknown> = {}): Promise<string> {
  const { content } = await client.callTool({ name, arguments: args })
  const [first] = content
  return first?.type === 'text' ? first.text : JSON.stringify(first)
}

describe.each(combinations)('a client of the era $era at a server of the era $serverEra, isolation $isolation', ({ era, server }) => {
  it('calls a tool and reads a resource', async () => {
    await using ann = await connect(server, { key: 'ann', era })
    expect(await call(ann, 'pid')).toMatch(/^\d+$/)
    const { tools } = await ann.client.listTools()
    expect(tools.map(({ name }) => name)).toContain('ask-model')
    const { contents } = await ann.client.readResource({ uri: 'test://thing' })
    expect(contents[0]).toMatchObject({ text: 'a thing' })
  })

  it('sees progress in order, under its own token, before the answer', async () => {
    await using ann = await connect(server, { key: 'ann', era })
    const seen: number[] = []
    const { content } = await ann.client.callTool(
      { name: 'slow', arguments: { ms: 80 } },
      { onprogress: ({ progress }) => seen.push(progress) },
    )
    expect(content[0]).toMatchObject({ text: 'slept' })
    expect(seen).toEqual([1, 2, 3, 4])
  })

  it('is asked for a completion and for input, as it declared', async () => {
    await using ann = await connect(server, { key: 'ann', era, sampling: 'forty-two', elicitation: { name: 'Ann' } })
    expect(await call(ann, 'ask-model', { prompt: 'What is it?' })).toContain('forty-two')
    expect(await call(ann, 'ask-person')).toBe('person: {"name":"Ann"}')
    expect(ann.asked.map(({ method }) => method)).toEqual(['sampling/createMessage', 'elicitation/create'])
  })

  it('gets the log lines that it asked for', async () => {
    await using ann = await connect(server, { key: 'ann', era })
    const lines: unknown[] = []
    ann.client.setNotificationHandler('notifications/message', ({ params }) => void lines.push(params.data))
    const _meta = era === 'stateless' ? { _meta: { 'io.modelcontextprotocol/logLevel': 'debug' } } : {}
    if (era === 'session') await ann.client.setLoggingLevel('debug')
    await ann.client.callTool({ name: 'slow', arguments: { ms: 40, log: 'line' }, ..._meta })
    await expect.poll(() => lines).toEqual(['line 1', 'line 2', 'line 3', 'line 4'])
  })

  it('cancels a call, and the server hears of it', async () => {
    await using ann = await connect(server, { key: 'ann', era })
    const before = Number(await call(ann, 'cancelled'))
    const abort = new AbortController()
    const slow = ann.client.callTool({ name: 'slow', arguments: { ms: 4_000 } }, { signal: abort.signal, onprogress: () => abort.abort() })
    await expect(slow).rejects.toThrow()
    await expect.poll(() => call(ann, 'cancelled')).toBe(String(before + 1))
  })
})
