/** Queries: pages that fit together, positions that can be waited for, the past of a stream. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { at, targetRow } from './support/rows.ts'
import { testApi } from './support/test-api.ts'

const page = z.object({ items: z.array(z.object({ id: z.string() })), next_cursor: z.string().nullable(), position: z.string() })

async function allIds(api: ReturnType<typeof testApi>, path: string): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const response = await api.request(`${path}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`)
    const { items, next_cursor } = page.parse(await response.json())
    ids.push(...items.map(({ id }) => id))
    cursor = next_cursor
  }
  return ids
}

describe('a list', () => {
  test('gives every item once, page by page', async () => {
    const api = testApi()
    for (let n = 3; n <= 25; n++) api.world.targets.push({ ...targetRow, targetId: `target-${n}`, name: `t${n}` })
    expect(await allIds(api, '/api/v1/targets?limit=10')).toEqual(api.world.targets.map(({ targetId }) => targetId))
  })

  test('filters, and says up to where it is true', async () => {
    const response = await testApi().request('/api/v1/targets?service=redis&min_position=100')
    expect(await response.json()).toMatchObject({ items: [{ id: 'target-2' }], next_cursor: null, position: '100' })
  })

  test('with page numbers counts', async () => {
    const response = await testApi().request('/api/v1/targets?page=2&page_size=1')
    expect(await response.json()).toMatchObject({ items: [{ id: 'target-2' }], total: 2 })
  })
})

describe('one thing', () => {
  test('has its revision as ETag, and is sent again all the same: it may show more than its stream', async () => {
    const api = testApi()
    const first = await api.request('/api/v1/incidents/incident-1')
    expect(first.headers.get('etag')).toBe('"3"')
    expect(first.headers.get('steward-position')).toBe('100')
    const again = await api.request('/api/v1/incidents/incident-1', { headers: { 'if-none-match': '"3"' } })
    expect([again.status, await again.json()]).toEqual([200, await first.json()])
  })

  test('an incident tells its story', async () => {
    const incident = await (await testApi().request('/api/v1/incidents/incident-1')).json()
    expect(incident).toMatchObject({
      id: 'incident-1',
      state: 'awaiting-approval',
      evidence: [{ evidenceId: 'e-1', verdict: 'holds', says: null }],
      plan: { planHash: 'a'.repeat(64), risk: 'medium', rollback: 'Restore the file.' },
      approvalId: 'approval-1',
      outcome: null,
      timeline: [{ position: '7', type: 'IncidentOpened', text: 'Opened by a log line.', actor: 'steward' }],
    })
  })

  test('text from outside stays text: the answer is JSON and nothing may guess otherwise', async () => {
    const response = await testApi().request('/api/v1/anomalies/anomaly-1')
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(await response.text()).toContain('<script>')
  })
})

describe('a stream', () => {
  async function withHistory() {
    const api = testApi()
    for (const name of ['a', 'b', 'c']) await api.world.append('target-9', 'TargetSeen', { name })
    return api
  }

  test('shows its events in either direction, page by page', async () => {
    const api = await withHistory()
    const forwards = await allIds(api, '/api/v1/streams/target-9/events?limit=2')
    expect(forwards).toHaveLength(3)
    expect(await allIds(api, '/api/v1/streams/target-9/events?limit=2&order=newest')).toEqual(forwards.toReversed())
  })

  test('that never was is not found', async () => {
    expect((await testApi().request('/api/v1/streams/target-0/events')).status).toBe(404)
    expect((await testApi().request('/api/v1/streams/$all-x/events')).status).toBe(404)
  })

  test('has a state as of a position, a time, and now', async () => {
    const api = await withHistory()
    const positions: bigint[] = []
    for await (const event of api.world.store.readStream('target-9')) positions.push(event.position)
    const state = async (at: string) => (await api.request(`/api/v1/streams/target-9/state${at}`)).json()
    expect(await state('')).toMatchObject({ revision: '2', state: { events: 3 } })
    expect(await state(`?at=${positions[1]}`)).toMatchObject({ revision: '1', position: String(positions[1]) })
    expect(await state(`?at=${encodeURIComponent('2026-11-21T12:30:00+02:00')}`)).toMatchObject({ state: { events: 3 } })
    expect((await api.request('/api/v1/streams/target-9/state?at=2020-01-01T00:00:00Z')).status).toBe(404)
    expect((await api.request('/api/v1/streams/target-9/state?at=yesterday')).status).toBe(422)
  })

  test('tells of an event why it is there', async () => {
    const api = await withHistory()
    const [id] = await allIds(api, '/api/v1/streams/target-9/events?limit=1')
    const answer = await (await api.request(`/api/v1/events/${id}/causality`)).json()
    expect(answer).toMatchObject({ event: { id, stream: 'target-9', revision: '0' }, causes: [], effects: [], correlated: [{ id }] })
    expect((await api.request(`/api/v1/events/${id}`)).status).toBe(200)
    expect((await api.request('/api/v1/events/none')).status).toBe(404)
  })
})

describe('health', () => {
  test('answers in the shape of the documents, and keeps causes to itself', async () => {
    const api = testApi()
    const response = await api.request('/health', { key: null })
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({
      status: 'healthy',
      timestamp: '2026-11-21T10:30:00.000Z',
      resources: { cpu_percent: 1, memory_percent: 2, memory_used: 3, memory_total: 4 },
      agents: [{ name: 'log-watch', status: 'running', last_analysis: null }],
    })
    expect(text).not.toContain('secret place')
  })

  test('is 200 when degraded, 503 when unhealthy', async () => {
    const api = testApi()
    const status = async () => (await api.request('/health', { key: null })).status
    api.world.health.status = 'degraded'
    expect(await status()).toBe(200)
    api.world.health.status = 'unhealthy'
    expect(await status()).toBe(503)
  })

  test('readiness names what is missing', async () => {
    const api = testApi()
    expect((await api.request('/readyz', { key: null })).status).toBe(200)
    api.world.health.missing.push('event-store')
    const response = await api.request('/readyz', { key: null })
    expect([response.status, await response.json()]).toEqual([503, { status: 'not-ready', missing: ['event-store'] }])
  })

  test('while stopping it is alive, not ready, and takes nothing new', async () => {
    const api = testApi()
    api.api.drain()
    expect((await api.request('/livez', { key: null })).status).toBe(200)
    expect((await api.request('/readyz', { key: null })).status).toBe(503)
    const refused = await api.request('/api/v1/targets')
    expect(refused.headers.get('connection')).toBe('close')
    expect(await refused.json()).toMatchObject({ error: { code: 'SHUTTING_DOWN' } })
  })

  test('what is counted names patterns of routes, never paths', async () => {
    const api = testApi()
    await api.request('/api/v1/targets/target-1')
    await api.request('/nothing/at/all')
    const labels = api.counts.filter(({ name }) => name === 'steward_http_requests_total').map((count) => count.labels)
    expect(labels).toEqual([
      { method: 'GET', route: '/api/v1/targets/{id}', status: '200' },
      { method: 'GET', route: 'none', status: '404' },
    ])
  })
})

describe('what stops healing', () => {
  test('is the switch, a file, or both; each is a fact of its own, with the place of the file and since when', async () => {
    const api = testApi()
    const healing = async () => (await api.request('/api/v1/healing')).json()
    const status = async () => (await api.request('/api/v1/status')).json()
    expect(await healing()).toEqual({ stopped: false, by: null, reason: null, since: null, stopFile: null })
    const stopFile = { path: '/data/healing.stop', since: at }
    api.world.stopFile.present = stopFile
    expect(await healing()).toMatchObject({ stopped: false, stopFile })
    expect(await status()).toMatchObject({ healing: { stopped: false, stopFile } })
  })
})
