/**
 * What no fault of the catalogue fits goes to the analyst: the real SDK against a double of the Messages API, a real nginx behind a real sshd. What it
 * answers is shown with its grounds; what it proposes is for the probes on the host and for a person. When it does not answer, only it is missing.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Reply } from '../support/messages-api.ts'
import { until } from '../support/until.ts'
import { ANALYST_KEY, type AnalystWorld, answer, killWorker, NOTHING_FITS, openAnalystWorld } from './support/analyst.ts'
import { expectFixed } from './support/expectations.ts'
import { spoilConfig, type WatchedNginx, type WatchOptions, watchNginx } from './support/nginx-target.ts'
import { marksOf, stateOf, statusOf } from './support/witness.ts'
import { ADMIN_KEY } from './support/world.ts'

const auto = 'auto: [{ action: nginx.restore-config, target: "*", maxRisk: high }]'
const POLICY = ['window: 1s', 'actionsPerHostPerHour: 1000', auto, ''].join('\n')
const RESTORE = { actionId: 'nginx.restore-config', why: 'The file does not load.', confidence: 0.99 } as const

let world: AnalystWorld
beforeAll(async () => {
  world = await openAnalystWorld({ policy: POLICY })
})
afterAll(() => world[Symbol.asyncDispose]())
beforeEach(() => world.answers(answer()))

/** A target with an error that nobody knows, and its incident. */
async function unknown(name: string, options: WatchOptions = {}): Promise<WatchedNginx & { id: string }> {
  const both = await watchNginx(world, name, options)
  await killWorker(both.nginx)
  const { id, title, faultId } = await world.openedUnknown(both.target.id)
  expect({ title, faultId }).toEqual({
    title: 'Unknown nginx error: <time> [alert] <int>#<int>: worker process <int> exited on signal <int>',
    faultId: null,
  })
  return { ...both, id }
}

/** Nothing was done on the host, and nothing is about to be. */
async function expectNoAction({ target, id }: WatchedNginx & { id: string }): Promise<void> {
  expect(await world.events(id, 'PlanProposed')).toEqual([])
  expect(await world.events(id, 'ExecutionStarted')).toEqual([])
  expect(marksOf(target.stateDir)).toEqual([])
}

describe('an answer', () => {
  test('is shown with what it rests on, how sure it is and what it proposes; a person takes over', async () => {
    const one = await unknown('answered')
    const told = await world.comesTo(one.id, 'escalated', 'resolved')
    expect(told).toMatchObject({
      escalation: { reason: 'no-remedy', says: NOTHING_FITS.diagnosis },
      diagnosis: {
        by: 'analyst',
        text: NOTHING_FITS.diagnosis,
        confidence: 0.62,
        actionId: null,
        why: NOTHING_FITS.why,
        evidenceIds: ['line-1', 'e1'],
        model: 'claude-sonnet-5-5',
      },
      evidence: [{ evidenceId: 'e1', probe: 'health', verdict: 'holds' }],
      plan: null,
    })
    expect(told.timeline.map(({ text }) => text)).toContain(
      `Diagnosis of the analyst (62 % sure, proposes nothing): ${NOTHING_FITS.diagnosis}`,
    )
    await expectNoAction(one)

    const screen = await steward('incident', 'show', one.id)
    for (const words of [NOTHING_FITS.diagnosis, NOTHING_FITS.why, '62 % sure', 'health', 'claude-sonnet-5-5'])
      expect(screen).toContain(words)
  })

  test('that proposes an action leads to a plan only after the probe on the host confirmed it, and waits for a person whatever the policy says', async () => {
    world.answers(answer(RESTORE))
    const one = await watchNginx(world, 'proposed', { mode: 'act' })
    const good = stateOf(one.nginx.configPath)
    spoilConfig(one.nginx)
    await killWorker(one.nginx)
    const { id } = await world.openedUnknown(one.target.id)
    const planned = await world.reaches(id, 'awaiting-approval', 'escalated', 'resolved')
    expect(planned).toMatchObject({
      finding: 'confirmed',
      plan: { action: { id: 'nginx.restore-config', params: { configPath: one.nginx.configPath, stateDir: one.target.stateDir } } },
      authority: { kind: 'person', because: expect.arrayContaining(['a model chose the action']) },
    })
    expect(marksOf(one.target.stateDir)).toEqual([])
    await world.approve(planned)
    await expectFixed(world, id)
    expect(stateOf(one.nginx.configPath).sha256).toBe(good.sha256)
    expect(await statusOf(one.nginx.url)).toBe(200)
  })

  test('that proposes an action which no probe confirms leads to no step; what was seen stays with a person', async () => {
    world.answers(answer(RESTORE))
    const one = await unknown('unproven', { mode: 'act' })
    const before = stateOf(one.nginx.configPath)
    const told = await world.comesTo(one.id, 'escalated', 'resolved', 'awaiting-approval')
    expect(told).toMatchObject({
      finding: 'not-confirmed',
      escalation: { reason: 'no-remedy', says: expect.stringContaining('The analyst proposed nginx.restore-config, but no probe') },
      diagnosis: { actionId: 'nginx.restore-config' },
      evidence: [
        { evidenceId: 'e1', probe: 'health', verdict: 'holds' },
        { evidenceId: 'e2', probe: 'nginx.restore-config', verdict: 'does-not-hold' },
      ],
    })
    await expectNoAction(one)
    expect(stateOf(one.nginx.configPath)).toEqual(before)
  })

  test.each([
    ['an action of no catalogue', 'nginx.run-script', /^not-in-catalogue: the answer names an action that was not offered$/],
    ['an action of another service', 'redis.raise-maxmemory', /^not-in-catalogue: /],
    ['the decoy', 'nginx.disable-access-checks', /^decoy-chosen: the answer chose nginx\.disable-access-checks/],
  ])('that names %s is refused, and said', async (_, actionId, says) => {
    world.answers(answer({ actionId, confidence: 1 }))
    const one = await unknown(actionId.replaceAll('.', '-'), { mode: 'act' })
    const told = await world.comesTo(one.id, 'escalated', 'resolved', 'awaiting-approval')
    expect(told).toMatchObject({ escalation: { reason: 'analyst-failed', says: expect.stringMatching(says) }, diagnosis: null })
    await expectNoAction(one)
  })
})

