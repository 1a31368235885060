/** Every route, walked: by every role and without a key; documented; with an example that its own schema accepts. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createHasher } from '../../src/adapters/hash/sha256.ts'
import type { Route } from '../../src/api/define-route.ts'
import { refusalsOf } from '../../src/api/openapi.ts'
import { mayDo } from '../../src/api/permissions.ts'
import { isDescribed } from '../../src/api/refusals.ts'
import { allRoutes } from '../../src/api/routes/index.ts'
import { sealBundle } from '../../src/domain/configuration/bundle.ts'
import { roles } from '../../src/domain/key/events.ts'
import { roleKeys, testApi } from './support/test-api.ts'

const routes = allRoutes({ publicMetrics: false })
const title = ({ method, path }: Route) => `${method} ${path}`
const keyed = routes.filter(({ permission }) => permission !== 'public')
const pathOf = ({ path }: Route) => path.replaceAll(/\{\w+\}/g, 'some-1')

/** What a role lacks is asked before anything else, so a route may be called with no body at all. */
const call = (api: ReturnType<typeof testApi>, route: Route, key: string | null) =>
  api.request(pathOf(route), { method: route.method, key, signal: AbortSignal.timeout(2_000) })

test('a path with a word reaches its own route, also where another route has a parameter in its place', () => {
  const partsOf = ({ path }: Route) => path.split('/').slice(1)
  const isFree = (part: string) => part.includes('{')
  const mayMeet = (a: Route, b: Route) =>
    a.method === b.method &&
    partsOf(a).length === partsOf(b).length &&
    partsOf(a).every((part, index) => isFree(part) || isFree(partsOf(b)[index] ?? '') || part === partsOf(b)[index])
  const meetings = routes.flatMap((first, at) => routes.slice(at + 1).flatMap((later) => (mayMeet(first, later) ? [[first, later]] : [])))
  const wrong = meetings.filter(([first, later]) => {
    if (!first || !later) return false
    const differs = partsOf(first).findIndex((part, index) => isFree(part) !== isFree(partsOf(later)[index] ?? ''))
    return differs !== -1 && isFree(partsOf(first)[differs] ?? '')
  })
  expect(wrong.map((pair) => pair.map(title))).toEqual([])
  expect(meetings.map((pair) => pair.map((route) => route.operation))).toContainEqual(['servers.bulk', 'servers.restart'])
})

describe('without a key', () => {
  test.each(keyed.map((route) => [title(route), route] as const))('%s answers 401', async (_title, route) => {
    const api = testApi()
    const response = await call(api, route, null)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('Bearer')
    expect(api.world.calls).toEqual([])
  })

  test('only the paths that the design names are public', () => {
    const open = routes.filter(({ permission }) => permission === 'public').map(({ path }) => path)
    expect(open.toSorted()).toEqual([
      ...['/', '/docs', '/docs/reference.css', '/docs/reference.js', '/health', '/livez', '/openapi.json', '/page/{file}', '/readyz'],
    ])
  })

  test('a path that does not exist is not told from one that does', async () => {
    const api = testApi()
    expect((await api.request('/api/v1/nothing', { key: null })).status).toBe(401)
    expect((await api.request('/api/v1/nothing')).status).toBe(404)
  })

  test('metrics are public by setting', async () => {
    expect((await testApi({ publicMetrics: true }).request('/metrics', { key: null })).status).toBe(200)
    expect((await testApi().request('/metrics', { key: null })).status).toBe(401)
  })
})

describe.each(roles)('as %s', (role) => {
  test.each(keyed.map((route) => [title(route), route] as const))('%s is allowed exactly when the table says so', async (_title, route) => {
    const { permission } = route
    if (permission === 'public') throw new TypeError('a keyed route was expected')
    const api = testApi()
    const response = await call(api, route, roleKeys[role])
    if (mayDo(role, permission)) expect(response.status).not.toBe(403)
    else {
      expect(response.status).toBe(403)
      expect(api.world.calls).toEqual([])
    }
    await response.body?.cancel()
  })
})

