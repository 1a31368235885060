/** The calculator as a program: it speaks both eras, answers every request once, and no line of a caller ends it. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAnswer, ToolFailure } from '../../src/built-in/stdio-server.ts'
import { connectClient } from '../support/mcp/clients.ts'
import { type Fleet, startFleet } from '../support/mcp/fleet.ts'

const CALCULATOR = fileURLToPath(new URL('../../src/built-in/calculator/main.ts', import.meta.url))
const eras = ['session', 'stateless'] as const

describe('as a managed server', () => {
  let fleet: Fleet
  beforeAll(async () => {
    const older = { prior: { era: 'session', version: '2025-06-18' } } as const
    fleet = await startFleet([
      { name: 'stateless', args: [CALCULATOR] },
      { name: 'session', args: [CALCULATOR], ...older },
    ])
  }, 30_000)
  afterAll(async () => fleet[Symbol.asyncDispose]())

  test.for(eras.flatMap((server) => eras.map((era) => ({ server, era }))))(
    'a client of the era $era calculates with it as a server of the era $server',
    async ({ server, era }) => {
      await using ann = await connectClient({ url: `${fleet.url}/${server}`, key: 'ann', era })
      const { tools } = await ann.client.listTools()
      expect(tools.map(({ name }) => name)).toStrictEqual(['calculate'])
      const calculate = (expression: unknown) => ann.client.callTool({ name: 'calculate', arguments: { expression } })
      expect(await calculate('0.1 + 0.2')).toMatchObject({
        content: [{ type: 'text', text: '0.3' }],
        structuredContent: { value: 0.1 + 0.2 },
      })
      expect(await calculate('2 * (3 +')).toMatchObject({
        isError: true,
        content: [{ text: 'at character 9: it ends where a number should be' }],
      })
      expect(fleet.server(server).session()?.negotiated.era).toBe(server)
    },
  )
})

describe('line by line', () => {
  const answer = () =>
    createAnswer({
      info: { name: 'test', title: 'Test', version: '1' },
      instructions: '',
      tools: [
        {
          definition: { name: 'say' },
          call: ({ what }) => (typeof what === 'string' ? { text: what } : new ToolFailure('what must be text')),
        },
      ],
    })
  const asked = (method: string, params?: object, id: unknown = 1) => JSON.stringify({ jsonrpc: '2.0', id, method, params })
  const envelope = (version: string, capabilities: object | undefined = {}) => ({
    _meta: { 'io.modelcontextprotocol/protocolVersion': version, 'io.modelcontextprotocol/clientCapabilities': capabilities },
  })

  test.for([
    ['{', null, -32_700],
    ['[]', null, -32_600],
    ['"text"', null, -32_600],
    ['{"id":1}', null, -32_600],
    ['{"id":{},"method":"ping"}', null, -32_600],
    [asked('tools/list'), 1, -32_600],
    [asked('tools/list', envelope('2026-07-28'), 'a'), 'a', undefined],
    [asked('tools/list', { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } }), 1, -32_602],
    [asked('tools/list', envelope('2031-01-01')), 1, -32_022],
    [asked('server/discover', {}), 1, -32_602],
    [asked('resources/list', envelope('2026-07-28')), 1, -32_601],
    [asked('tools/call', { name: 'nope', ...envelope('2026-07-28') }), 1, -32_602],
    [asked('tools/call', { name: 'say', arguments: [], ...envelope('2026-07-28') }), 1, -32_602],
  ] as const)('%s is answered under id %j with %d', ([line, id, code]) => {
    const message = answer()(line)
    expect(message).toMatchObject({ jsonrpc: '2.0', id })
    expect(message?.['error']).toStrictEqual(code === undefined ? undefined : expect.objectContaining({ code }))
  })

  test('a notification is not answered', () => {
    expect(answer()(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }))).toBeUndefined()
  })

  test('with a session it speaks the revision that was asked for, or its latest', () => {
    const say = answer()
    expect(say(asked('ping'))).toMatchObject({ result: {} })
    expect(say(asked('initialize', { protocolVersion: '2025-03-26' }))).toMatchObject({ result: { protocolVersion: '2025-03-26' } })
    expect(say(asked('initialize', { protocolVersion: '1999-01-01' }))).toMatchObject({ result: { protocolVersion: '2025-11-25' } })
    expect(say(asked('tools/call', { name: 'say', arguments: { what: 'hello' } }))).toStrictEqual({
      ...{ jsonrpc: '2.0', id: 1 },
      result: { content: [{ type: 'text', text: 'hello' }] },
    })
    expect(say(asked('tools/call', { name: 'say' }))).toMatchObject({ result: { isError: true, content: [{ text: 'what must be text' }] } })
  })
})