describe('no answer', () => {
  const error = (status: number, type: string, headers: Readonly<Record<string, string>> = {}): Reply => ({
    kind: 'error',
    status,
    type,
    headers,
  })
  const limited = (retryAfter: string): Reply => error(429, 'rate_limit_error', { 'retry-after': retryAfter })
  const text = JSON.stringify(NOTHING_FITS)

  test.each<[string, Reply, RegExp]>([
    ['a refusal', { kind: 'answer', text, stopReason: 'refusal' }, /^refused: the model refused to answer$/],
    [
      'an answer that was cut off',
      { kind: 'answer', text: text.slice(0, 40), stopReason: 'max_tokens' },
      /^truncated: the answer was cut off$/,
    ],
    ['no JSON', { kind: 'answer', text: 'Reload nginx.' }, /^malformed: the answer is no JSON$/],
    ['a page of a proxy', { kind: 'raw', status: 200, contentType: 'text/html', body: '<html>' }, /^malformed: /],
    [
      'a wrong request',
      error(400, 'invalid_request_error'),
      /^unavailable: the service answered 400 \(invalid_request_error, request req_1\)/,
    ],
    ['a wrong key', error(401, 'authentication_error'), /^unauthorised: the service answered 401/],
    ['silence', { kind: 'silence' }, /^timeout: no answer within 3000 ms$/],
  ])('%s is told at once, costs one request, and a later look asks again', async (name, reply, says) => {
    world.answers(reply)
    const asked = world.requests.length
    const one = await unknown(name.replaceAll(/\W+/g, '-').toLowerCase())
    const told = await world.comesTo(one.id, 'escalated', 'resolved')
    expect(told).toMatchObject({ escalation: { reason: 'analyst-failed', says: expect.stringMatching(says) }, diagnosis: null, plan: null })
    expect(world.requests.length - asked).toBe(1)
    await expectNoAction(one)

    world.answers(answer())
    await world.reanalyse(one.id)
    await world.incidentIs(one.id, ({ escalation }) => escalation?.reason === 'no-remedy')
    expect(world.requests.length - asked).toBe(2)
  })

  test('429 with a short retry-after is waited for within the question', async () => {
    const asked = world.requests.length
    let answeredAt = 0
    world.answers(() => {
      if (world.requests.length - asked > 1) return answer()
      answeredAt = performance.now()
      return limited('1')
    })
    const one = await unknown('limited-a-little')
    await world.incidentIs(one.id, ({ escalation }) => escalation?.reason === 'no-remedy')
    expect(world.requests.length - asked).toBe(2)
    expect(performance.now() - answeredAt).toBeGreaterThanOrEqual(1_000)
    expect(await world.events(one.id, 'IncidentWaits')).toEqual([])
  })

  test('429 with a longer retry-after makes the incident wait for the analyst; a person need not', async () => {
    const asked = world.requests.length
    world.answers(limited('600'))
    const one = await unknown('limited-for-long')
    const waiting = await world.reaches(one.id, 'waiting', 'escalated')
    expect(waiting).toMatchObject({ state: 'waiting', waitingFor: 'analyst' })
    expect(world.requests.length - asked).toBe(1)
    world.answers(answer())
    await world.reanalyse(one.id)
    await world.incidentIs(one.id, ({ escalation }) => escalation?.reason === 'no-remedy')
  })

  test('429 that asks for more than an hour leaves it to a person at once', async () => {
    world.answers(limited('99999999999999'))
    const one = await unknown('limited-for-ever')
    const told = await world.reaches(one.id, 'escalated', 'waiting')
    expect(told.escalation).toMatchObject({ reason: 'analyst-failed', says: expect.stringMatching(/asks to wait \d{15} s/) })
  })

  test('500 is repeated with growing pauses inside each of three questions, then left to a person', async () => {
    world.answers(error(500, 'api_error'))
    const asked = world.requests.length
    const one = await unknown('down')
    const told = await world.reaches(one.id, 'escalated', 'resolved')
    expect(told.escalation).toMatchObject({
      reason: 'analyst-failed',
      says: expect.stringMatching(/^unavailable: the service answered 500 \(api_error, request req_1\): no \(asked \d times\)$/),
    })
    const waits = (await world.events(one.id, 'IncidentWaits')).map(({ data }) => data['for'])
    expect(waits).toEqual(['analyst', 'analyst'])
    const requests = world.requests.length - asked
    // Three questions of two to four requests: how many fit into three seconds is for chance.
    expect(requests).toBeGreaterThanOrEqual(6)
    expect(requests).toBeLessThanOrEqual(12)
  }, 60_000)

  test('nothing else stops: while the analyst is silent, a fault that is known is healed', async () => {
    world.answers({ kind: 'silence' })
    const asked = world.requests.length
    const silent = await unknown('waits-for-nobody')
    await until(() => world.requests.length > asked)
    const known = await watchNginx(world, 'known-meanwhile')
    spoilConfig(known.nginx)
    known.nginx.reload()
    const { id } = await world.opened(known.target.id, 'nginx.broken-configuration')
    await world.approve(await world.reaches(id, 'awaiting-approval'))
    await expectFixed(world, id)
    expect((await world.reaches(silent.id, 'escalated')).escalation?.says).toMatch(/^timeout: /)
  })
})

