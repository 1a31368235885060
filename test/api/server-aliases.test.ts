/** Every path of the source documents for servers and tools: answered in the documents' words. Those of bulk operations, usage, events, configuration and discovery stand with these. */
import { describe, expect, test } from 'vitest'
import { serverApi } from './support/server-api.ts'

const command = 'npx'
const args = ['-y', '@modelcontextprotocol/server-everything@2026.8.31']

/** Method, path, body, and what the answer has to hold. `{id}`: the server that was added first. */
type Line = readonly [method: string, path: string, body: object | undefined, answer: object, status?: number]

const management: readonly Line[] = [
  [
    'POST',
    '/api/mcp/servers',
    { name: 'second', type: 'stdio', transport: 'stdio', config: { command, args, timeout: 5 } },
    { status: 'stopped' },
    201,
  ],
  [
    'GET',
    '/api/mcp/servers?page=1&page_size=1',
    undefined,
    { servers: [{ name: 'first', config: { command, timeout: 30 } }], total: 1, page: 1 },
  ],
  [
    'GET',
    '/api/mcp/servers/{id}',
    undefined,
    { server: { status: 'stopped' }, logs: ['ready'], config_history: [{ changed_by: 'admin' }] },
  ],
  [
    'PUT',
    '/api/mcp/servers/{id}',
    { config: { timeout: 9 }, enabled: true },
    { success: true, command_type: 'update', server_name: 'first' },
  ],
  ['POST', '/api/mcp/servers/{id}/start', undefined, { success: true, command_type: 'start', server_name: 'first' }],
  ['POST', '/api/mcp/servers/{id}/stop', undefined, { success: true, command_type: 'stop' }],
  ['POST', '/api/mcp/servers/{id}/restart', undefined, { success: true, command_type: 'restart' }],
  ['POST', '/api/mcp/servers/{id}/test', undefined, { success: false, error_code: 'CONNECTION_FAILED', message: 'no answer' }],
  ['GET', '/api/mcp/servers/{id}/logs', undefined, { logs: ['ready'] }],
  ['GET', '/api/mcp/servers/{id}/events', undefined, { events: [] }],
  ['DELETE', '/api/mcp/servers/{id}', undefined, { success: true, command_type: 'delete' }],
]

const toolServers: readonly Line[] = [
  [
    'POST',
    '/api/v1/toolservers/servers',
    {
      name: 'my_calculator',
      display_name: 'My',
      command,
      args,
      env: { CALC_MODE: 'advanced' },
      auto_start: true,
      auto_update: true,
      max_failures: 3,
    },
    { status: 'recorded' },
    201,
  ],
  ['GET', '/api/v1/toolservers/servers', undefined, { servers: [{ name: 'first', max_failures: 3, is_builtin: false }], total: 1 }],
  ['GET', '/api/v1/toolservers/servers/{id}', undefined, { name: 'first', status: 'disabled', auto_start: false }],
  ['PUT', '/api/v1/toolservers/servers/{id}', { max_failures: 5 }, { status: 'recorded' }],
  ['POST', '/api/v1/toolservers/servers/{id}/start', undefined, { status: 'recorded' }],
  ['POST', '/api/v1/toolservers/servers/{id}/stop', undefined, { status: 'recorded' }],
  ['POST', '/api/v1/toolservers/servers/{id}/restart', undefined, { status: 'recorded' }],
  ['POST', '/api/v1/toolservers/servers/{id}/enable', undefined, { status: 'recorded' }],
  ['POST', '/api/v1/toolservers/servers/{id}/disable', undefined, { status: 'recorded' }],
  ['GET', '/api/v1/toolservers/servers/{id}/tools', undefined, { tools: [], total: 0, because: expect.stringContaining('never started') }],
  ['POST', '/api/v1/toolservers/tools/{id}~add/enable', undefined, { error: { code: 'TOOL_UNKNOWN' } }, 404],
  ['POST', '/api/v1/toolservers/tools/{id}~add/disable', undefined, { error: { code: 'TOOL_UNKNOWN' } }, 404],
  ['GET', '/api/v1/toolservers/servers/{id}/health', undefined, { is_running: false, is_responsive: false, tools_count: 0 }],
  ['DELETE', '/api/v1/toolservers/servers/{id}', undefined, { status: 'recorded' }],
]

async function withFirst() {
  const api = serverApi()
  const { body } = await api.send('POST', '/api/mcp/servers', { name: 'first', config: { command, args } })
  return { ...api, id: String(body.id) }
}

describe.each([...management, ...toolServers].map((line) => [`${line[0]} ${line[1]}`, line] as const))(
  '%s',
  (_title, [method, path, body, answer, status = 200]) => {
    test.each(['its id', 'its name'])('answers in the words of the document, by %s', async (by) => {
      const { send, id } = await withFirst()
      // A tool is named by ids.
      const named = by === 'its id' || path.includes('~') ? id : 'first'
      expect(await send(method, path.replace('{id}', named), body)).toMatchObject({ status, body: answer })
    })
  },
)

test('an update of the configuration and of whether it may run are two commands, and both are done', async () => {
  const { send, id } = await withFirst()
  await send('PUT', '/api/mcp/servers/first', { config: { timeout: 9, environment: { MODE: 'fast' } }, enabled: false })
  expect((await send('GET', `/api/v1/servers/${id}`)).body).toMatchObject({
    enabled: false,
    config: { callTimeoutMs: 9_000, transport: { args, env: { MODE: 'fast' } } },
  })
})

test('a secret is refused here too, before it is recorded', async () => {
  const { send, all } = serverApi()
  const body = { name: 'x', config: { command, args, environment: { API_KEY: 'canary-1234' } } }
  expect(await send('POST', '/api/mcp/servers', body)).toMatchObject({ status: 422, body: { error: { code: 'SERVER_CONFIG_INVALID' } } })
  expect(all()).toEqual([])
})
