/** With --json every command speaks JSON and nothing else: values on standard output, and whatever goes wrong as one object on standard error. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { allRoutes } from '../../src/api/routes/index.ts'
import { type FakeApi, startFakeApi } from './support/fake-api.ts'
import { prepare } from './support/prepare.ts'
import { type Ran, stewardHere } from './support/run-cli.ts'
import { ID, verbs } from './support/verbs.ts'

let api: FakeApi
let refusing: FakeApi
beforeAll(async () => {
  api = await startFakeApi()
  refusing = await startFakeApi()
  const error = { code: 'TARGET_IS_FROZEN', message: 'It is frozen.', details: { by: ID }, request_id: 'r-1' }
  for (const { operation } of allRoutes({ publicMetrics: false })) refusing.on(operation, () => ({ status: 409, body: { error } }))
  refusing.on('mcp', () => ({ body: { jsonrpc: '2.0', id: 2, error: { code: 40_001, message: 'no', data: { rule: error.code } } } }))
})
beforeEach(() => {
  prepare(api)
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await refusing[Symbol.asyncDispose]()
})

const run = (words: readonly string[], url: string): Promise<Ran> =>
  stewardHere([...words, '--json'], { env: { STEWARD_URL: url, STEWARD_API_KEY: 'k' } })

/** Some commands have several answers, one after the other; each is a line. */
const SEVERAL = [
  'events tail',
  'events export',
  'command export',
  'host test',
  'target status',
  'target pause',
  'server disable',
  'server logs',
  'top',
]

describe.for(Object.entries(verbs))('%s', ([verb, words]) => {
  test('answers with JSON alone', async () => {
    const { stdout } = await run([...verb.split(' '), ...words], api.url)
    const texts = SEVERAL.includes(verb) ? stdout.trimEnd().split('\n') : [stdout]
    // The prepared export of the audit is a table.
    if (verb !== 'command export') for (const text of texts) expect(typeof JSON.parse(text)).toBe('object')
  })
  test('is refused with one object on standard error', async () => {
    const ran = await run([...verb.split(' '), ...words], refusing.url)
    expect(ran.code).toBe(1)
    expect(ran.stdout).toBe('')
    const objects = ran.stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    for (const { error } of objects) expect(error.code).toBe('TARGET_IS_FROZEN')
  })
})

test.for([
  { words: ['hots', 'list'], code: 2, error: 'USAGE' },
  { words: ['host', 'list', '--limit', '0'], code: 2, error: 'USAGE' },
  { words: ['host', 'add', 'x'], code: 2, error: 'USAGE' },
  { words: ['events', 'export', '--format', 'csv'], code: 2, error: 'USAGE' },
  { words: ['approval', 'approve', ID], code: 2, error: 'USAGE' },
  { words: ['host', 'list', '--api-key-file', '/nonexistent/key'], code: 4, error: 'KEY_UNUSABLE' },
  { words: ['host', 'list', '--url', 'http://127.0.0.1:2'], code: 5, error: 'UNREACHABLE' },
])('what goes wrong before anything is asked is JSON too: $words', async ({ words, code, error }) => {
  const ran = await run(words, api.url)
  expect(ran.code).toBe(code)
  expect(ran.stdout).toBe('')
  expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: error } })
})

test.for([['version'], ['completion', 'fish'], ['config', 'print']])(
  'what works on this machine answers with JSON alone: %s',
  async (words) => {
    expect(typeof JSON.parse((await run(words, api.url)).stdout)).toBe('object')
  },
)
