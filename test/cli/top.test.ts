/** `steward top`: trouble first, alive over outages, and a terminal that is always given back. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { exampleServer } from '../../src/api/schemas/server.ts'
import { exampleAnalytics } from '../../src/api/schemas/usage.ts'
import { runCli } from '../../src/cli/run-cli.ts'
import { until } from '../support/until.ts'
import { type FakeApi, startFakeApi } from './support/fake-api.ts'
import { fakeProcess, stewardHere } from './support/run-cli.ts'
import { seenAfter } from './support/terminal.ts'

let api: FakeApi
let env: Record<string, string>
beforeEach(async () => {
  api = await startFakeApi()
  env = { STEWARD_URL: api.url, STEWARD_API_KEY: 'sk_test', TERM: 'xterm' }
})
afterEach(() => api[Symbol.asyncDispose]())

const NOW = Date.parse('2026-11-21T10:40:00.000Z')
const failure = { reason: 'exited', says: 'code 1', stderrTail: '', at: '2026-11-21T10:39:00.000Z' }
const server = (name: string, more: object = {}) => ({ ...exampleServer, id: `id-${name}`, name, ...more })
const [exampleUsage] = exampleAnalytics.byServer
const usage = (name: string, more: object = {}) => ({
  ...exampleUsage,
  serverId: `id-${name}`,
  name,
  calls: 0,
  errors: 0,
  p95Ms: null,
  ...more,
})

function fleet(
  servers: readonly object[],
  { calls = [], events = [] }: Readonly<{ calls?: readonly object[]; events?: readonly object[] }> = {},
): void {
  const page = (items: readonly object[]) => ({ body: { items, next_cursor: null, position: '1' } })
  api.on('servers.list', () => page(servers))
  api.on('analytics.show', ({ query }) => ({ body: { ...exampleAnalytics, period: query['period'], byServer: calls } }))
  api.on('events.list', () => page(events))
}

async function picture() {
  const ran = await stewardHere(['top', '--once'], { env, nowMs: NOW })
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  return JSON.parse(ran.stdout)
}

describe('a picture', () => {
  test('tells memory and processor time where the supervisor knows them, and null where nobody does', async () => {
    fleet([server('busy'), server('elsewhere')])
    const vitals = { id: 'id-busy', breaker: 'closed', clients: 0, memoryBytes: 81_788_928, cpuSeconds: 12, cpuPercent: 12.34 }
    api.on('servers.vitals', () => ({ body: { at: '2026-11-21T10:40:00.000Z', supervised: true, items: [vitals] } }))
    expect((await picture()).servers).toMatchObject([
      { name: 'busy', memoryBytes: 81_788_928, cpuPercent: 12.3 },
      { name: 'elsewhere', memoryBytes: null, cpuPercent: null },
    ])
    const { stdout } = await stewardHere(['top', '-n', '1'], { env, nowMs: NOW })
    expect(stdout).toMatch(/busy .* 78 MiB +12 % /)
  })

  test('has trouble first, the worst before the rest, and what rests by intention last', async () => {
    fleet([
      server('calm'),
      server('resting', { state: 'stopped', desired: 'stopped', enabled: false, disabledBecause: 'operator' }),
      server('starting', { state: 'starting', health: 'unknown' }),
      server('tools', { tools: { offered: 3, enabled: 2, quarantined: 1 } }),
      server('again', { state: 'error', health: 'unhealthy', failure, restart: { attempt: 2, dueAt: '2026-11-21T10:40:05.000Z' } }),
      server('given-up', { state: 'error', health: 'unhealthy', failure, enabled: false, disabledBecause: 'failures' }),
      server('repaired', { state: 'maintenance', failure }),
    ])
    const { servers, alerts, totals } = await picture()
    expect(servers.map(({ name }: { name: string }) => name)).toEqual([
      'given-up',
      'again',
      'tools',
      'starting',
      'calm',
      'repaired',
      'resting',
    ])
    expect(alerts.map(({ server: name, rule }: { server: string; rule: string }) => [name, rule])).toEqual([
      ['given-up', 'disabled-by-failures'],
      ['again', 'restart-scheduled'],
      ['tools', 'waits-for-approval'],
    ])
    expect(totals).toMatchObject({ servers: 7, running: 2, inTrouble: 3 })
  })

  test('counts calls over the period, or over the life of a younger server', async () => {
    fleet([server('old', { registeredAt: '2026-01-01T00:00:00.000Z' }), server('young', { registeredAt: '2026-11-21T10:20:00.000Z' })], {
      calls: [usage('old', { calls: 1_440, errors: 3 }), usage('young', { calls: 100, errors: 20, p95Ms: 1_500.04 })],
    })
    const { servers } = await picture()
    const of = (name: string) => servers.find((each: { name: string }) => each.name === name)
    // The example spans 24 hours up to 10:30.
    expect(of('old')).toMatchObject({ calls: 1_440, callsPerMinute: 1, errorRate: 0.0021, troubles: [] })
    expect(of('young')).toMatchObject({ callsPerMinute: 10, errorRate: 0.2, p95Ms: 1_500 })
    expect(of('young').troubles.map(({ rule }: { rule: string }) => rule)).toEqual(['many-errors', 'slow'])
  })

  test('tells a crash loop once, and not what a server stands in now', async () => {
    const failed = (minute: number, says: string) => ({
      ...{ id: `e-${minute}`, type: 'ServerFailed', stream: 'server-id-loop', revision: '1', position: String(minute) },
      recordedAt: `2026-11-21T10:${minute}:00.000Z`,
      data: { reason: 'exited', says: { text: says }, at: `2026-11-21T10:${minute}:00.000Z` },
      metadata: { correlationId: 'c', causationId: 'c', commandId: null, actor: 'steward', schemaVersion: 1 },
    })
    fleet([server('loop', { state: 'error', failure })], {
      events: [failed(39, 'code 1'), failed(38, 'code 1'), failed(37, 'code 1'), failed(36, 'code 2')],
    })
    const { alerts } = await picture()
    expect(alerts.map(({ kind, says, times }: { kind: string; says: string; times: number }) => [kind, says, times])).toEqual([
      ['now', 'not restarted: exited: code 1', 1],
      ['past', 'exited: code 1', 2],
      ['past', 'exited: code 2', 1],
    ])
  })

  test('tells what is beyond a threshold now, and what was, as warnings', async () => {
    const since = '2026-11-21T10:30:00.000Z'
    const raised = (alert: string, value: number, at: string) => ({
      ...{ id: at, type: 'ServerAlertRaised', stream: 'server-id-busy', revision: '1', position: '9', recordedAt: at },
      data: { alert, value, threshold: 1, at },
      metadata: { correlationId: 'c', causationId: 'c', commandId: null, actor: 'steward', schemaVersion: 1 },
    })
    fleet([server('busy', { alerts: [{ alert: 'p95Ms', value: 2_500, threshold: 2_000, since, says: 'it is slow' }] }), server('calm')], {
      events: [raised('p95Ms', 2_500, since), raised('errorRate', 0.125, '2026-11-21T09:00:00.000Z')],
    })
    const { servers, alerts } = await picture()
    expect(servers[0]).toMatchObject({ name: 'busy', troubles: [{ severity: 'warning', rule: 'alert-slow', says: 'it is slow', since }] })
    expect(alerts).toMatchObject([
      { severity: 'warning', rule: 'alert-slow', kind: 'now' },
      { severity: 'warning', rule: 'alert-error-rate', kind: 'past', says: '12.5 % of its calls failed' },
    ])
    expect(alerts).toHaveLength(2)
  })

  test('goes without what the key may not see and what an unhealthy Steward does not say', async () => {
    const refusal = (status: number, code: string) => () => ({ status, body: { error: { code, message: code, details: {} } } })
    fleet([server('files')])
    api.on('events.list', refusal(403, 'FORBIDDEN'))
    api.on('system.health', refusal(503, 'UNHEALTHY'))
    expect(await picture()).toMatchObject({ system: null, alerts: [], totals: { servers: 1 } })
  })
})

test('without a terminal each picture is plain text, with --json a line, with --output a line of a file', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'steward-top-'))
  try {
    fleet([server('files')])
    const plain = await stewardHere(['top', '-n', '2', '--interval', '1', '--output', 'top.ndjson'], { env, cwd: dir })
    expect(plain.stdout).not.toContain('\x1b')
    expect(plain.stdout.match(/^files +running +healthy/gm)).toHaveLength(2)
    const kept = (await readFile(join(dir, 'top.ndjson'), 'utf8')).trim().split('\n')
    expect(kept.map((line) => JSON.parse(line).totals.servers)).toEqual([1, 1])
    const json = await stewardHere(['top', '-n', '2', '--interval', '1', '--json'], { env })
    expect(
      json.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).servers[0].name),
    ).toEqual(['files', 'files'])
  } finally {
    await rm(dir, { recursive: true })
  }
})

test('a file that cannot be written is told before anything is asked', async () => {
  const ran = await stewardHere(['top', '--once', '--output', '/nonexistent/top.ndjson'], { env })
  expect(ran.code).toBe(2)
  expect(ran.stderr).toContain('--output: /nonexistent/top.ndjson cannot be written (ENOENT)')
  expect(api.asked).toEqual([])
})

test('whoever begins with a Steward that is not there is told so, and keeps the terminal', async () => {
  const gone = await startFakeApi()
  await gone[Symbol.asyncDispose]()
  const ran = await stewardHere(['top'], { env: { ...env, STEWARD_URL: gone.url }, columns: 80 })
  expect(ran.code).toBe(5)
  expect(ran.stdout).toBe('')
  expect(ran.stderr).toContain('Steward does not answer')
})

/** A `top` on a terminal, beside the test. */
function onTerminal(words: readonly string[] = [], { columns = 80, rows = 24 } = {}) {
  const { context, stdin, stdout, stderr, send } = fakeProcess({ env, columns })
  stdout.resize(columns, rows)
  let bytes = ''
  stdout.setEncoding('utf8').on('data', (chunk: string) => {
    bytes += chunk
  })
  stderr.resume()
  const ended = runCli(['top', '--interval', '3600', ...words], context)
  const seen = () => seenAfter(bytes)
  return { stdin, stdout, send, ended, seen, sees: (text: string) => until(() => seen().lines.join('\n').includes(text)) }
}

