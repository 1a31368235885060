/** Every figure about usage against one that is counted from the single calls, over random data, before and after what has expired is dropped. */
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import type { DomainEvent } from '../../src/domain/events.ts'
import { type Instant, instant, later } from '../../src/domain/instant.ts'
import { type CallOutcome, callOutcomes, type RecordedCall } from '../../src/domain/usage/call.ts'
import { toolCallsStream } from '../../src/domain/usage/events.ts'
import { usualRetention } from '../../src/domain/usage/retention.ts'
import { calendarOf, type Period, periods, windowOf } from '../../src/domain/usage/windows.ts'
import { allProjections } from '../../src/projections/all.ts'
import { clearExpired } from '../../src/projections/expiry.ts'
import { createQueries } from '../../src/projections/queries/create-queries.ts'
import type { Queries, UsageQueries } from '../../src/projections/queries/index.ts'
import type { ReadModels } from '../../src/projections/read-models.ts'
import { toolUsage } from '../../src/projections/tool-usage.ts'
import { verify } from '../../src/projections/verify.ts'
import { withPostgres } from '../adapters/database/support.ts'
import { codec, sample } from './support/events.ts'
import { caughtUp, ReadSide } from './support/read-side.ts'

const postgres = withPostgres()
const DAY_MS = 86_400_000

type Called = RecordedCall & Readonly<{ serverId: string }>

const serverIds = ['server-a', 'server-b', 'server-c'] as const
const toolNames = ['read', 'write', '\u0000 odd~tool', 'search'] as const

/** As likely in the last hour as in the last ninety days, so that every window has something at its edges. */
const agoMs = fc.oneof(
  fc.integer({ min: 0, max: 3_700_000 }),
  fc.integer({ min: 0, max: 25 * 3_600_000 }),
  fc.integer({ min: 0, max: 8 * DAY_MS }),
  fc.integer({ min: 0, max: 89 * DAY_MS }),
)

const anyCalls = (now: Instant) =>
  fc.array(
    fc.record({
      serverId: fc.constantFrom(...serverIds),
      tool: fc.constantFrom(...toolNames),
      outcome: fc.oneof({ weight: 6, arbitrary: fc.constant<CallOutcome>('ok') }, fc.constantFrom(...callOutcomes)),
      durationMs: fc.double({ min: 0, max: Math.log(60_000), noNaN: true }).map((log) => Math.round(Math.exp(log) * 1_000) / 1_000),
      startedAt: agoMs.map((ms) => later(now, -ms)),
      requestBytes: fc.nat(10_000),
      responseBytes: fc.nat(1_000_000),
    }),
    { minLength: 500, maxLength: 900 },
  )

async function take(side: ReadSide, calls: readonly Called[], readModels: ReadModels): Promise<void> {
  let position = 0n
  const byStream = Map.groupBy(calls, ({ serverId, startedAt }) => toolCallsStream(serverId, startedAt.slice(0, 10)))
  for (const [stream, own] of byStream) {
    const [first] = own
    if (!first) continue
    const half = Math.ceil(own.length / 2)
    const events = [own.slice(0, half), own.slice(half)].map((batch) => ({
      type: 'ToolCallsRecorded' as const,
      data: { serverId: first.serverId, day: first.startedAt.slice(0, 10), calls: batch.map(({ serverId: _, ...call }) => call) },
    }))
    position = await side.append(stream, events)
  }
  await caughtUp(readModels, position)
}

function queriesAt(side: ReadSide, now: Instant): Queries {
  const clock = { now: () => now, sleep: () => Promise.resolve() }
  return createQueries({ database: side.database.kysely, eventStore: side.store, clock, ready: async () => undefined })
}
const usageAt = (side: ReadSide, now: Instant): UsageQueries => queriesAt(side, now).usage

const wasSent = ({ outcome }: Called) => outcome !== 'refused' && outcome !== 'bypassed'
const hasFailed = ({ outcome }: Called) => ['tool-error', 'error', 'timed-out', 'lost'].includes(outcome)

