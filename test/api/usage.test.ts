import { describe, expect, test } from 'vitest'
import { roleKeys, testApi } from './support/test-api.ts'

const get = async (path: string, key?: string) => {
  const response = await testApi().request(path, key === undefined ? {} : { key })
  const body: unknown = await response.json()
  return { status: response.status, body, position: response.headers.get('steward-position') }
}

describe('figures', () => {
  test('of all servers are of the last day unless another period is asked for', async () => {
    expect(await get('/api/v1/analytics')).toMatchObject({
      status: 200,
      body: { period: '24h', calls: 8, recording: { lostCalls: 5 } },
      position: '100',
    })
    expect(await get('/api/v1/analytics?period=90d')).toMatchObject({
      body: { period: '90d', servers: { total: 2, active: 1 }, position: '100' },
    })
    expect(await get('/api/v1/analytics?period=2h')).toMatchObject({ status: 422 })
    expect(await get('/api/v1/analytics?min_position=101')).toMatchObject({ status: 503 })
  })

  test('of one server come with its uptime, and of none there are none', async () => {
    expect(await get('/api/v1/servers/server-1/metrics?period=7d')).toMatchObject({
      body: { period: '7d', uptime: 0.5, byTool: [{ tool: 'read_file' }] },
    })
    expect((await get('/api/v1/servers/server-9/metrics')).status).toBe(404)
  })
})

describe('calls', () => {
  test('are listed by server, tool and outcome', async () => {
    expect(await get('/api/v1/servers/server-1/calls')).toMatchObject({
      body: { items: [{ id: 'call-1', arguments: '{"path":"/tmp"}' }, { id: 'call-2' }] },
    })
    expect(await get('/api/v1/servers/server-1/calls?outcome=refused')).toMatchObject({
      body: { items: [{ id: 'call-1', rule: 'tool-disabled' }] },
    })
    expect(await get('/api/v1/servers/server-1/tools/write_file/calls')).toMatchObject({ body: { items: [{ id: 'call-2' }] } })
    expect((await get('/api/v1/servers/server-1/calls?outcome=good')).status).toBe(422)
  })

  test('of a server that nobody has are not found, as its figures are', async () => {
    for (const path of ['metrics', 'calls', 'tools/read_file/calls'])
      expect((await get(`/api/v1/servers/server-9/${path}`)).status, path).toBe(404)
    // Calls of a tool that the server never had were refused, and are listed.
    expect(await get('/api/v1/servers/server-1/tools/never-had/calls')).toMatchObject({ status: 200, body: { items: [] } })
  })

  test('are not for those who may only look at servers', async () => {
    expect((await get('/api/v1/analytics', roleKeys.viewer)).status).toBe(200)
    expect((await get('/api/v1/servers/server-1/calls', roleKeys.viewer)).status).toBe(403)
  })
})

test('the documents find their figures under their own names', async () => {
  const tool = {
    tool_id: 'server-1~read_file',
    tool_name: 'read_file',
    server_name: 'files',
    status: 'disabled',
    total_calls: 8,
    success_rate: 0.75,
  }
  const server = {
    server_id: 'server-1',
    status: 'enabled',
    total_calls: 8,
    success_rate: 0.75,
    avg_response_time_ms: 12.5,
    uptime_percentage: 50,
  }
  expect(await get('/api/v1/analytics/toolservers?period=30d')).toMatchObject({
    status: 200,
    body: {
      ...{
        total_servers: 2,
        active_servers: 1,
        total_tools: 2,
        enabled_tools: 1,
        total_calls_today: 1,
        total_calls_week: 2,
        total_calls_month: 3,
      },
      ...{ total_errors_today: 0, overall_success_rate: 0.75, avg_response_time_ms: 12.5, p95_response_time_ms: 40 },
      ...{ server_metrics: [server], top_tools: [tool], failing_tools: [tool] },
      ...{ daily_usage: { '2026-11-21': 1 }, daily_errors: { '2026-11-21': 0 } },
    },
  })
  expect(await get('/api/v1/toolservers/servers/server-1/metrics')).toMatchObject({ body: server })
})