describe('on a terminal', () => {
  test.for(['q', '\x03'])('%j ends it, and the terminal is as it was', async (key) => {
    fleet([server('files')])
    const screen = onTerminal()
    await screen.sees('files')
    expect(screen.seen()).toMatchObject({ isAlternate: true, isCursorShown: false })
    expect(screen.stdin.isRaw).toBe(true)
    screen.stdin.write(key)
    expect(await screen.ended).toBe(0)
    expect(screen.seen()).toMatchObject({ isAlternate: false, isCursorShown: true })
    expect(screen.stdin.isRaw).toBe(false)
  })

  test('a signal gives the terminal back at once', async () => {
    fleet([server('files')])
    const screen = onTerminal()
    await screen.sees('files')
    screen.send('SIGTERM')
    expect(screen.seen()).toMatchObject({ isAlternate: false, isCursorShown: true })
    await screen.ended
  })

  test('a key that was revoked ends it with the reason, and the terminal is as it was', async () => {
    fleet([server('files')])
    const screen = onTerminal()
    await screen.sees('files')
    api.on('servers.list', () => ({ status: 401, body: { error: { code: 'UNAUTHENTICATED', message: 'no', details: {} } } }))
    screen.stdin.write(' ')
    expect(await screen.ended).toBe(4)
    expect(screen.seen().isAlternate).toBe(false)
  })

  test('an outage keeps the last picture, marked, until Steward answers again', async () => {
    fleet([server('files')])
    const screen = onTerminal()
    await screen.sees('files')
    api.on('servers.list', () => ({ status: 500, body: { error: { code: 'INTERNAL', message: 'the database is away', details: {} } } }))
    screen.stdin.write(' ')
    await screen.sees('STALE')
    expect(screen.seen().lines.join('\n')).toContain('the database is away')
    expect(screen.seen().lines.join('\n')).toContain('files')
    fleet([server('files'), server('search')])
    await screen.sees('search')
    expect(screen.seen().lines.join('\n')).not.toContain('STALE')
    screen.stdin.write('q')
    await screen.ended
  })

  test.for([
    { columns: 80, rows: 24, has: ['CALLS/MIN', 'MEMORY', 'CPU'], hasNot: ['KEPT BY'] },
    { columns: 120, rows: 24, has: ['WANTED', 'MEMORY', 'CPU', 'LIMIT'], hasNot: [] },
    { columns: 40, rows: 8, has: ['STATE'], hasNot: ['RESTARTS', 'KEPT BY'] },
  ])('$columns x $rows is filled and never overrun', async ({ columns, rows, has, hasNot }) => {
    const name = (index: number) => `a-server-with-a-long-name-${index}`
    fleet(
      Array.from({ length: 40 }, (_, index) =>
        server(name(index), index < 8 ? { state: 'error', failure: { ...failure, says: 'x'.repeat(300) } } : {}),
      ),
    )
    const screen = onTerminal([], { columns, rows })
    await screen.sees('SERVER')
    const { lines } = screen.seen()
    expect(lines.length).toBe(rows)
    expect(lines.filter((line) => line.length > columns)).toEqual([])
    for (const head of has) expect(lines.join('\n')).toContain(head)
    for (const head of hasNot) expect(lines.join('\n')).not.toContain(head)
    screen.stdin.write('q')
    await screen.ended
  })

  test('another size is drawn anew; keys scroll no further than there are servers', async () => {
    fleet(Array.from({ length: 30 }, (_, index) => server(`s-${String(index).padStart(2, '0')}`)))
    const screen = onTerminal([], { rows: 16 })
    await screen.sees('servers 1 to')
    screen.stdin.write('G')
    await screen.sees('to 30 of 30')
    screen.stdin.write('\x1b[A\x1b[A')
    await screen.sees('to 28 of 30')
    screen.stdout.resize(60, 12)
    await until(() => screen.seen().lines.length === 12)
    screen.stdin.write('g')
    await screen.sees('servers 1 to')
    screen.stdin.write('q')
    await screen.ended
  })

  test('no server at all is said, with what to do', async () => {
    fleet([])
    const screen = onTerminal()
    await screen.sees('steward server add --help')
    screen.stdin.write('q')
    await screen.ended
  })
})