/** The definitions once more, word for word, over single calls. */
function reference(calls: readonly Called[]) {
  const sent = calls.filter(wasSent)
  const durations = sent.map(({ durationMs }) => durationMs).sort((a, b) => a - b)
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  const rank = (fraction: number) => durations[Math.max(1, Math.ceil(fraction * durations.length)) - 1] ?? null
  return {
    calls: sent.length,
    errors: sent.filter(hasFailed).length,
    successRate: sent.length === 0 ? 1 : sent.filter((call) => !hasFailed(call)).length / sent.length,
    cancelled: calls.filter(({ outcome }) => outcome === 'cancelled').length,
    refused: calls.filter(({ outcome }) => outcome === 'refused').length,
    bypassed: calls.filter(({ outcome }) => outcome === 'bypassed').length,
    averageMs: sent.length === 0 ? null : sum(durations) / sent.length,
    ...{ p50Ms: rank(0.5), p95Ms: rank(0.95), p99Ms: rank(0.99), longestMs: rank(1) },
    requestBytes: sum(sent.map(({ requestBytes }) => requestBytes)),
    responseBytes: sum(sent.map(({ responseBytes }) => responseBytes)),
  }
}

type Figures = ReturnType<typeof reference>

function expectFigures(found: Figures, calls: readonly Called[]): void {
  const wanted = reference(calls)
  const { p50Ms, p95Ms, p99Ms, averageMs, ...exact } = wanted
  expect(found).toMatchObject(exact)
  expectNear(found.averageMs, averageMs, 1e-9)
  expectNear(found.p50Ms, p50Ms, 0.01)
  expectNear(found.p95Ms, p95Ms, 0.01)
  expectNear(found.p99Ms, p99Ms, 0.01)
}

function expectNear(found: number | null, wanted: number | null, relative: number): void {
  if (wanted === null) expect(found).toBeNull()
  else expect(Math.abs((found ?? Number.NaN) - wanted)).toBeLessThanOrEqual(wanted * relative * (1 + 1e-9))
}

const counts = (calls: readonly Called[]) => ({ calls: calls.filter(wasSent).length, errors: calls.filter(hasFailed).length })
const since = (calls: readonly Called[], from: string) => calls.filter(({ startedAt }) => startedAt >= from)
const stored = (tool: string) => tool.replaceAll('\u0000', '\ufffd')

async function expectAnswers(usage: UsageQueries, calls: readonly Called[], now: Instant, period: Period): Promise<void> {
  const { value } = await usage.analytics(period)
  const inPeriod = since(calls, windowOf(period, now).from)
  expectFigures(value, inPeriod)

  for (const server of value.byServer) {
    const own = inPeriod.filter(({ serverId }) => serverId === server.serverId)
    expectFigures(server, own)
    for (const tool of server.byTool) {
      const ofTool = own.filter((call) => stored(call.tool) === tool.tool)
      expectFigures(tool, ofTool)
      const lastDay = calls.filter((call) => call.serverId === server.serverId && stored(call.tool) === tool.tool)
      const { calls: callsLast24h, errors: errorsLast24h } = counts(since(lastDay, windowOf('24h', now).from))
      expect(tool).toMatchObject({ callsLast24h, errorsLast24h })
    }
    expect(server.byTool.map(({ tool }) => tool).sort()).toEqual([...new Set(own.map(({ tool }) => stored(tool)))].sort())
    const last = calls.filter((call) => wasSent(call) && call.serverId === server.serverId).map(({ startedAt }) => startedAt)
    expect(server.lastCallAt).toBe(last.sort().at(-1) ?? null)
    expect((await usage.server(server.serverId, period)).value).toMatchObject({ ...server })
  }

  const { today, week, month } = calendarOf(now)
  expect(value).toMatchObject({
    today: counts(since(calls, today)),
    week: counts(since(calls, week)),
    month: counts(since(calls, month)),
  })
  expect(value.daily.map(({ successRate: _, ...day }) => day)).toEqual(
    Array.from({ length: 30 }, (_, index) => {
      const day = later(today, (index - 29) * DAY_MS).slice(0, 10)
      return { day, ...counts(calls.filter(({ startedAt }) => startedAt.startsWith(day))) }
    }),
  )

  const tools = Map.groupBy(inPeriod.filter(wasSent), ({ serverId, tool }) => `${serverId}.${stored(tool)}`)
  const ranked = [...tools].map(([name, own]) => ({ name, ...reference(own) }))
  const nameOf = ({ serverId, tool }: { serverId: string; tool: string }) => `${serverId}.${tool}`
  expect(value.topTools.map((tool) => tool.calls)).toEqual(
    ranked
      .map((tool) => tool.calls)
      .sort((a, b) => b - a)
      .slice(0, 10),
  )
  expect(value.failingTools.map(nameOf).sort()).toEqual(
    ranked
      .filter((tool) => tool.calls > 5 && tool.successRate < 0.9)
      .map(({ name }) => name)
      .sort(),
  )
}