describe('the routes', () => {
  test('have names and places of their own', () => {
    expect(new Set(routes.map(({ operation }) => operation)).size).toBe(routes.length)
    expect(new Set(routes.map(title)).size).toBe(routes.length)
  })

  test('are each reached by their own path: none is swallowed by another', () => {
    const patternOf = ({ path }: Route) => new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`)
    for (const route of routes) {
      const first = routes.find((each) => each.method === route.method && patternOf(each).test(route.path))
      expect(first && title(first)).toBe(title(route))
    }
  })

  test('are all documented, each with its permission', async () => {
    const response = await testApi().request('/openapi.json', { key: null })
    const { paths } = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) }).parse(await response.json())
    for (const route of routes) {
      const operation = paths[route.path]?.[route.method.toLowerCase()]
      expect(operation, title(route)).toMatchObject({ operationId: route.operation, 'x-permission': route.permission })
    }
  })

  test.each(routes.filter(({ answer }) => answer.mediaTypes === undefined).map((route) => [title(route), route] as const))(
    '%s shows an example that it could answer',
    (_title, { answer }) => {
      expect(answer.schema.parse(answer.example)).toEqual(answer.example)
    },
  )

  test.each(routes.map((route) => [title(route), route] as const))('%s refuses only by described rules', (_title, route) => {
    expect(refusalsOf(route).filter((rule) => !isDescribed(rule))).toEqual([])
  })

  test.each(routes.map((route) => [title(route), route] as const))('%s answers without inventing fields', async (_title, route) => {
    const api = testApi()
    const headers = { 'if-match': '*' }
    const response = await api.request(fillIn(route), {
      method: route.method,
      headers,
      ...(route.method === 'GET' ? {} : { json: bodies[route.operation] ?? {} }),
    })
    if (route.answer.mediaTypes !== undefined) return response.body?.cancel()
    const json: unknown = await response.json()
    if (emptyInTests.has(route.operation)) return expect(response.status).toBe(404)
    expect({ status: response.status, json }).toMatchObject({ status: route.answer.status })
    expect(route.answer.schema.parse(json)).toEqual(json)
  })
})

const emptyInTests: ReadonlySet<string> = new Set([
  'events.show',
  'documents.events.show',
  'events.causality',
  'streams.events',
  'streams.state',
  'configuration.undo',
])

const ids: Readonly<Record<string, string>> = {
  keys: 'viewer',
  hosts: 'host-1',
  servers: 'server-1',
  targets: 'target-1',
  api: 'server-1',
  toolservers: 'server-1',
  clients: 'web-01-nginx',
  anomalies: 'anomaly-1',
  errors: 'anomaly-1',
  incidents: 'incident-1',
  approvals: 'approval-1',
  commands: 'command-1',
  projections: 'incidents',
  operations: 'new-1',
}

function fillIn({ path, operation }: Route): string {
  const resource = path.replace('/api/v1', '').split('/')[1] ?? ''
  const filled = path
    .replace('{operation}', 'restart')
    .replace('{tool}', 'read_file')
    .replace('toolservers/tools/{id}', 'toolservers/tools/server-1~read_file')
    .replaceAll(/\{\w+\}/g, ids[resource] ?? 'some-1')
  return queries[operation] === undefined ? filled : `${filled}?${queries[operation]}`
}

/** Parameters that a query cannot do without. */
const queries: Readonly<Record<string, string>> = { 'servers.diff': 'from=1' }

const reason = { reason: 'because' }
const transport = { command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything@2026.8.31'] }
const emptyBundle = sealBundle(
  {
    ...{ schema: 'mcp-steward/configuration', schemaVersion: 1 },
    ...{ log: { logId: 'log-1', namespace: 'test', position: '1' }, exportedAt: '2026-11-21T10:00:00.000Z', servers: [] },
  },
  createHasher(),
)

const bodies: Readonly<Record<string, object>> = {
  'keys.create': { name: 'robot', role: 'viewer', owner: 'mira' },
  'keys.revoke': reason,
  'hosts.register': { name: 'web-02', address: '192.0.2.11', username: 'steward', privateKey: 'file:k', hostKey: 'ssh-ed25519 AAAA' },
  'targets.register': { name: 'web-02-nginx', hostId: 'host-1', service: 'nginx', logPaths: ['/var/log/nginx/error.log'] },
  'targets.change-mode': { mode: 'act' },
  'targets.unfreeze': reason,
  'targets.accept-drift': reason,
  'servers.register': { name: 'everything', transport },
  'servers.update': { transport },
  'servers.test-config': { transport },
  'servers.import': { choices: [{ candidateId: 'some-1' }] },
  'configuration.validate': { servers: [] },
  'configuration.apply': { servers: [] },
  'configuration.restore': { bundle: emptyBundle },
  'configuration.undo': { commandId: 'some-1' },
  'servers.approve-executable': { argvHash: 'a'.repeat(64), ...reason },
  'servers.revoke-executable': { argvHash: 'a'.repeat(64), ...reason },
  'servers.approve-instructions': { hash: 'a'.repeat(64), ...reason },
  'documents.servers.add': { name: 'everything', config: transport },
  'documents.servers.update': { enabled: false },
  'documents.servers.bulk-start': { server_ids: ['server-1'] },
  'documents.servers.bulk-stop': { server_ids: ['server-1'] },
  'documents.servers.bulk-restart': { server_ids: ['server-1'] },
  'documents.servers.bulk-delete': { server_ids: ['server-1'] },
  'documents.toolservers.bulk': { server_ids: ['server-1'], operation: 'restart' },
  'documents.config.update': { servers: [] },
  'documents.config.restore': { backup: emptyBundle },
  'documents.discover.import': { server_ids: ['some-1'] },
  'documents.toolservers.create': { name: 'everything', ...transport },
  'tools.approve': { hash: 'a'.repeat(64), ...reason },
  'anomalies.report': { targetId: 'target-1', message: 'it is broken' },
  'anomalies.change-status': { status: 'investigating' },
  'incidents.resolve': { outcome: 'done', ...reason },
  'approvals.approve': { planHash: 'a'.repeat(64) },
  'approvals.reject': reason,
  'fingerprints.reset-breaker': reason,
  'remedies.clear': reason,
  'servers.bulk': { ids: ['server-1'], ...reason },
  'servers.upgrade': { version: '1.2.3', ...reason },
  'servers.bulk-preview': { filter: { state: 'error' }, ...reason },
  'operations.cancel': reason,
  'processes.unpark': { way: 'skip', ...reason },
  'clients.register': { client_id: 'web-03', host: 'web-01', service_type: 'nginx' },
  'errors.report': { client_id: 'web-01-nginx', message: 'it is broken', severity: 2 },
  'documents.anomaly-status': { status: 'investigating' },
}
