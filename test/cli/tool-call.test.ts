/** `steward tool call`: one session for one call, and what the tool or Steward says of it. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type FakeApi, startFakeApi } from './support/fake-api.ts'
import { stewardHere } from './support/run-cli.ts'

let api: FakeApi
let env: Record<string, string>
beforeEach(async () => {
  api = await startFakeApi()
  env = { STEWARD_URL: api.url, STEWARD_API_KEY: 'sk_test' }
})
afterEach(() => api[Symbol.asyncDispose]())

const paramsOf = (body: unknown) => z.object({ params: z.unknown() }).parse(body).params
const answer = (message: object) => api.on('mcp', () => ({ body: { jsonrpc: '2.0', id: 2, ...message } }))

test('calls with its arguments, shows progress and text, and ends its session', async () => {
  const ran = await stewardHere(['tool', 'call', 'files.read.file', 'path=/srv/a=b', 'head=3', 'deep={"a":[1]}'], { env })
  expect(ran).toMatchObject({ code: 0, stdout: '  │ hello\n(image, image/png, 3 bytes; --json has it)\n', stderr: '1 of 2: reading\n' })
  expect(api.asked.map(({ operation, headers }) => [operation, headers['mcp-session-id'], headers.authorization])).toEqual([
    ['mcp initialize', undefined, 'Bearer sk_test'],
    ['mcp notifications/initialized', 'session-1', 'Bearer sk_test'],
    ['mcp tools/call', 'session-1', 'Bearer sk_test'],
    ['mcp DELETE', 'session-1', 'Bearer sk_test'],
  ])
  expect(paramsOf(api.asked[2]?.body)).toMatchObject({ name: 'read.file', arguments: { path: '/srv/a=b', head: 3, deep: { a: [1] } } })
})

test('a tool that says that it failed is shown, and is no success', async () => {
  answer({ result: { isError: true, content: [{ type: 'text', text: 'no such file' }] } })
  const ran = await stewardHere(['tool', 'call', 'files.read'], { env })
  expect(ran.code).toBe(1)
  expect(ran.stdout).toBe('The call failed\n  │ no such file\n')
})

test('a refusal is told with its rule, and the session ends all the same', async () => {
  answer({ error: { code: 40_001, message: 'files offers no tool read', data: { rule: 'tool-unknown' } } })
  const ran = await stewardHere(['tool', 'call', 'files.read'], { env })
  expect(ran).toMatchObject({ code: 1, stdout: '' })
  expect(ran.stderr).toContain('files offers no tool read (tool-unknown)')
  expect(api.asked.at(-1)?.operation).toBe('mcp DELETE')
})

test('an answer that never came is not called a success', async () => {
  answer({ id: 99, result: {} })
  const ran = await stewardHere(['tool', 'call', 'files.read'], { env })
  expect(ran.code).toBe(1)
  expect(ran.stderr).toContain('nobody can say whether it ran')
})

test('a call is waited for no longer than was said, and its session ends with it', async () => {
  api.on('mcp', () => 'nothing')
  const ran = await stewardHere(['tool', 'call', 'files.read', '--timeout', '300'], { env })
  expect(ran.code).toBe(1)
  expect(ran.stderr).toContain('no answer within 300 ms; the call was cancelled, and may have had its effect')
  expect(api.asked.at(-1)?.operation).toBe('mcp DELETE')
})

test.for([
  { words: ['files'], says: 'a tool is named server.tool' },
  { words: ['files.read', 'path'], says: 'an argument must be name=value' },
  { words: ['files.read', '--args', '[1]'], says: '--args: must be a JSON object' },
  { words: ['files.read', '--timeout', '0'], says: 'It must be a whole number from 1 to 3600000.' },
  { words: ['files.read', '--args', '@none.json'], says: 'none.json cannot be read' },
])('$words is not understood, and nothing is called', async ({ words, says }) => {
  const ran = await stewardHere(['tool', 'call', ...words], { env })
  expect(ran.code).toBe(2)
  expect(ran.stderr).toContain(says)
  expect(api.asked).toEqual([])
})