test('every figure is the one that the single calls give, in every period, also after old rows are gone', {
  timeout: 120_000,
}, async () => {
  const moments = fc.date({ min: new Date('2025-01-01'), max: new Date('2025-12-31'), noInvalidDate: true })
  const histories = moments.chain((date) => {
    const now = instant(date.toISOString())
    return anyCalls(now).map((calls) => ({
      now,
      calls: calls.map((call, index) => ({ ...call, callId: `call-${index}`, principal: 'mira' })),
    }))
  })
  // Not `fc.assert`: every try needs a database of its own, and a history has no smaller one that says more.
  const { signal } = new AbortController()
  const seed = Number(process.env['USAGE_SEED'] ?? crypto.getRandomValues(new Int32Array(1))[0])
  for (const { now, calls } of fc.sample(histories, { numRuns: 3, seed })) {
    const side = await ReadSide.open(postgres)
    const readModels = await side.started()
    for (const serverId of serverIds) {
      await side.append(`server-${serverId}`, [sample('ServerRegistered', { serverId, name: serverId, at: later(now, -200 * DAY_MS) })])
    }
    await take(side, calls, readModels)
    const usage = usageAt(side, now)
    const check = async (when: string) => {
      for (const period of periods) {
        await expectAnswers(usage, calls, now, period).catch((cause: unknown) => {
          throw new Error(`USAGE_SEED=${seed}: ${period} at ${now}, ${when}: ${cause instanceof Error ? cause.message : cause}`, { cause })
        })
      }
    }
    await check('all rows there')
    const before = (await side.rows('tool_usage')).length
    for (const model of allProjections) await clearExpired(side.database.kysely, model, { now, retention: usualRetention }, signal)
    expect((await side.rows('tool_usage')).length).toBeLessThan(before)
    await check('expired rows gone')
    const then = { now: () => now, sleep: side.clock.sleep }
    const verified = await verify({
      ...{
        database: side.database.kysely,
        eventStore: side.store,
        codec,
        clock: then,
        model: toolUsage,
        retention: usualRetention,
        signal,
      },
    })
    expect(verified).toMatchObject({ equal: true })
    await readModels.stop()
  }
})

async function stage(now: Instant) {
  const side = await ReadSide.open(postgres)
  const readModels = await side.started()
  onTestFinished(() => readModels.stop())
  return { side, readModels, usage: usageAt(side, now) }
}

const now = instant('2026-11-21T12:00:00.000Z')
const oneCall = (changes: Partial<Called> = {}): Called => ({
  ...{ serverId: 'server-a', callId: crypto.randomUUID(), tool: 'read', principal: 'mira/key-1', startedAt: later(now, -60_000) },
  ...{ durationMs: 10, outcome: 'ok', requestBytes: 1, responseBytes: 2 },
  ...changes,
})

