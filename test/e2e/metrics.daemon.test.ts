/**
 * `/metrics` as a scraper sees it: over HTTP, of a service that has healed, undone, asked and been shouted at; and what an operator may rely on -
 * Prometheus' own linter, no family that nobody fills, no series for a target.
 */
import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { until } from '../support/until.ts'
import { type AnalystWorld, answer, killWorker, openAnalystWorld } from './support/analyst.ts'
import { event, ok, outcome, page } from './support/api.ts'
import { expectFixed, expectRolledBack } from './support/expectations.ts'
import { refuseConfig, spoilConfig, watchNginx, wrappedNginx } from './support/nginx-target.ts'
import { ADMIN_KEY } from './support/world.ts'

let world: AnalystWorld
beforeAll(async () => {
  world = await openAnalystWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const scrape = (headers: Readonly<Record<string, string>> = { authorization: `Bearer ${ADMIN_KEY}` }): Promise<Response> =>
  fetch(new URL('/metrics', world.url), { headers: { connection: 'close', ...headers } })
const text = async (): Promise<string> => (await scrape()).text()

/** Samples by name and labels. */
async function samples(): Promise<ReadonlyMap<string, number>> {
  const lines = (await text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}
const sum = (all: ReadonlyMap<string, number>, beginning: string): number =>
  [...all].filter(([name]) => name.startsWith(beginning)).reduce((total, [, value]) => total + value, 0)

/** Two writers at the same moment on one stream: nothing here makes that happen for sure. */
const MAY_BE_EMPTY = ['steward_command_conflicts_total']
/** No MCP server is managed in this story, and nobody listens on /ws. */
const OF_SERVERS = /^(?:steward_server_|steward_tool_call|mcp_)/

const FAULT = 'nginx.broken-configuration'
const forged = '2026/11/20 23:15:30 [emerg] 31606#31606: unknown directive "x" in /etc/nginx/nginx.conf:1\n'

describe('a service that has worked', () => {
  test('fills every family, and promtool has nothing to say', async () => {
    const before = await samples()
    expect(before.get('steward_targets{service="nginx"}')).toBe(0)

    const first = await watchNginx(world, 'metrics-fix')
    expect((await samples()).get('steward_targets{service="nginx"}')).toBe(1)
    expect((await samples()).get('steward_targets_unseen{service="nginx"}')).toBe(0)
    spoilConfig(first.nginx)
    first.nginx.reload()
    const { id } = await world.opened(first.target.id, FAULT)
    const planned = await world.reaches(id, 'awaiting-approval')
    const waiting = await samples()
    expect(waiting.get('steward_incidents_open{service="nginx",state="awaiting-approval"}')).toBe(1)
    expect(waiting.get('steward_approvals_pending')).toBe(1)
    expect(waiting.get('steward_timers_pending')).toBeGreaterThanOrEqual(1)
    await world.approve(planned)
    await expectFixed(world, id)
    await until(async () => (await samples()).get('steward_approvals_pending') === 0)
    await until(async () => sum(await samples(), 'steward_incidents_open') === 0)

    const second = await watchNginx(world, 'metrics-sabotage', { connection: (daemon) => ({ binary: wrappedNginx(daemon) }) })
    spoilConfig(second.nginx)
    refuseConfig(second.nginx, '! grep -q foo_bar')
    second.nginx.reload()
    const sabotaged = await world.opened(second.target.id, FAULT)
    await world.approve(await world.reaches(sabotaged.id, 'awaiting-approval'))
    await expectRolledBack(world, second.target, sabotaged.id)

    world.answers(answer())
    const third = await watchNginx(world, 'metrics-unknown')
    await killWorker(third.nginx)
    const unknown = await world.openedUnknown(third.target.id)
    await world.comesTo(unknown.id, 'escalated')

    const listening = new AbortController()
    const stream = await fetch(new URL('/api/v1/events/stream', world.url), {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
      signal: listening.signal,
    })
    expect(stream.status).toBe(200)
    await ok(world.admin.post('/api/v1/projections/hosts/rebuild'), outcome)
    await until(async () => sum(await samples(), 'steward_projection_rebuilds_total{projection="hosts",outcome="succeeded"}') === 1)

    const page = await text()
    listening.abort()
    const families = [...page.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name)
    const filled = (name: string): boolean => new RegExp(`^${name}(_count)?[ {]`, 'm').test(page)
    expect(families.length).toBeGreaterThan(50)
    expect(families.filter((name) => !filled(name) && !MAY_BE_EMPTY.includes(name) && !OF_SERVERS.test(name))).toStrictEqual([])
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' })
    expect({ status, says: `${stdout}${stderr}` }).toStrictEqual({ status: 0, says: '' })

    const after = await samples()
    const grown = (beginning: string): number => sum(after, beginning) - sum(before, beginning)
    for (const name of [
      'steward_polls_total{probe="health",outcome="up"}',
      'steward_log_lines_total{service="nginx"}',
      'steward_log_bytes_total{service="nginx"}',
      `steward_log_matches_total{service="nginx",fault="${FAULT}"}`,
      'steward_log_matches_total{service="nginx",fault="unknown"}',
      'steward_ssh_execs_total{outcome="answered"}',
      'steward_append_seconds_count{outcome="stored"}',
      'steward_appended_events_total',
      'steward_actions_total{action="nginx.restore-config",outcome="fixed"}',
      'steward_rollbacks_total{action="nginx.restore-config",outcome="proven"}',
      'steward_approvals_total{outcome="granted"}',
      'steward_analyst_calls_total',
      'steward_analyst_tokens_total',
    ]) {
      expect(grown(name), name).toBeGreaterThan(0)
    }
    expect(sum(after, 'steward_ssh_connects_total{outcome="connected"}')).toBeGreaterThan(0)
    expect(sum(after, 'steward_ssh_connections')).toBe(1)
    expect(sum(after, 'steward_figures_readable')).toBe(4)
    expect(sum(after, 'steward_metric_samples_dropped_total')).toBe(0)
    // No series for a target, an incident or a path: nothing to lose when one is retired.
    for (const word of [first.target.id, id, 'metrics-fix', first.nginx.logPath, world.hostId]) expect(page).not.toContain(word)
  })

  test('says that healing is stopped, and that it goes on', async () => {
    await ok(world.admin.post('/api/v1/healing/stop', { reason: 'to see it' }), outcome)
    await until(async () => (await samples()).get('steward_healing_stopped{by="switch"}') === 1)
    expect((await samples()).get('steward_healing_stopped{by="file"}')).toBe(0)
    await ok(world.admin.post('/api/v1/healing/resume'), outcome)
    await until(async () => (await samples()).get('steward_healing_stopped{by="switch"}') === 0)
  })
})

describe('who may read it', () => {
  test('is whoever has a key that may see how things are; the type is that of Prometheus', async () => {
    expect((await scrape({})).status).toBe(401)
    expect((await scrape({ authorization: 'Bearer sk_of-nobody-at-all-0123456789' })).status).toBe(401)
    const made = await ok(
      world.admin.post('/api/v1/keys', { name: 'prometheus', role: 'viewer', owner: 'monitoring' }),
      outcome.extend({ key: z.string() }),
    )
    await ok(world.admin.get(`/api/v1/keys/${made.id}?min_position=${made.position}`), z.object({ owner: z.string() }))
    // As Prometheus asks: the newest format first, and what it gets is named.
    const accept = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1'
    const answered = await scrape({ authorization: `Bearer ${made.key}`, accept })
    expect(answered.status).toBe(200)
    expect(answered.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(answered.headers.get('cache-control')).toBe('no-store')
    expect(await answered.text()).toMatch(/\n$/)
  })
})

describe('a log that shouts', () => {
  const occurrences = async (targetId: string, after: string) => {
    const of = (type: string) => ok(world.admin.get(`/api/v1/events?types=${type}&after=${after}&limit=200`), page(event))
    const detected = (await of('AnomalyDetected')).items.filter(({ data }) => data['targetId'] === targetId)
    const ids = new Set(detected.map(({ data }) => data['anomalyId']))
    const repeated = (await of('AnomalyRepeated')).items.filter(({ data }) => ids.has(data['anomalyId']))
    return { detected, repeated, lines: detected.length + repeated.reduce((total, { data }) => total + Number(data['count']), 0) }
  }

  test('a thousand times a second makes a handful of events, and every line is counted when its target is paused', async () => {
    const { nginx, target } = await watchNginx(world, 'metrics-shouting')
    const [newest] = (await ok(world.admin.get('/api/v1/events?limit=1'), page(event))).items
    const before = await samples()
    const seconds = 4
    for (let tenth = 0; tenth < 10 * seconds; tenth++) {
      appendFileSync(nginx.logPath, forged.repeat(100))
      await sleep(100)
    }
    const read = async () => sum(await samples(), 'steward_log_matches_total') - sum(before, 'steward_log_matches_total')
    await until(async () => (await read()) === 1_000 * seconds)
    const { position } = await ok(world.admin.post(`/api/v1/targets/${target.id}/pause`, { reason: 'it shouts' }), outcome)
    await ok(world.admin.get(`/api/v1/targets/${target.id}?min_position=${position}`), z.object({ id: z.string() }))
    await until(async () => (await occurrences(target.id, newest?.position ?? '0')).lines === 1_000 * seconds)
    const { detected, repeated } = await occurrences(target.id, newest?.position ?? '0')
    expect(detected.length + repeated.length).toBeLessThanOrEqual(4)
    await until(async () => sum(await samples(), 'steward_targets_paused') === 1)
  })
})
