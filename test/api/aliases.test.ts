/** The paths of the source documents: their words, the canonical handlers. */
import { describe, expect, test } from 'vitest'
import { aliases } from '../../src/api/aliases/index.ts'
import { allRoutes } from '../../src/api/routes/index.ts'
import { roleKeys, testApi } from './support/test-api.ts'

test('every alias names a canonical operation and asks for the same permission', () => {
  const routes = allRoutes({ publicMetrics: false })
  for (const alias of aliases) {
    const canonical = routes.find(({ operation }) => operation === alias.aliasOf)
    expect(canonical?.permission, alias.path).toBe(alias.permission)
  }
})

describe('/clients', () => {
  test('registers a target in the words of the document', async () => {
    const api = testApi()
    const json = { client_id: 'web-09', host: '192.0.2.10', service_type: 'nginx' }
    const response = await api.request('/clients', { method: 'POST', json })
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({ client_id: 'web-09', status: 'registered', position: '101' })
    expect(api.world.calls[0]).toMatchObject({
      name: 'registerTarget',
      input: { name: 'web-09', hostId: 'host-1', service: 'nginx', logPaths: ['/var/log/nginx/error.log'], mode: 'propose' },
    })
  })

  test('finds the host by name, address or id, and names the field when there is none', async () => {
    for (const host of ['web-01', '192.0.2.10', 'host-1']) {
      const json = { client_id: 'x', host, service_type: 'nginx' }
      expect((await testApi().request('/clients', { method: 'POST', json })).status, host).toBe(201)
    }
    const response = await testApi().request('/clients', {
      method: 'POST',
      json: { client_id: 'x', host: 'nowhere', service_type: 'nginx' },
    })
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ error: { code: 'HOST_NOT_REGISTERED', details: { field: 'host' } } })
  })

  test('asks for the log of a service that has no usual place for it', async () => {
    const json = { client_id: 'db', host: 'web-01', service_type: 'postgresql' }
    expect((await testApi().request('/clients', { method: 'POST', json })).status).toBe(422)
    expect((await testApi().request('/clients', { method: 'POST', json: { ...json, log_paths: ['/var/log/pg.log'] } })).status).toBe(201)
  })

  test('lists with page numbers and a total', async () => {
    const response = await testApi().request('/clients?page=2&page_size=1')
    expect(await response.json()).toEqual({
      items: [expect.objectContaining({ client_id: 'db-01-redis', id: 'target-2', service_type: 'redis', host: 'host-1' })],
      total: 2,
      page: 2,
      page_size: 1,
    })
  })

  test('shows, and removes by name, without an ETag', async () => {
    const api = testApi()
    expect(await (await api.request('/clients/web-01-nginx')).json()).toMatchObject({ client_id: 'web-01-nginx', open_errors: 0 })
    expect(await (await api.request('/clients/web-01-nginx/status')).json()).toMatchObject({ client_id: 'web-01-nginx', status: 'healthy' })
    const removed = await api.request('/clients/web-01-nginx', { method: 'DELETE' })
    expect(await removed.json()).toMatchObject({ client_id: 'web-01-nginx', status: 'removed' })
    expect(api.world.targets[0]?.state).toBe('retired')
    expect((await api.request('/clients/nobody', { method: 'DELETE' })).status).toBe(404)
  })

  test('is closed to who may not see the canonical one', async () => {
    expect((await testApi().request('/clients', { method: 'POST', key: roleKeys.viewer, json: {} })).status).toBe(403)
  })
})

describe('/errors', () => {
  test('takes a report by client_id or targetId, from anyone with a key', async () => {
    const api = testApi()
    for (const path of ['/errors', '/api/v1/anomalies']) {
      for (const who of [{ client_id: 'web-01-nginx' }, { targetId: 'target-1' }]) {
        const json = { ...who, message: 'boom', severity: 1, occurredAt: '2026-11-21T10:00:00Z', context: { line: 3 } }
        const response = await api.request(path, { method: 'POST', key: roleKeys.viewer, json })
        expect(response.status).toBe(202)
        expect(await response.json()).toMatchObject({ anomalyId: 'new-1' })
      }
    }
    expect(api.world.calls.map(({ input }) => input)).toEqual(
      Array.from({ length: 4 }, () => expect.objectContaining({ targetId: 'target-1', severity: 'critical', context: { line: 3 } })),
    )
  })

  test('wants exactly one name of the target', async () => {
    for (const json of [{ message: 'm' }, { message: 'm', targetId: 'target-1', client_id: 'web-01-nginx' }]) {
      expect((await testApi().request('/errors', { method: 'POST', json })).status).toBe(422)
    }
  })

  test('shows one by the id of the anomaly or of its incident', async () => {
    for (const id of ['anomaly-1', 'incident-1']) {
      expect(await (await testApi().request(`/errors/${id}`)).json()).toMatchObject({
        id: 'anomaly-1',
        incident_id: 'incident-1',
        count: 2,
      })
    }
    expect((await testApi().request('/errors/none')).status).toBe(404)
    expect(await (await testApi().request('/errors')).json()).toMatchObject({ total: 1, page: 1, items: [{ id: 'anomaly-1' }] })
  })
})

test('/anomalies/{id}/status answers as the document says', async () => {
  const response = await testApi().request('/anomalies/anomaly-1/status', { method: 'POST', json: { status: 'resolved' } })
  expect(await response.json()).toMatchObject({ status: 'updated' })
})

test('/status needs a key and speaks of clients and errors', async () => {
  expect((await testApi().request('/status', { key: null })).status).toBe(401)
  expect(await (await testApi().request('/status')).json()).toMatchObject({
    status: 'healthy',
    processing: 'running',
    clients: { total: 2 },
    errors: { total: 1, last_24h: 1, open: 1 },
  })
})