test('a server that nobody called has succeeded always, and took no time', async () => {
  const { side, readModels, usage } = await stage(now)
  await caughtUp(
    readModels,
    await side.append('server-server-a', [sample('ServerRegistered', { serverId: 'server-a', at: later(now, -DAY_MS) })]),
  )
  const { value } = await usage.server('server-a', '24h')
  expect(value).toMatchObject({
    calls: 0,
    errors: 0,
    successRate: 1,
    averageMs: null,
    p95Ms: null,
    lastCallAt: null,
    byTool: [],
    uptime: 0,
  })
  expect((await usage.server('nobody', '24h')).value).toBeUndefined()
  expect((await usage.analytics('24h')).value).toMatchObject({ servers: { total: 1, active: 0 }, topTools: [], failingTools: [] })
})

test('uptime is the time in which it served, as a part of the period since its registration', async () => {
  const { side, readModels, usage } = await stage(now)
  const ago = (hours: number) => later(now, -hours * 3_600_000)
  const of = (runId: string, hours: number) => ({ serverId: 'server-a', runId, at: ago(hours) })
  // Registered 20 h ago; served from 18 to 12 (stopping at 12, gone at 11), failed to start at 10, serves since 3.
  const position = await side.append('server-server-a', [
    sample('ServerRegistered', { serverId: 'server-a', at: ago(20) }),
    sample('ServerStarting', of('one', 18.5)),
    sample('ServerRunning', of('one', 18)),
    sample('ServerStopping', of('one', 12)),
    sample('ServerStopped', of('one', 11)),
    sample('ServerStarting', of('two', 10)),
    sample('ServerFailed', of('two', 9.9)),
    sample('ServerStarting', of('three', 4)),
    sample('ServerRunning', of('three', 3)),
  ])
  await caughtUp(readModels, position)
  const day = (await usage.server('server-a', '24h')).value
  expect(day).toMatchObject({ upMs: 9 * 3_600_000, uptime: 9 / 20, runs: 2, failures: 1 })
  expect((await usage.server('server-a', '90d')).value).toMatchObject({ uptime: 9 / 20 })
  // The last hour begins at a whole minute: here exactly an hour ago.
  expect((await usage.server('server-a', '1h')).value).toMatchObject({ uptime: 1, runs: 0 })
  // Yesterday, from 16:00 on: served 18:00 to 24:00. Today: 9:00 to 12:00.
  expect(day?.dailyUptime).toEqual([
    { day: '2026-11-20', uptime: 6 / 8 },
    { day: '2026-11-21', uptime: 3 / 12 },
  ])
})

/** Lives one after the other, from registration to now: how long nothing, how long starting, how long serving, and how each ended. */
const anyLives = fc.record({
  registeredAgoMs: fc.integer({ min: 60_000, max: 100 * DAY_MS }),
  lives: fc.array(
    fc.record({
      idleMs: fc.integer({ min: 0, max: 3 * DAY_MS }),
      startingMs: fc.integer({ min: 0, max: 60_000 }),
      servingMs: fc.oneof(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 0, max: 20 * DAY_MS })),
      stoppingMs: fc.integer({ min: 0, max: 10_000 }),
      end: fc.constantFrom('stopped', 'failed', 'never-ran'),
    }),
    { maxLength: 12 },
  ),
})

