/** How a managed server is, in our words and in those of the document on enhanced servers. */
import { describe, expect, test } from 'vitest'
import type { ServerVitals } from '../../src/commands/fleet/fleet-figures.ts'
import { instant } from '../../src/domain/instant.ts'
import type { HealthSamplesAsked } from '../../src/domain/ports/health-samples.ts'
import type { ServerView } from '../../src/projections/queries/index.ts'
import { at } from './support/rows.ts'
import { someVitals, testApi } from './support/test-api.ts'

const runs: Partial<ServerView> = {
  ...{ state: 'running', health: 'healthy', serverVersion: '2.1.0', failureSays: null },
  ...{ healthFacts: { live: true, ready: true, capable: true }, runningSince: instant('2026-11-21T09:30:00.000Z') },
}

async function ask(path: string, { view = runs, vitals }: { view?: Partial<ServerView>; vitals?: ServerVitals | null } = {}) {
  const api = testApi({}, (application) =>
    vitals === undefined ? application : { ...application, fleet: { ...application.fleet, vitals: async () => vitals ?? undefined } },
  )
  const [first] = api.world.servers
  if (first) api.world.servers[0] = { ...first, ...view }
  const response = await api.request(path)
  const body: unknown = await response.json()
  return { status: response.status, body }
}

const own = '/api/v1/servers/server-1/health'
const theirs = '/api/mcp/servers/server-1/health'

test('it tells the version, since when it runs, the last hour of calls, and what its supervisor sees', async () => {
  expect(await ask(own)).toMatchObject({
    status: 200,
    body: {
      ...{ name: 'files', state: 'running', health: 'healthy', version: '2.1.0' },
      uptimeSeconds: (Date.parse(at) - Date.parse('2026-11-21T09:30:00.000Z')) / 1_000,
      metrics: {
        ...{ period: '1h', calls: 8, errors: 2, errorRate: 0.25, averageMs: 12.5 },
        ...someVitals,
      },
    },
  })
  expect((await ask('/api/v1/servers/nobody/health')).status).toBe(404)
})

test('what another instance supervises is shown without what only that one knows', async () => {
  expect(await ask(own, { vitals: null })).toMatchObject({
    status: 200,
    body: { health: 'healthy', metrics: { calls: 8, clients: null, memoryBytes: null, cpuSeconds: null, cpuPercent: null, breaker: null } },
  })
})

test('what all servers take is told at once; where they are supervised elsewhere nothing is', async () => {
  const path = '/api/v1/servers/vitals'
  expect(await ask(path)).toMatchObject({ status: 200, body: { supervised: true, items: [{ id: 'server-1', ...someVitals }] } })
  const elsewhere = testApi({}, (application) => ({ ...application, fleet: { ...application.fleet, allVitals: async () => undefined } }))
  expect(await (await elsewhere.request(path)).json()).toMatchObject({ supervised: false, items: [] })
})

describe('answers of probes', () => {
  const facts = { live: true, ready: false, capable: false, says: 'no answer' }
  const samplesPath = '/api/v1/servers/server-1/health/samples'

  async function askSamples(query: string, path = samplesPath) {
    const asked: unknown[] = []
    const healthSamples = {
      async latest(serverId: string, wanted: HealthSamplesAsked) {
        asked.push({ serverId, ...wanted })
        return [{ serverId, runId: 'run-1', at, facts }]
      },
    }
    const api = testApi({}, (application) => ({ ...application, healthSamples }))
    const response = await api.request(`${path}${query}`)
    return { status: response.status, body: await response.json(), asked }
  }

  test('are listed of one server, as far as they are asked for', async () => {
    const [from, until] = ['2026-11-21T09:00:00.000Z', '2026-11-21T10:00:00.000Z']
    expect(await askSamples(`?from=${from}&until=2026-11-21T11:00:00%2B01:00&limit=5`)).toStrictEqual({
      status: 200,
      body: { items: [{ at, runId: 'run-1', ...facts }] },
      asked: [{ serverId: 'server-1', from, until, limit: 5 }],
    })
    expect((await askSamples('')).asked).toStrictEqual([{ serverId: 'server-1', limit: 100 }])
    expect(await askSamples('', '/api/v1/servers/nobody/health/samples')).toMatchObject({ status: 404, asked: [] })
  })

  test.for([
    ['from=yesterday', 'query.from', 'must be a time in ISO 8601 with Z or an offset'],
    ['from=2026-11-21T10:00:00Z&until=2026-11-21T10:00:00Z', 'query.until', 'must be later than from'],
    ['limit=1001', 'query.limit', expect.stringContaining('1000')],
    ['since=1', 'query.since', 'is not a known field'],
  ] as const)('%s is refused by its name', async ([query, field, rule]) => {
    const { status, body, asked } = await askSamples(`?${query}`)
    expect({ status, asked }).toStrictEqual({ status: 422, asked: [] })
    expect(JSON.stringify(body)).toContain(field)
    expect(body).toMatchObject({ error: { details: { issues: [{ field, rule }] } } })
  })
})

describe('in the words of the document', () => {
  test('the body has every field of it', async () => {
    const { body } = await ask(theirs, { vitals: { ...someVitals, breaker: 'half-open', clients: 15, memoryBytes: 125_500_000 } })
    expect(body).toEqual({
      // A quarter of its calls failed.
      status: 'degraded',
      server_name: 'files',
      version: '2.1.0',
      timestamp: at,
      uptime_seconds: expect.any(Number),
      metrics: {
        memory_usage_mb: 125.5,
        active_connections: 15,
        request_count: 8,
        error_count: 2,
        error_rate: 0.25,
        average_response_time_ms: 12.5,
        circuit_breaker_state: 'half_open',
      },
      dependencies: { process: { status: 'healthy' }, protocol: { status: 'healthy' }, tools: { status: 'healthy' } },
    })
  })

  test('it is unhealthy when it does not answer, and when it does not run', async () => {
    const silent = { ...runs, health: 'unhealthy' as const, healthFacts: { live: true, ready: false, capable: false } }
    expect((await ask(theirs, { view: silent })).body).toMatchObject({
      status: 'unhealthy',
      dependencies: { process: { status: 'healthy' }, protocol: { status: 'unhealthy' } },
    })
    expect((await ask(theirs, { view: { ...runs, state: 'error' } })).body).toMatchObject({ status: 'unhealthy', uptime_seconds: 0 })
  })
})
