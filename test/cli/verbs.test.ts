/** Every verb asks for what the API has: its requests fit the schemas of the routes, its commands carry a key of their own and are read back. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { exampleHost } from '../../src/api/schemas/host.ts'
import { exampleIncidentSummary } from '../../src/api/schemas/incident.ts'
import { exampleOperation } from '../../src/api/schemas/operation.ts'
import { exampleTarget } from '../../src/api/schemas/target.ts'
import { type FakeApi, startFakeApi } from './support/fake-api.ts'
import { prepare } from './support/prepare.ts'
import { stewardHere } from './support/run-cli.ts'
import { ID, otherWays, verbs } from './support/verbs.ts'

let api: FakeApi
let env: Record<string, string>
beforeAll(async () => {
  api = await startFakeApi()
})
beforeEach(() => {
  prepare(api)
  api.asked.length = 0
  api.misunderstood.length = 0
  env = { STEWARD_URL: api.url, STEWARD_API_KEY: 'sk_test' }
})
afterAll(() => api[Symbol.asyncDispose]())

const lines = [...Object.entries(verbs).map(([verb, words]) => [...verb.split(' '), ...words]), ...otherWays]

describe.for(lines.map((line) => ({ name: line.join(' '), line })))('$name', ({ line }) => {
  test.for([[], ['--json']])('is understood by the API (%s)', async (more) => {
    // What stands behind `--` is no option of ours.
    const ran = await stewardHere([...more, ...line], { env })
    expect(api.misunderstood).toEqual([])
    expect(ran.stderr).not.toContain('steward: ')
    expect(ran.code).toBe(0)
    expect(api.asked.map(({ headers }) => headers.authorization)).toEqual(api.asked.map(() => 'Bearer sk_test'))
  })
})

test('a command is read back at the position it was recorded at', async () => {
  await stewardHere(['target', 'pause', ID, '--reason', 'x'], { env })
  expect(api.asked.map(({ operation, query }) => [operation, query])).toEqual([
    ['targets.pause', {}],
    ['targets.show', { min_position: '4711' }],
  ])
})

test('usage of all servers, or of one, says what of it may be missing', async () => {
  const all = await stewardHere(['usage'], { env })
  expect(all.stdout).toContain('files.read_file')
  expect(all.stdout).toContain('within the last 1 s may not be counted yet; a crash of Steward loses no older ones')
  const one = await stewardHere(['usage', ID, '--period', '90d'], { env })
  expect(one.stdout).toContain('99.5 %')
  expect(one.stdout).toContain('within the last 1 s')
  expect(api.asked.map(({ operation, query }) => [operation, query])).toEqual(
    expect.arrayContaining([
      ['analytics.show', { period: '24h' }],
      ['servers.metrics', { period: '90d' }],
    ]),
  )
})

test('two commands of one invocation have two idempotency keys; a given one is used for the command itself', async () => {
  await stewardHere([...'host add'.split(' '), ...(verbs['host add'] ?? []), '--idempotency-key', 'mine'], { env })
  const keys = api.asked.filter(({ operation }) => operation === 'hosts.register').map(({ headers }) => headers['idempotency-key'])
  expect(keys).toHaveLength(2)
  expect(keys[1]).toBe('mine')
  expect(keys[0]).not.toBe('mine')
})

test('an idempotency key stands for one command only', async () => {
  const ran = await stewardHere(['target', 'pause', 'a', 'b', '--idempotency-key', 'mine'], { env })
  expect(ran.code).toBe(2)
  expect(api.asked).toEqual([])
})

test('an unknown outcome is asked for again with the same key', async () => {
  let tries = 0
  api.on('healing.stop', () => {
    tries += 1
    return tries === 1 ? { status: 504, body: { error: { code: 'OUTCOME_UNKNOWN', message: 'unknown' } } } : undefined
  })
  const ran = await stewardHere(['healing', 'stop'], { env })
  expect(ran.code).toBe(0)
  const keys = api.asked.filter(({ operation }) => operation === 'healing.stop').map(({ headers }) => headers['idempotency-key'])
  expect(keys).toHaveLength(2)
  expect(new Set(keys).size).toBe(1)
})

test('what cannot be shown yet is recorded all the same: exit code 0, and a word about it', async () => {
  api.on('healing.show', () => ({
    status: 503,
    body: { error: { code: 'PROJECTION_LAGGING', message: 'late', details: {} } },
    headers: { 'retry-after': '0' },
  }))
  const ran = await stewardHere(['healing', 'resume'], { env })
  api.on('healing.show', () => undefined)
  expect(ran.code).toBe(0)
  expect(ran.stderr).toContain('Recorded at position 4711')
})

test('the switch and the file are two facts: each is told, and lifting one is not said to lift both', async () => {
  const stopFile = { path: '/data/healing.stop', since: '2026-11-21T10:00:00.000Z' }
  const show = (switched: object) =>
    api.on('healing.show', () => ({ body: { by: null, reason: null, since: null, ...switched, stopFile } }))
  show({ stopped: true, by: 'mira', reason: 'release', since: '2026-11-21T09:00:00.000Z' })
  const both = (await stewardHere(['healing', 'status'], { env })).stdout
  expect(both).toContain('by the file /data/healing.stop')
  expect(both).toContain('by mira: release')
  show({ stopped: false })
  const one = (await stewardHere(['healing', 'status'], { env })).stdout
  expect(one).toContain('by the file /data/healing.stop')
  expect(one).not.toContain('running')
  api.on('healing.show', () => undefined)
})

test('of several subjects, some done and some not is exit code 3, and both are told', async () => {
  api.on('targets.pause', ({ path }) =>
    path.includes('bad') ? { status: 404, body: { error: { code: 'NOT_FOUND', message: 'no such' } } } : undefined,
  )
  const ran = await stewardHere(['target', 'pause', ID, 'bad'], { env })
  const none = await stewardHere(['target', 'pause', 'bad', 'bad2'], { env })
  api.on('targets.pause', () => undefined)
  expect(ran.code).toBe(3)
  expect(ran.stdout).toContain('Paused web-01-nginx')
  expect(ran.stderr).toContain('NOT_FOUND')
  expect(none.code).toBe(1)
})

test('If-Match is the ETag of what was seen', async () => {
  await stewardHere(['mode', 'set', ID, 'act'], { env })
  expect(api.asked.find(({ operation }) => operation === 'targets.change-mode')?.headers['if-match']).toBe('"7"')
})

test('a name is looked up, the end of an id is found, a whole id is taken as it is', async () => {
  await stewardHere(['host', 'show', exampleHost.name], { env })
  expect(api.asked.map(({ path, query }) => [path, query])).toEqual([
    ['/api/v1/hosts', { name: exampleHost.name, limit: '10' }],
    [`/api/v1/hosts/${exampleHost.id}`, {}],
  ])
  api.asked.length = 0
  await stewardHere(['incident', 'show', exampleIncidentSummary.id.slice(-8), '--json'], { env })
  expect(api.asked.map(({ path }) => path)).toEqual(['/api/v1/incidents', `/api/v1/incidents/${exampleIncidentSummary.id}`])
})

test('a stream is named by the name of its target, or by the end of an id', async () => {
  await stewardHere(['stream', 'show', `target-${exampleTarget.name}`], { env })
  expect(api.asked.at(-1)?.path).toBe(`/api/v1/streams/target-${exampleTarget.id}/events`)
  await stewardHere(['stream', 'state', `incident-${exampleIncidentSummary.id.slice(-8)}`], { env })
  expect(api.asked.at(-1)?.path).toBe(`/api/v1/streams/incident-${exampleIncidentSummary.id}/state`)
  await stewardHere(['stream', 'state', 'healing-switch-global'], { env })
  expect(api.asked.at(-1)?.path).toBe('/api/v1/streams/healing-switch-global/state')
})

test('a part of an id that fits two is refused', async () => {
  const two = ['1', '2'].map((first) => ({ ...exampleIncidentSummary, id: first + exampleIncidentSummary.id.slice(1) }))
  api.on('incidents.list', () => ({ body: { items: two, next_cursor: null, position: '1' } }))
  const ran = await stewardHere(['incident', 'close', exampleIncidentSummary.id.slice(-8)], { env })
  api.on('incidents.list', () => undefined)
  expect(ran.code).toBe(2)
  expect(ran.stderr).toContain('2 ids begin or end with')
})

test('a list goes on over pages until it has what was asked for', async () => {
  api.on('targets.list', ({ query }) => {
    const from = Number(query['cursor'] ?? '0')
    const items = Array.from({ length: Number(query['limit']) }, (_, index) => ({ ...exampleTarget, name: `t${from + index}` }))
    return { body: { items, next_cursor: String(from + items.length), position: '1' } }
  })
  const ran = await stewardHere(['target', 'list', '--limit', '130', '--json'], { env })
  api.on('targets.list', () => undefined)
  const { items, next_cursor } = JSON.parse(ran.stdout)
  expect(items.map(({ name }: { name: string }) => name)).toEqual(Array.from({ length: 130 }, (_, index) => `t${index}`))
  expect(next_cursor).toBe('130')
})

test('verify waits for the end, and a difference is a failure', async () => {
  let looks = 0
  api.on('operations.show', () => {
    looks += 1
    const running = { ...exampleOperation, state: 'running', endedAt: null, result: null }
    return { body: looks < 3 ? running : { ...exampleOperation, result: { equal: false, different: 2 } } }
  })
  const ran = await stewardHere(['projection', 'verify', 'incidents'], { env })
  api.on('operations.show', () => undefined)
  expect(looks).toBe(3)
  expect(ran.code).toBe(1)
  expect(ran.stdout).toContain('differs')
})

test('a feed that breaks off goes on behind the last event', async () => {
  const asked: (string | undefined)[] = []
  api.on('events.stream', ({ headers }) => void asked.push(headers['last-event-id']?.toString()))
  const ran = await stewardHere(['events', 'tail', '--from', '0', '--limit', '5', '--json'], { env })
  expect(ran.code).toBe(0)
  expect(ran.stdout.trim().split('\n')).toHaveLength(5)
  expect(asked).toEqual([undefined, '2', '2'])
})

test('an export to a file is byte for byte what was sent, and readable by its owner only', async () => {
  const { mkdtemp, readFile, rm, stat } = await import('node:fs/promises')
  const { tmpdir } = await import('node:os')
  const dir = await mkdtemp(`${tmpdir()}/steward-cli-`)
  try {
    const ran = await stewardHere(['command', 'export', '--format', 'csv', '--output', `${dir}/a.csv`], { env })
    expect(ran.stdout).toBe('')
    expect(await readFile(`${dir}/a.csv`, 'utf8')).toBe(api.streams.get('commands.export'))
    expect((await stat(`${dir}/a.csv`)).mode & 0o777).toBe(0o600)
  } finally {
    await rm(dir, { recursive: true })
  }
})

test('a name that two targets have is taken for neither of them', async () => {
  const [one, other] = ['0199f0a0-0000-7000-8000-0000000000b1', '0199f0a0-0000-7000-8000-0000000000b2']
  const items = [
    { ...exampleTarget, id: one, name: 'web', service: 'nginx' },
    { ...exampleTarget, id: other, name: 'web', service: 'server' },
  ]
  api.on('targets.list', () => ({ body: { items, next_cursor: null, position: '1' } }))
  const ran = await stewardHere(['target', 'pause', 'web', '--reason', 'x'], { env })
  expect(ran.code).toBe(2)
  expect(ran.stderr).toContain(`several have the name web; take one by its id: ${one} (nginx), ${other} (server)`)
  expect(api.asked.map(({ operation }) => operation)).toEqual(['targets.list'])
})