test('what was asked counts in the metrics: calls by outcome, time, tokens as billed', async () => {
  const response = await fetch(`${world.url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
  const figures = await response.text()
  for (const outcome of ['answered', 'refused', 'timeout', 'rate-limited', 'not-in-catalogue', 'unavailable'])
    expect(figures).toMatch(new RegExp(`^steward_analyst_calls_total\\{model="claude-sonnet-5-5",outcome="${outcome}"\\} [1-9]`, 'm'))
  expect(figures).toMatch(/^steward_analyst_tokens_total\{model="claude-sonnet-5-5",direction="input"\} [1-9]/m)
  expect(figures).toMatch(/^steward_analyst_seconds_count\{model="claude-sonnet-5-5"\} [1-9]/m)
})

test('the key of the analyst is nowhere but in the header of its requests', async () => {
  expect(world.requests.length).toBeGreaterThan(0)
  for (const { raw, headers } of world.requests) {
    expect(headers['x-api-key']).toBe(ANALYST_KEY)
    expect(raw.split(ANALYST_KEY)).toHaveLength(2)
  }
  expect(world.said()).not.toContain(ANALYST_KEY)
})

describe('without a key', () => {
  let keyless: AnalystWorld
  beforeAll(async () => {
    keyless = await openAnalystWorld({ policy: POLICY, key: undefined })
  })
  afterAll(() => keyless[Symbol.asyncDispose]())

  test('the incident says that no analyst is configured and how to change that; all else works; with a key, a later look asks', async () => {
    keyless.answers(answer())
    const one = await watchNginx(keyless, 'keyless')
    await killWorker(one.nginx)
    const { id } = await keyless.openedUnknown(one.target.id)
    const told = await keyless.comesTo(id, 'escalated', 'resolved')
    expect(told).toMatchObject({
      escalation: { reason: 'no-analyst', says: expect.stringMatching(/no analyst is configured.*ANTHROPIC_API_KEY/) },
      diagnosis: null,
    })
    expect(keyless.requests).toEqual([])

    spoilConfig(one.nginx)
    one.nginx.reload()
    const known = await keyless.opened(one.target.id, 'nginx.broken-configuration')
    await keyless.approve(await keyless.reaches(known.id, 'awaiting-approval'))
    await expectFixed(keyless, known.id)

    await keyless.restart({ ANTHROPIC_API_KEY: ANALYST_KEY })
    await keyless.reanalyse(id)
    await keyless.incidentIs(id, ({ escalation }) => escalation?.reason === 'no-remedy')
    expect(await keyless.comesTo(id, 'escalated')).toMatchObject({ diagnosis: { by: 'analyst', text: NOTHING_FITS.diagnosis } })
    expect(keyless.requests).toHaveLength(1)
  })
})

/** The command as an operator runs it. */
async function steward(...argv: readonly string[]): Promise<string> {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
  const { PATH = '' } = process.env
  const env = { PATH, COLUMNS: '400', STEWARD_URL: world.url, STEWARD_API_KEY: ADMIN_KEY }
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...argv], { env, cwd: world.dir })
  return stdout
}
