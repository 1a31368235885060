/**
 * What the calls amount to. Exact definitions: `calls` were sent to the server; `errors` are those that it failed or did not answer; `refused` and
 * `bypassed` were never sent and count in neither; averages and percentiles are over `calls`; a period is a window of windows.ts; today, this week and
 * this month are of the calendar in UTC, whatever the period. All of one answer is read in one statement.
 */
import type { Instant } from '../../domain/instant.ts'
import { successRate } from '../../domain/usage/call.ts'
import { USAGE_FLUSH_MS } from '../../domain/usage/events.ts'
import { emptySketch, type LatencySketch, mergeSketches, quantilesOf } from '../../domain/usage/latency-sketch.ts'
import { calendarOf, DAY_MS, lastDays, type Period, type UsageWindow, windowOf } from '../../domain/usage/windows.ts'
import type { Row } from '../projection.ts'
import { serverRuns } from '../server-runs.ts'
import { serverTools } from '../server-tools.ts'
import { servers } from '../servers.ts'
import { type ToolCallRow, toolCalls } from '../tool-calls.ts'
import { toolUsage } from '../tool-usage.ts'
import { usageLosses } from '../usage-losses.ts'
import { createCollection } from './collection.ts'
import type { QueryContext } from './context.ts'
import type { ToolCallFilter, UsageQueries } from './index.ts'
import { answerPosition, between, equal, oneOf, positionOf, run } from './statement.ts'
import type { Analytics, ServerMetrics, ToolFigures, UsageFigures } from './usage-answers.ts'
import { type RawServer, type RawTool, type RawUsage, rawUsage } from './usage-statement.ts'

const models = [servers, serverTools, serverRuns, toolUsage, usageLosses]
const DAYS_SHOWN = 30
const TOP_TOOLS = 10
const FAILING_BELOW = 0.9
const FAILING_FROM_CALLS = 6

export function usageQueries(context: QueryContext): UsageQueries {
  const { database, clock, ready } = context

  async function read(period: Period, serverId: string | undefined): Promise<{ raw: RawUsage; moment: Moment; position: bigint }> {
    const now = clock.now()
    const moment: Moment = { now, period, window: windowOf(period, now), days: lastDays(now, DAYS_SHOWN) }
    const asked = { now, serverId, window: moment.window, day: windowOf('24h', now), calendar: calendarOf(now), days: moment.days }
    const { rows } = await run<Row & Readonly<{ usage: RawUsage }>>(database, models, rawUsage(positionOf(models), asked))
    const [row] = rows
    if (!row) throw new RangeError('a statement without a from clause answers with one row')
    return { raw: row.usage, moment, position: answerPosition(row) }
  }

  return {
    async analytics(period, options = {}) {
      await ready(models, options)
      const { raw, moment, position } = await read(period, undefined)
      return { value: analyticsOf(raw, moment), position }
    },
    async server(serverId, period, options = {}) {
      await ready(models, options)
      const { raw, moment, position } = await read(period, serverId)
      const [server] = raw.servers
      return { value: server && { ...serverMetricsOf(server, raw, moment), ...commonOf(raw, moment) }, position }
    },
    calls: createCollection<ToolCallRow, ToolCallFilter, ToolCallRow>(context, {
      model: toolCalls,
      filters: ({ serverId, tool, principal, conversation, outcomes, from, until }) => [
        equal('serverId', serverId),
        equal('tool', tool),
        equal('principal', principal),
        equal('conversation', conversation),
        oneOf('outcome', outcomes),
        ...between('startedAt', from, until),
      ],
      orderBy: 'startedAt',
      direction: 'desc',
      item: (row) => row,
    }).list,
  }
}

type Moment = Readonly<{ now: Instant; period: Period; window: UsageWindow; days: readonly Instant[] }>

/** What analytics of all and metrics of one server have in common. */
function commonOf(raw: RawUsage, { now, period, window, days }: Moment) {
  const byDay = new Map(raw.daily.map((day) => [day.day, day]))
  return {
    period,
    from: window.from,
    until: now,
    ...{ today: raw.today, week: raw.week, month: raw.month },
    daily: days.map((beginsAt) => {
      const day = beginsAt.slice(0, 10)
      const { calls = 0, errors = 0 } = byDay.get(day) ?? {}
      return { day, calls, errors, successRate: successRate({ calls, errors }) }
    }),
    recording: { flushMs: USAGE_FLUSH_MS, lostCalls: raw.lost },
  }
}

