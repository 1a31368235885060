/**
 * Every path that the source documents name for servers and tools. The lists were written down from the documents: a path that is not in the table of
 * aliases, or is there and in no list, fails. Each is asked with its server by id and by name, and answers field by field as its document says.
 */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { aliases } from '../../src/api/aliases/index.ts'
import { livePaths } from '../../src/api/live/admission.ts'
import { Secret } from '../../src/domain/ports/secrets.ts'
import * as shapes from './support/document-shapes.ts'
import { fleetApi } from './support/fleet-api.ts'
import { roleKeys } from './support/test-api.ts'

const command = 'npx'
const args = ['-y', '@modelcontextprotocol/server-everything@2026.8.31']
const found = { mcpServers: { github: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-github@2026.7.1'] } } }

type Fleet = Awaited<ReturnType<typeof aFleet>>

type Documented = Readonly<{
  method: string
  /** As the document writes it. */
  path: string
  query?: string
  body?: object | ((fleet: Fleet) => object | Promise<object>)
  status?: number
  shape: z.ZodType
  /** What a field must hold besides. */
  holds?: object
}>

const event = (fleet: Fleet, type: string) => fleet.all().find((each) => each.type === type)?.metadata.eventId ?? ''

const managementModule: readonly Documented[] = [
  {
    method: 'GET',
    path: '/api/mcp/servers',
    query: '?page=1&page_size=1&status=running&type=stdio&search=FIR',
    shape: shapes.mcpServerList,
    holds: {
      servers: [{ name: 'first', status: 'running', config: { command, timeout: 30 }, metrics: { request_count: 8 } }],
      total: 1,
      page: 1,
      page_size: 1,
    },
  },
  {
    method: 'POST',
    path: '/api/mcp/servers',
    body: {
      name: 'fourth',
      type: 'stdio',
      transport: 'stdio',
      config: { command, args, timeout: 5, retry_attempts: 3, health_check_interval: 30 },
    },
    status: 201,
    shape: shapes.mcpServer,
    holds: { name: 'fourth', status: 'stopped', config: { timeout: 5, retry_attempts: 3, health_check_interval: 30 } },
  },
  {
    method: 'GET',
    path: '/api/mcp/servers/{id}',
    shape: shapes.mcpServerDetail,
    holds: { server: { status: 'running', metrics: { error_count: 2 } }, logs: ['ready'], config_history: [{ changed_by: 'admin' }] },
  },
  {
    method: 'PUT',
    path: '/api/mcp/servers/{id}',
    body: { config: { timeout: 9 }, enabled: true },
    shape: shapes.commandResult,
    holds: { success: true, command_type: 'update', server_name: 'first' },
  },
  { method: 'DELETE', path: '/api/mcp/servers/{id}', shape: shapes.commandResult, holds: { success: true, command_type: 'delete' } },
  { method: 'POST', path: '/api/mcp/servers/{id}/start', shape: shapes.commandResult, holds: { success: true, command_type: 'start' } },
  { method: 'POST', path: '/api/mcp/servers/{id}/stop', shape: shapes.commandResult, holds: { success: true, command_type: 'stop' } },
  { method: 'POST', path: '/api/mcp/servers/{id}/restart', shape: shapes.commandResult, holds: { success: true, command_type: 'restart' } },
  {
    method: 'POST',
    path: '/api/mcp/servers/{id}/test',
    shape: shapes.commandResult,
    holds: { success: false, error_code: 'CONNECTION_FAILED', message: 'no answer' },
  },
  {
    method: 'GET',
    path: '/api/mcp/servers/{id}/health',
    shape: shapes.enhancedHealth,
    // Two of its eight calls failed.
    holds: { status: 'degraded', server_name: 'first', metrics: { memory_usage_mb: 52.4, circuit_breaker_state: 'closed' } },
  },
  { method: 'GET', path: '/api/mcp/servers/{id}/logs', shape: z.object({ logs: z.array(z.string()) }), holds: { logs: ['ready'] } },
  {
    method: 'GET',
    path: '/api/mcp/servers/{id}/events',
    query: '?limit=2',
    shape: shapes.mcpEventList,
    holds: { events: [{ server_name: 'first', event_type: 'ToolCatalogChanged' }, {}], page_size: 2 },
  },
  ...(['start', 'stop', 'restart', 'delete'] as const).map((operation) => ({
    method: 'POST',
    path: `/api/mcp/servers/bulk/${operation}`,
    body: { server_ids: ['second', 'nobody'], operation },
    shape: shapes.mcpBulk,
    holds: {
      results: [
        { success: true, server_name: 'second', command_type: operation, error_code: null },
        { success: false, server_id: 'nobody', error_code: 'SERVER_NOT_REGISTERED' },
      ],
      summary: { total: 2, successful: 1, failed: 1, pending: 0, errors: [expect.stringContaining('nobody')] },
    },
  })),
  {
    method: 'GET',
    path: '/api/mcp/events',
    query: '?server_id=third&severity=error&category=server_lifecycle&event_type=ServerFailed&start_date=2026-01-01T00:00:00Z&limit=1',
    shape: shapes.mcpEventList,
    holds: {
      events: [
        { server_name: 'third', severity: 'error', error_code: 'exited', error_message: 'it ended with code 1', stack_trace: 'boom' },
      ],
      ...{ total: 1, page: 1, page_size: 1 },
    },
  },
  {
    method: 'GET',
    path: '/api/mcp/events/errors',
    shape: shapes.mcpEventList,
    holds: { events: [{ event_type: 'ServerFailed' }], total: 1 },
  },
  {
    method: 'GET',
    path: '/api/mcp/events/{id}',
    shape: shapes.mcpEvent,
    holds: { event_type: 'ServerFailed', server_name: 'third', category: 'server_lifecycle' },
  },
  {
    method: 'GET',
    path: '/api/mcp/events/export',
    query: '?severity=error',
    shape: z.string().transform((text) => shapes.mcpEvent.parse(JSON.parse(text))),
    holds: {},
  },
  {
    method: 'GET',
    path: '/api/mcp/config',
    shape: z.object({ servers: z.array(z.object({ name: z.string(), enabled: z.boolean(), config: z.looseObject({}) })) }),
    holds: { servers: [{ name: 'first' }, { name: 'second' }, { name: 'third' }] },
  },
  {
    method: 'PUT',
    path: '/api/mcp/config',
    body: { servers: [{ name: 'second', enabled: false, config: { autoStart: false, transport: { kind: 'stdio', command, args } } }] },
    shape: z.object({ outcome: z.literal('complete'), changes: z.array(z.object({ kind: z.string(), success: z.boolean() })) }),
    holds: { done: 1, refused: 0, changes: [{ kind: 'disable', server_name: 'second', success: true }] },
  },
  { method: 'POST', path: '/api/mcp/config/backup', shape: z.object({ checksum: z.string(), servers: z.array(z.unknown()) }), holds: {} },
  {
    method: 'POST',
    path: '/api/mcp/config/restore',
    body: async ({ send }) => {
      const { body: backup } = await send('POST', '/api/mcp/config/backup')
      await send('POST', '/api/mcp/servers/second/stop')
      await send('PUT', '/api/mcp/servers/second', { json: { enabled: false } })
      return { backup }
    },
    shape: z.object({ outcome: z.literal('complete'), done: z.literal(1) }),
    holds: { changes: [{ kind: 'enable', server_name: 'second', success: true }] },
  },
  {
    method: 'POST',
    path: '/api/mcp/discover',
    shape: z.object({ servers: z.array(z.object({ id: z.string(), name: z.string(), is_new: z.literal(true) })), total: z.literal(1) }),
    holds: { servers: [{ name: 'github', type: 'stdio', config: { command: 'npx', timeout: 30 }, source: '/home/mira/mcp.json' }] },
  },
  {
    method: 'GET',
    path: '/api/mcp/discover/scan',
    shape: z.object({ servers: z.array(z.object({ id: z.string(), name: z.string(), is_new: z.boolean() })), total: z.literal(1) }),
    holds: { files: [{ path: '/home/mira/mcp.json', servers: 1, problems: [] }] },
  },
  {
    method: 'POST',
    path: '/api/mcp/discover/import',
    body: async ({ send }) => {
      const { body } = await send('GET', '/api/mcp/discover/scan')
      return {
        server_ids: z
          .object({ servers: z.array(z.object({ id: z.string() })) })
          .parse(body)
          .servers.map(({ id }) => id),
      }
    },
    shape: z.object({ results: z.array(z.object({ success: z.literal(true), server_id: z.string() })) }),
    holds: { results: [{ server_name: 'github' }], summary: { total: 1, successful: 1, failed: 0 } },
  },
]

const toolServers: readonly Documented[] = [
  {
    method: 'POST',
    path: '/api/v1/toolservers/servers',
    body: {
      ...{ name: 'my_calculator', display_name: 'My Calculator Server', description: 'Custom calculator with advanced functions' },
      ...{ command, args, env: { CALC_MODE: 'advanced' }, auto_start: true, auto_update: true, max_failures: 3 },
    },
    status: 201,
    shape: shapes.toolServer,
    holds: {
      name: 'my_calculator',
      display_name: 'My Calculator Server',
      env: { CALC_MODE: 'advanced' },
      status: 'disabled',
      max_failures: 3,
    },
  },
  {
    method: 'GET',
    path: '/api/v1/toolservers/servers',
    query: '?status=enabled&include_builtin=false',
    shape: shapes.toolServerList,
    holds: { servers: [{ name: 'first', status: 'enabled' }], total: 1 },
  },
  { method: 'GET', path: '/api/v1/toolservers/servers/{id}', shape: shapes.toolServer, holds: { name: 'first', max_failures: 3 } },
  {
    method: 'PUT',
    path: '/api/v1/toolservers/servers/{id}',
    body: { max_failures: 5, env: { MODE: 'fast' } },
    shape: shapes.toolServer,
    holds: { name: 'first', max_failures: 5, env: { MODE: 'fast' }, args },
  },
  { method: 'DELETE', path: '/api/v1/toolservers/servers/{id}', shape: shapes.toolServerDone },
  ...['start', 'stop', 'restart', 'enable', 'disable'].map((verb) => ({
    method: 'POST',
    path: `/api/v1/toolservers/servers/{id}/${verb}`,
    shape: shapes.toolServerDone,
  })),
  {
    method: 'GET',
    path: '/api/v1/toolservers/servers/{id}/tools',
    shape: shapes.serverTools,
    holds: { tools: [{ name: 'add', status: 'enabled', is_available: true, total_calls: 0 }], total: 1 },
  },
  { method: 'POST', path: '/api/v1/toolservers/tools/{id}/enable', shape: shapes.toolServerDone },
  { method: 'POST', path: '/api/v1/toolservers/tools/{id}/disable', shape: shapes.toolServerDone },
  {
    method: 'GET',
    path: '/api/v1/toolservers/servers/{id}/metrics',
    shape: shapes.toolServerMetrics,
    holds: { total_calls: 8, total_errors: 2, success_rate: 0.75, avg_response_time_ms: 12.5, uptime_percentage: 50 },
  },
  {
    method: 'GET',
    path: '/api/v1/toolservers/servers/{id}/health',
    shape: shapes.toolServerHealth,
    holds: { server_name: 'first', is_running: true, is_responsive: true, tools_count: 1 },
  },
  {
    method: 'GET',
    path: '/api/v1/analytics/toolservers',
    query: '?period=7d',
    shape: shapes.toolServerAnalytics,
    holds: { active_servers: 1, total_calls_week: 2, daily_usage: { '2026-11-21': 1 } },
  },
  {
    method: 'POST',
    path: '/api/v1/toolservers/servers/bulk',
    body: { server_ids: ['second', 'nobody'], operation: 'restart', parameters: {} },
    shape: shapes.toolServerBulk,
    holds: { total_requested: 2, successful: 1, failed: 1, errors: [expect.stringContaining('nobody')] },
  },
]

const documented = [...managementModule, ...toolServers]
const title = ({ method, path }: Readonly<{ method: string; path: string }>) => `${method} ${path}`
const table = documented.map((line) => [title(line), line] as const)

/** `first` runs and offers a tool, `second` is stopped, `third` has failed. */
async function aFleet() {
  const text = new Secret(JSON.stringify(found))
  const fleet = await fleetApi({ files: [{ kind: 'text', path: '/home/mira/mcp.json', format: 'mcp', folder: '/home/mira', text }] })
  const first = await fleet.register('first')
  await fleet.register('second')
  const third = await fleet.register('third')
  await fleet.send('POST', `/api/v1/servers/${third}/start`)
  await fleet.send('POST', `/api/v1/servers/${first}/start`)
  await fleet.rest()
  await fleet.offersAdd(first)
  await fleet.fails(third)
  return { ...fleet, first, third }
}

function fillIn({ path, query = '' }: Documented, fleet: Fleet, by: 'its id' | 'its name'): string {
  const id = path.startsWith('/api/mcp/events/')
    ? event(fleet, 'ServerFailed')
    : path.includes('/tools/{id}')
      ? `${fleet.first}~add`
      : by === 'its id'
        ? fleet.first
        : 'first'
  return path.replace('{id}', id) + query
}

test('every documented path is in the table of aliases, and every alias of servers and tools is documented', () => {
  const mine = /^\/api\/(?:mcp|v1\/(?:toolservers|analytics\/toolservers))/
  expect(
    aliases
      .filter(({ path }) => mine.test(path))
      .map(title)
      .toSorted(),
  ).toStrictEqual(documented.map(title).toSorted())
  expect(livePaths).toEqual(expect.arrayContaining(['/ws/mcp', '/api/mcp/ws']))
})

describe.each(table)('%s', (_title, line) => {
  const { method, path, body, status = 200, shape, holds = {} } = line

  test.each(path.includes('servers/{id}') ? (['its id', 'its name'] as const) : (['its id'] as const))(
    'answers field by field as its document says, by %s',
    async (by) => {
      const fleet = await aFleet()
      const json = typeof body === 'function' ? await body(fleet) : body
      const answer = await fleet.send(method, fillIn(line, fleet, by), json === undefined ? {} : { json })
      expect(answer).toMatchObject({ status, ...(typeof answer.body === 'string' ? {} : { body: holds }) })
      expect(shape.safeParse(answer.body).error?.issues ?? []).toEqual([])
    },
  )

  test('answers what is not there, not allowed or not meant with the envelope of errors', async () => {
    const fleet = await aFleet()
    const errors: [number, Awaited<ReturnType<Fleet['send']>>][] = []
    const json = typeof body === 'function' ? await body(fleet) : body
    if (path.includes('{id}')) {
      errors.push([
        404,
        await fleet.send(
          method,
          path.replace('{id}', path.includes('/tools/{id}') ? 'nobody~add' : 'nobody'),
          json === undefined ? {} : { json },
        ),
      ])
    }
    if (method === 'GET') errors.push([422, await fleet.send(method, `${fillIn({ ...line, query: '' }, fleet, 'its id')}?nonsense=1`)])
    else {
      errors.push([422, await fleet.send(method, fillIn(line, fleet, 'its id'), { json: { ...json, nonsense: 1 } })])
      errors.push([403, await fleet.send(method, fillIn(line, fleet, 'its id'), { json: { ...json }, key: roleKeys.viewer })])
    }
    for (const [expected, answer] of errors) {
      expect(answer).toMatchObject({ status: expected })
      expect(shapes.errorEnvelope.safeParse(answer.body).error?.issues ?? []).toEqual([])
      if (expected === 422) expect(JSON.stringify(answer.body)).toContain('nonsense')
    }
  })
})

test('an update of nothing is refused by its field; one of two things is two commands, each with a way back', async () => {
  const fleet = await aFleet()
  const path = '/api/mcp/servers/second'
  expect(await fleet.send('PUT', path, { json: { name: 'second' } })).toMatchObject({
    status: 422,
    body: { error: { code: 'VALIDATION_FAILED', details: { issues: [{ field: 'body.config' }] } } },
  })
  const { body } = await fleet.send('PUT', path, { json: { config: { timeout: 9 }, enabled: false } })
  const { command_id: commandId } = z.object({ command_id: z.string() }).parse(body)
  const undo = (id: string) => fleet.send('POST', `/api/v1/commands/${id}/undo`, { json: { reason: 'because' } })
  const now = async () => (await fleet.send('GET', '/api/v1/servers?name=second')).body
  expect(await now()).toMatchObject({ items: [{ enabled: false, config: { callTimeoutMs: 9_000 } }] })
  expect(await undo(`${commandId}-enabled`)).toMatchObject({ status: 200 })
  expect(await now()).toMatchObject({ items: [{ enabled: true, config: { callTimeoutMs: 9_000 } }] })
  expect(await undo(commandId)).toMatchObject({ status: 200 })
  expect(await now()).toMatchObject({ items: [{ enabled: true, config: { callTimeoutMs: 30_000 } }] })
})