test('uptime of any history is the sum of the times in which each life served, day by day and in every period', async () => {
  const { side, readModels, usage } = await stage(now)
  const nowMs = Date.parse(now)
  const seed = Number(process.env['USAGE_SEED'] ?? crypto.getRandomValues(new Int32Array(1))[0])
  const naive = new Map<string, readonly Readonly<{ fromMs: number; toMs: number }>[]>()
  let position = 0n
  for (const [index, { registeredAgoMs, lives }] of fc.sample(anyLives, { numRuns: 30, seed }).entries()) {
    const serverId = `any-${index}`
    let atMs = nowMs - registeredAgoMs
    const events: DomainEvent[] = [sample('ServerRegistered', { serverId, name: serverId, at: later(now, -registeredAgoMs) })]
    const served: { fromMs: number; toMs: number }[] = []
    // What would lie in the future has not happened.
    const happens = (ms: number, event: (at: Instant) => DomainEvent): boolean => {
      atMs += ms
      if (atMs < nowMs) events.push(event(instant(new Date(atMs).toISOString())))
      return atMs < nowMs
    }
    for (const [life, { idleMs, startingMs, servingMs, stoppingMs, end }] of lives.entries()) {
      const of = { serverId, runId: `${serverId}-${life}` }
      if (!happens(idleMs, (at) => sample('ServerStarting', { ...of, at }))) break
      if (end === 'never-ran') {
        if (!happens(startingMs, (at) => sample('ServerFailed', { ...of, at }))) break
        continue
      }
      if (!happens(startingMs, (at) => sample('ServerRunning', { ...of, at }))) break
      served.push({ fromMs: atMs, toMs: Math.min(nowMs, atMs + servingMs) })
      if (!happens(servingMs, (at) => sample(end === 'failed' ? 'ServerFailed' : 'ServerStopping', { ...of, at }))) break
      if (end === 'stopped' && !happens(stoppingMs, (at) => sample('ServerStopped', { ...of, at }))) break
    }
    naive.set(serverId, served)
    position = await side.append(`server-${serverId}`, events)
  }
  await caughtUp(readModels, position)

  const within = (lives: readonly Readonly<{ fromMs: number; toMs: number }>[], fromMs: number, toMs: number): number =>
    lives.reduce((sum, life) => sum + Math.max(0, Math.min(life.toMs, toMs) - Math.max(life.fromMs, fromMs)), 0)
  for (const period of periods) {
    const fromMs = Date.parse(windowOf(period, now).from)
    for (const server of (await usage.analytics(period)).value.byServer) {
      const lives = naive.get(server.serverId) ?? []
      const what = `USAGE_SEED=${seed}: ${server.serverId}, ${period}`
      expect(server.upMs, what).toBeCloseTo(within(lives, fromMs, nowMs), 3)
      expect(server.runs, what).toBe(lives.filter((life) => life.fromMs >= fromMs).length)
      for (const { day, uptime } of server.dailyUptime) {
        const upMs = within(lives, Date.parse(day), Date.parse(day) + DAY_MS)
        if (uptime === null) expect(upMs, what).toBe(0)
        else if (uptime < 1) expect(upMs === 0, what).toBe(uptime === 0)
      }
    }
  }
})

test('single calls come newest first, page by page, by server, tool, caller and outcome, and go after ninety days', async () => {
  const { side, readModels, usage } = await stage(now)
  const calls = Array.from({ length: 25 }, (_, index) =>
    oneCall({ callId: `call-${String(index).padStart(2, '0')}`, startedAt: later(now, -index) }),
  )
  const odd = oneCall({
    callId: 'odd',
    tool: 'write',
    outcome: 'refused',
    rule: 'tool-disabled',
    principal: 'jon',
    args: { text: '{"a":1}' },
  })
  const old = oneCall({ callId: 'old', startedAt: later(now, -90 * DAY_MS - 1) })
  await take(side, [...calls, odd, old, oneCall({ serverId: 'server-b' })], readModels)

  const first = await usage.calls({ serverId: 'server-a', tool: 'read', limit: 20 })
  const second = await usage.calls({ serverId: 'server-a', tool: 'read', limit: 20, cursor: first.nextCursor })
  expect([...first.items, ...second.items].map(({ callId }) => callId)).toEqual([...calls.map(({ callId }) => callId), 'old'])
  expect((await usage.calls({ outcomes: ['refused', 'lost'] })).items).toMatchObject([
    { callId: 'odd', rule: 'tool-disabled', args: '{"a":1}' },
  ])
  expect((await usage.calls({ principal: 'jon' })).items).toHaveLength(1)

  const model = allProjections.find(({ name }) => name === 'tool-calls')
  expect(model && (await clearExpired(side.database.kysely, model, { now, retention: usualRetention }, new AbortController().signal))).toBe(
    1,
  )
  expect((await usage.calls({ limit: 100 })).items.map(({ callId }) => callId)).not.toContain('old')
})