function analyticsOf(raw: RawUsage, moment: Moment): Analytics {
  const tools = raw.tools.map(toolFiguresOf)
  const called = tools.filter(({ calls }) => calls > 0)
  const registered = raw.servers.filter(({ situation }) => situation === 'registered')
  return {
    ...commonOf(raw, moment),
    ...figuresOf(raw.tools),
    servers: { total: registered.length, active: registered.filter(({ state }) => state === 'running').length },
    tools: {
      total: registered.reduce((sum, { tools: all }) => sum + all, 0),
      enabled: registered.reduce((sum, { enabledTools }) => sum + enabledTools, 0),
    },
    byServer: raw.servers.map((server) => serverMetricsOf(server, raw, moment)),
    topTools: called.toSorted((a, b) => b.calls - a.calls || byName(a, b)).slice(0, TOP_TOOLS),
    failingTools: called
      .filter(({ calls, successRate: rate }) => calls >= FAILING_FROM_CALLS && rate < FAILING_BELOW)
      .toSorted((a, b) => a.successRate - b.successRate || b.calls - a.calls || byName(a, b)),
  }
}

function serverMetricsOf(server: RawServer, raw: RawUsage, { window, now }: Moment): ServerMetrics {
  const { serverId, name, displayName, situation, enabled, state, health, lastCallAt } = server
  const own = raw.tools.filter((tool) => tool.serverId === serverId)
  const aliveFrom = server.registeredAt > window.from ? server.registeredAt : window.from
  const aliveUntil = server.retiredAt !== null && server.retiredAt < now ? server.retiredAt : now
  return {
    ...{ serverId, name, displayName, situation, enabled, state, health, lastCallAt },
    ...figuresOf(own),
    tools: { total: server.tools, enabled: server.enabledTools },
    byTool: own.map(toolFiguresOf).toSorted((a, b) => b.calls - a.calls || byName(a, b)),
    runs: server.runs,
    failures: server.failures,
    upMs: server.upMs,
    uptime: share(server.upMs, Date.parse(aliveUntil) - Date.parse(aliveFrom)),
    dailyUptime: server.dailyUp.map(({ day, upMs }) => {
      const beginsMs = Math.max(Date.parse(day), Date.parse(server.registeredAt))
      const endsMs = Math.min(Date.parse(day) + DAY_MS, Date.parse(aliveUntil))
      return { day, uptime: share(upMs, endsMs - beginsMs) }
    }),
  }
}

/** Null: there was no time in which it could have been up. */
const share = (upMs: number, ofMs: number): number | null => (ofMs > 0 ? Math.min(1, Math.max(0, upMs / ofMs)) : null)

const toolFiguresOf = (raw: RawTool): ToolFigures => ({
  ...figuresOf([raw]),
  serverId: raw.serverId,
  server: raw.server,
  tool: raw.tool,
  state: raw.state,
  lastCallAt: raw.lastCallAt,
  callsLast24h: raw.callsLast24h,
  errorsLast24h: raw.errorsLast24h,
})

const byName = (a: ToolFigures, b: ToolFigures): number =>
  compare(a.server ?? '', b.server ?? '') || compare(a.tool, b.tool) || compare(a.serverId, b.serverId)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function figuresOf(tools: readonly RawTool[]): UsageFigures {
  const sum = (figure: (tool: RawTool) => number): number => tools.reduce((total, tool) => total + figure(tool), 0)
  const [calls, errors] = [sum((tool) => tool.calls), sum((tool) => tool.errors)]
  const latency: LatencySketch =
    tools.length === 1 ? (tools[0]?.latency ?? emptySketch) : mergeSketches(...tools.map((tool) => tool.latency))
  const [p50Ms = null, p95Ms = null, p99Ms = null] = quantilesOf(latency, [0.5, 0.95, 0.99])
  return {
    ...{ calls, errors, successRate: successRate({ calls, errors }) },
    cancelled: sum((tool) => tool.cancelled),
    refused: sum((tool) => tool.refused),
    bypassed: sum((tool) => tool.bypassed),
    averageMs: calls === 0 ? null : sum((tool) => tool.durationUs) / calls / 1_000,
    ...{ p50Ms, p95Ms, p99Ms },
    longestMs: calls === 0 ? null : tools.reduce((longest, tool) => Math.max(longest, tool.longestUs), 0) / 1_000,
    requestBytes: sum((tool) => tool.requestBytes),
    responseBytes: sum((tool) => tool.responseBytes),
  }
}
