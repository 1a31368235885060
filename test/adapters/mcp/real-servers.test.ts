/** Servers that are in use, from npm, behind the gateway: each by clients of both eras, on a shared child and on one of its own. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectClient, type TestClient } from '../../support/mcp/clients.ts'
import { type Fleet, startFleet } from '../../support/mcp/fleet.ts'

const require = createRequire(import.meta.url)
const program = (name: string) => join(dirname(require.resolve(`@modelcontextprotocol/${name}/package.json`)), 'dist', 'index.js')

/** Several programs, one after the other, on a machine that may be busy. */
const STARTS_WITHIN_MS = 60_000

let directory: string
let fleet: Fleet

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'real-servers-'))
  await writeFile(join(directory, 'note.txt'), 'a note')
  fleet = await startFleet([
    { name: 'everything', args: [program('server-everything'), 'stdio'] },
    { name: 'everything-own', isolation: 'session', args: [program('server-everything'), 'stdio'] },
    { name: 'filesystem', args: [program('server-filesystem'), directory] },
    { name: 'memory', args: [program('server-memory')], env: { MEMORY_FILE_PATH: join(directory, 'memory.json') } },
  ])
}, STARTS_WITHIN_MS)
afterAll(async () => {
  await fleet[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

const text = ({ content }: Awaited<ReturnType<TestClient['client']['callTool']>>): string =>
  content.map((one) => (one.type === 'text' ? one.text : one.type)).join('\n')

describe.each(['session', 'stateless'] as const)('a client of the era %s', (era) => {
  const connect = (server: string, more: object = {}) => connectClient({ url: `${fleet.url}/${server}`, key: 'ann', era, ...more })

  it('uses server-everything: text, progress, resources, prompts, completion', async () => {
    await using ann = await connect('everything')
    expect(text(await ann.client.callTool({ name: 'echo', arguments: { message: 'hello' } }))).toContain('hello')
    expect(text(await ann.client.callTool({ name: 'get-sum', arguments: { a: 2, b: 3 } }))).toContain('5')
    const seen: number[] = []
    await ann.client.callTool(
      { name: 'trigger-long-running-operation', arguments: { duration: 0.2, steps: 4 } },
      { onprogress: ({ progress }) => seen.push(progress) },
    )
    expect(seen).toEqual([1, 2, 3, 4])
    const { resources } = await ann.client.listResources()
    expect(resources.length).toBeGreaterThan(3)
    const [first] = resources
    const { contents } = await ann.client.readResource({ uri: first?.uri ?? '' })
    expect(contents).toHaveLength(1)
    const { prompts } = await ann.client.listPrompts()
    const { messages } = await ann.client.getPrompt({ name: prompts[0]?.name ?? '' })
    expect(messages.length).toBeGreaterThan(0)
  })

  it('is asked for a completion by server-everything on a child of its own', async () => {
    await using ann = await connect('everything-own', { sampling: 'the answer of the model', elicitation: {}, roots: ['file:///ann'] })
    const { tools } = await ann.client.listTools()
    expect(tools.map(({ name }) => name)).toContain('echo')
    const sampled = await ann.client.callTool({ name: 'trigger-sampling-request', arguments: { prompt: 'p', maxTokens: 5 } })
    expect(text(sampled)).toContain('the answer of the model')
    expect(ann.asked.map(({ method }) => method)).toContain('sampling/createMessage')
  })

  it('uses server-filesystem: reads and writes within its directory, and not outside', async () => {
    await using ann = await connect('filesystem')
    const read = await ann.client.callTool({ name: 'read_text_file', arguments: { path: join(directory, 'note.txt') } })
    expect(text(read)).toBe('a note')
    await ann.client.callTool({ name: 'write_file', arguments: { path: join(directory, `${era}.txt`), content: 'written' } })
    expect(await readFile(join(directory, `${era}.txt`), 'utf8')).toBe('written')
    const outside = await ann.client.callTool({ name: 'read_text_file', arguments: { path: '/etc/hostname' } })
    expect(outside.isError).toBe(true)
  })

  it('uses server-memory: what it creates is there', async () => {
    await using ann = await connect('memory')
    const entities = [{ name: `thing-${era}`, entityType: 'thing', observations: ['seen'] }]
    await ann.client.callTool({ name: 'create_entities', arguments: { entities } })
    expect(text(await ann.client.callTool({ name: 'search_nodes', arguments: { query: `thing-${era}` } }))).toContain('seen')
  })
})