test('a tool in a list comes with its calls, and one that nobody called with none', async () => {
  const { side, readModels } = await stage(now)
  const tool = (name: string) => ({ hash: 'a'.repeat(64), definition: { name, inputSchema: { type: 'object' } } })
  await side.append('server-server-a', [
    sample('ServerRegistered', { serverId: 'server-a', name: 'files' }),
    {
      type: 'ToolCatalogChanged',
      data: { serverId: 'server-a', added: [tool('read'), tool('write')], removed: [], changed: [], taken: ['read', 'write'], at: now },
    },
  ])
  await take(
    side,
    [
      oneCall({ callId: 'one', durationMs: 10 }),
      oneCall({ callId: 'two', durationMs: 30, outcome: 'timed-out', startedAt: later(now, -40 * DAY_MS) }),
      oneCall({ callId: 'three', outcome: 'refused' }),
      oneCall({ callId: 'four', serverId: 'server-b' }),
    ],
    readModels,
  )
  const { items } = await queriesAt(side, now).serverTools.list({ serverId: 'server-a' })
  expect(items.map(({ tool: name, usage }) => [name, usage])).toEqual([
    ['read', { calls: 2, errors: 1, durationUs: 40_000, lastCallAt: later(now, -60_000) }],
    ['write', { calls: 0, errors: 0, durationUs: 0, lastCallAt: null }],
  ])
})

test('calls that are known to be lost are told with the figures', async () => {
  const { side, readModels, usage } = await stage(now)
  const lost = (day: string, calls: number) => ({
    type: 'ToolCallsRecorded' as const,
    data: { serverId: 'server-a', day, calls: [], lost: calls },
  })
  await side.append('toolcalls-server-a-2026-11-20', [lost('2026-11-20', 3), lost('2026-11-20', 4)])
  await caughtUp(readModels, await side.append('toolcalls-server-a-2026-09-30', [lost('2026-09-30', 5)]))
  expect((await usage.analytics('7d')).value.recording).toEqual({ flushMs: 250, lostCalls: 7 })
  expect((await usage.analytics('90d')).value.recording).toMatchObject({ lostCalls: 12 })
})

test('rows past their time go once, come back with no rebuild, and the retention is what the operator says', async () => {
  const side = await ReadSide.open(postgres)
  const readModels = await side.started({ retention: { usageMs: 2 * DAY_MS } })
  const today = side.clock.now()
  const calls = [0, 1, 4].map((days) => oneCall({ callId: `${days} days old`, startedAt: later(today, -days * DAY_MS) }))
  await take(side, calls, readModels)
  const { signal } = new AbortController()
  const grains = async () => (await side.rows('tool_usage')).map(({ grain }) => grain).sort()
  expect(await readModels.dropExpired(today, signal)).toStrictEqual({
    'server-runs': 0,
    'tool-calls': 1,
    'tool-usage': 3,
    'usage-losses': 0,
  })
  expect(await grains()).toStrictEqual(['day', 'day', 'hour', 'hour', 'minute', 'minute'])
  // Counts per minute serve no period of more than a day.
  expect(await readModels.dropExpired(later(today, 3 * 3_600_000), signal)).toMatchObject({ 'tool-calls': 0, 'tool-usage': 1 })
  expect(await readModels.dropExpired(later(today, 3 * 3_600_000), signal)).toMatchObject({ 'tool-calls': 0, 'tool-usage': 0 })
  await readModels.rebuild('tool-calls')
  expect((await side.rows('tool_calls')).map((row) => row['call_id'])).toStrictEqual(['0 days old', '1 days old'])
  expect(await readModels.verify('tool-calls')).toMatchObject({ equal: true })
  expect(side.errors).toEqual([])
})
