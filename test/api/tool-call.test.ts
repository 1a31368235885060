/** Calling a tool over plain HTTP: who may, what a call may hold, and as what each refusal comes back. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { CommandRefused } from '../../src/commands/command-refused.ts'
import type { FleetDesk } from '../../src/commands/fleet/desk.ts'
import type { Refusal } from '../../src/domain/decider.ts'
import { config } from '../domain/server/given.ts'
import { roleKeys, testApi } from './support/test-api.ts'

const PATH = '/api/v1/servers/server-1/tools/read_file/calls'
type Call = Parameters<FleetDesk['callTool']>[0]

function calling(answers: FleetDesk['callTool'] = async () => ({ content: [] })) {
  const calls: Call[] = []
  const callTool: FleetDesk['callTool'] = (call) => {
    calls.push(call)
    return answers(call)
  }
  const api = testApi({}, (application) => ({ ...application, fleet: { ...application.fleet, callTool } }))
  const call = (json: unknown, more: Parameters<typeof api.request>[1] = {}) => api.request(PATH, { method: 'POST', json, ...more })
  return { calls, call }
}

const problem = z.object({ error: z.object({ code: z.string(), details: z.record(z.string(), z.unknown()).optional() }) })
const errorOf = async (response: Response) => problem.parse(await response.json()).error

test.each([
  [null, 401],
  [roleKeys.viewer, 403],
  [roleKeys.operator, 200],
  [roleKeys.system_admin, 200],
])('who may call tools calls them, under the id of his key; nobody else reaches a server (%#)', async (key, status) => {
  const { call, calls } = calling()
  expect((await call({ arguments: { path: 'a' } }, { key })).status).toBe(status)
  const expected = {
    serverId: 'server-1',
    tool: 'read_file',
    arguments: { path: 'a' },
    principal: key === roleKeys.operator ? 'operator' : 'system_admin',
  }
  expect(calls).toMatchObject(status === 200 ? [expected] : [])
})

test.each([
  ['arguments that are a list', { arguments: ['a'] }, 'arguments'],
  ['arguments that are a text', { arguments: 'a' }, 'arguments'],
  ['a field that nobody knows', { arguments: {}, timeout: 5 }, 'timeout'],
  ['a time-out of nothing', { timeoutMs: 0 }, 'timeoutMs'],
  ['a time-out that is longer than that of the server', { timeoutMs: config.callTimeoutMs + 1 }, 'timeoutMs'],
])('%s are refused by the name of the field, and nothing is called', async (_what, json, field) => {
  const { call, calls } = calling()
  const response = await call(json)
  expect(response.status).toBe(422)
  expect(JSON.stringify(await errorOf(response))).toContain(`"field":"body.${field}"`)
  expect(calls).toEqual([])
})

test('a time-out of its own goes with the call, up to that of the server; one that is too long hears of the rule', async () => {
  const { call, calls } = calling()
  expect((await call({ timeoutMs: config.callTimeoutMs })).status).toBe(200)
  expect((await call({})).status).toBe(200)
  expect(calls.map(({ timeoutMs }) => timeoutMs)).toEqual([config.callTimeoutMs, undefined])
  const refused = JSON.stringify(await errorOf(await call({ timeoutMs: config.callTimeoutMs + 1 })))
  expect(refused).toContain(`must be at most ${config.callTimeoutMs}, the callTimeoutMs of the server`)
})

test('no arguments are none', async () => {
  const { call, calls } = calling()
  expect((await call({})).status).toBe(200)
  expect(calls).toMatchObject([{ arguments: {} }])
})

test.each([
  ['longer than a body may be', { arguments: { text: 'x'.repeat(300_000) } }, 413, 'PAYLOAD_TOO_LARGE'],
  ['deeper than a body may be', { arguments: JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`) }, 400, 'MALFORMED_JSON'],
])('arguments that are %s reach no server', async (_what, json, status, code) => {
  const { call, calls } = calling()
  const response = await call(json)
  expect([response.status, (await errorOf(response)).code]).toEqual([status, code])
  expect(calls).toEqual([])
})

test.each([
  ['tool-call-refused', 'tool-disabled', 409, 'TOOL_CALL_REFUSED'],
  ['tool-call-timed-out', 'timed-out', 504, 'TOOL_CALL_TIMED_OUT'],
  ['circuit-open', 'circuit-open', 503, 'CIRCUIT_OPEN'],
] as const)('a call that ends by %s says which rule it was and what to do', async (rule, broken, status, code) => {
  const refusal: Refusal = { rule, facts: { broken, says: 'files.read_file is disabled; an operator can enable it' } }
  const { call } = calling(async () => {
    throw new CommandRefused(refusal)
  })
  const response = await call({})
  expect(response.status).toBe(status)
  expect(await errorOf(response)).toMatchObject({
    code,
    details: { broken, says: 'files.read_file is disabled; an operator can enable it' },
  })
})

test.each([
  ['server-not-supervised-here', 503],
  ['server-not-registered', 404],
] as const)('%s is no answer of a tool', async (rule, status) => {
  const { call } = calling(async () => {
    throw new CommandRefused({ rule, facts: {} })
  })
  expect((await call({})).status).toBe(status)
})

test('the answer is what the tool gave, and nothing of how it came', async () => {
  const { call } = calling(async () => ({
    ...{ content: [{ type: 'text', text: 'no such file' }], structuredContent: { found: false }, isError: true },
    ...{ resultType: 'complete', _meta: { 'io.modelcontextprotocol/serverInfo': {} } },
  }))
  expect(await (await call({})).json()).toEqual({
    content: [{ type: 'text', text: 'no such file' }],
    structuredContent: { found: false },
    isError: true,
  })
})

test('what is no result of a tool is shown as an empty one', async () => {
  const { call } = calling(async () => ({ content: 'text', structuredContent: 7 }))
  expect(await (await call({})).json()).toEqual({ content: [], structuredContent: {}, isError: false })
})

test('whoever goes takes his call with him', async () => {
  const gone = new AbortController()
  const { call, calls } = calling(
    ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('gone')), { once: true })),
  )
  const response = Promise.resolve(call({}, { signal: gone.signal })).catch(() => undefined)
  await expect.poll(() => calls.length).toBe(1)
  gone.abort()
  await response
  expect(calls[0]?.signal.aborted).toBe(true)
})
