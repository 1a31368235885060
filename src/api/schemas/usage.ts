/** Figures about managed servers as they are shown. Rates and shares are 0 to 1; null where there is nothing to take them of. */
import { z } from 'zod'
import { healthWords, serverStates } from '../../domain/server/lifecycle.ts'
import { toolStates } from '../../domain/server/tool.ts'
import { callOutcomes } from '../../domain/usage/call.ts'
import { periods } from '../../domain/usage/windows.ts'
import type { Analytics, ServerAnalytics, ServerMetrics, ToolFigures, UsageFigures } from '../../projections/queries/usage-answers.ts'
import type { ToolCallRow } from '../../projections/tool-calls.ts'
import { exampleId, exampleTime, listOf, positionText, timeText } from './common.ts'

export const period = z
  .enum(periods)
  .describe('Ends now; begins at the whole minute (1h, 24h) or whole hour (7d, 30d, 90d) at or before its length ago.')

const rate = z.number().min(0).max(1)
const ms = z.number().nullable()
const percentile = ms.describe('By nearest rank, within 1 %.')
const bytes = z.number()

const figures = {
  calls: z.int().describe('Sent to the server.'),
  errors: z.int().describe('Failed, or not answered. A call that the caller cancelled is none.'),
  successRate: rate.describe('1 without calls.'),
  cancelled: z.int(),
  refused: z.int().describe('Never sent; in neither calls nor errors.'),
  bypassed: z.int().describe('Answered with a marked, empty result; never sent.'),
  averageMs: ms,
  p50Ms: percentile,
  p95Ms: percentile,
  p99Ms: percentile,
  longestMs: ms,
  requestBytes: bytes,
  responseBytes: bytes,
}
const counts = z.object({ calls: z.int(), errors: z.int() })
const toolCounts = z.object({ total: z.int().describe('Offered by their servers.'), enabled: z.int() })

const toolFigures = z
  .object({
    serverId: z.string(),
    server: z.string().nullable(),
    tool: z.string().describe('Text from outside. Show it as text only.'),
    state: z.enum(toolStates).nullable(),
    ...figures,
    callsLast24h: z.int(),
    errorsLast24h: z.int(),
    lastCallAt: timeText.nullable(),
  })
  .meta({ id: 'ToolUsage' })

const serverFigures = {
  serverId: z.string(),
  name: z.string(),
  displayName: z.string(),
  situation: z.enum(['registered', 'retired']),
  enabled: z.boolean(),
  state: z.enum(serverStates),
  health: z.enum(healthWords),
  ...figures,
  tools: toolCounts,
  byTool: listOf(toolFigures),
  lastCallAt: timeText.nullable(),
  runs: z.int().describe('Lives that began to serve within the period.'),
  failures: z.int().describe('Lives that ended by a failure within the period.'),
  upMs: z.number(),
  uptime: rate.nullable().describe('Time in which it served, as a part of the period since its registration.'),
  dailyUptime: listOf(z.object({ day: z.string(), uptime: rate.nullable() })),
}

const common = {
  period,
  from: timeText,
  until: timeText,
  today: counts.describe('Calendar in UTC, whatever the period.'),
  week: counts.describe('Since Monday.'),
  month: counts.describe('Since the first.'),
  daily: listOf(counts.extend({ day: z.string(), successRate: rate })).describe('The last 30 days.'),
  recording: z.object({
    flushMs: z
      .int()
      .describe('Calls that ended within this time may be missing; a crash can lose no older ones while the log is reachable.'),
    lostCalls: z.int().describe('Calls of the period that are known to be missing: the log was away for too long.'),
  }),
  position: positionText,
}

export const serverMetrics = z.object(serverFigures).meta({ id: 'ServerUsage' })
export const serverAnalytics = z.object({ ...serverFigures, ...common }).meta({ id: 'ServerMetrics' })
export const analytics = z
  .object({
    ...figures,
    ...common,
    servers: z.object({ total: z.int(), active: z.int().describe('Running.') }),
    tools: toolCounts,
    byServer: listOf(serverMetrics),
    topTools: listOf(toolFigures).describe('The ten with the most calls.'),
    failingTools: listOf(toolFigures).describe('More than five calls of which less than 0.9 succeeded; the worst first.'),
  })
  .meta({ id: 'Analytics' })

export const toolCall = z
  .object({
    id: z.string(),
    serverId: z.string(),
    tool: z.string().describe('Text from outside. Show it as text only.'),
    principal: z.string(),
    sessionId: z.string().nullable(),
    conversation: z.string().nullable(),
    startedAt: timeText,
    durationMs: z.number(),
    outcome: z.enum(callOutcomes),
    rule: z.string().nullable(),
    requestBytes: bytes,
    responseBytes: bytes,
    arguments: z.string().nullable().describe('JSON, redacted and cut; null where the policy keeps none.'),
  })
  .meta({ id: 'ToolCall' })

const figuresJson = ({ calls, errors, successRate, cancelled, refused, bypassed, ...rest }: UsageFigures) => {
  const { averageMs, p50Ms, p95Ms, p99Ms, longestMs, requestBytes, responseBytes } = rest
  const counted = { calls, errors, successRate, cancelled, refused, bypassed }
  return { ...counted, averageMs, p50Ms, p95Ms, p99Ms, longestMs, requestBytes, responseBytes }
}

const toolFiguresJson = (tool: ToolFigures): z.input<typeof toolFigures> => ({
  ...{ serverId: tool.serverId, server: tool.server, tool: tool.tool, state: tool.state },
  ...figuresJson(tool),
  ...{ callsLast24h: tool.callsLast24h, errorsLast24h: tool.errorsLast24h, lastCallAt: tool.lastCallAt },
})

const serverMetricsJson = (server: ServerMetrics): z.input<typeof serverMetrics> => {
  const { serverId, name, displayName, situation, enabled, state, health, tools, byTool, lastCallAt, runs, failures, upMs, uptime } = server
  return {
    ...{ serverId, name, displayName, situation, enabled, state, health },
    ...figuresJson(server),
    ...{ tools, byTool: byTool.map(toolFiguresJson), lastCallAt, runs, failures, upMs, uptime, dailyUptime: server.dailyUptime },
  }
}

const commonJson = (
  { period: asked, from, until, today, week, month, daily, recording }: Analytics | ServerAnalytics,
  position: bigint,
) => ({
  ...{ period: asked, from, until, today, week, month, daily, recording },
  position: String(position),
})

export const serverAnalyticsJson = (value: ServerAnalytics, position: bigint): z.input<typeof serverAnalytics> => ({
  ...serverMetricsJson(value),
  ...commonJson(value, position),
})

export const analyticsJson = (value: Analytics, position: bigint): z.input<typeof analytics> => ({
  ...figuresJson(value),
  ...commonJson(value, position),
  ...{ servers: value.servers, tools: value.tools, byServer: value.byServer.map(serverMetricsJson) },
  topTools: value.topTools.map(toolFiguresJson),
  failingTools: value.failingTools.map(toolFiguresJson),
})

export const toolCallJson = ({ callId, args, ...call }: ToolCallRow): z.input<typeof toolCall> => ({ id: callId, ...call, arguments: args })

const exampleFigures = {
  ...{ calls: 120, errors: 3, successRate: 0.975, cancelled: 1, refused: 2, bypassed: 0 },
  ...{ averageMs: 14.2, p50Ms: 9.1, p95Ms: 40.6, p99Ms: 88.7, longestMs: 120.4, requestBytes: 18_000, responseBytes: 512_000 },
}

const exampleTool: z.input<typeof toolFigures> = {
  ...{ serverId: exampleId, server: 'files', tool: 'read_file', state: 'enabled' },
  ...exampleFigures,
  ...{ callsLast24h: 40, errorsLast24h: 1, lastCallAt: exampleTime },
}

const exampleServer: z.input<typeof serverMetrics> = {
  ...{
    serverId: exampleId,
    name: 'files',
    displayName: 'Files',
    situation: 'registered',
    enabled: true,
    state: 'running',
    health: 'healthy',
  },
  ...exampleFigures,
  ...{ tools: { total: 11, enabled: 11 }, byTool: [exampleTool], lastCallAt: exampleTime, runs: 1, failures: 0 },
  ...{ upMs: 86_000_000, uptime: 0.995, dailyUptime: [{ day: '2026-11-21', uptime: 1 }] },
}

const exampleCommon = {
  ...{ period: '24h' as const, from: '2026-11-20T10:30:00.000Z', until: exampleTime },
  ...{ today: { calls: 40, errors: 1 }, week: { calls: 800, errors: 9 }, month: { calls: 2_900, errors: 31 } },
  daily: [{ day: '2026-11-21', calls: 40, errors: 1, successRate: 0.975 }],
  recording: { flushMs: 1_000, lostCalls: 0 },
  position: '4711',
} as const

export const exampleServerAnalytics: z.input<typeof serverAnalytics> = { ...exampleServer, ...exampleCommon }
export const exampleAnalytics: z.input<typeof analytics> = {
  ...{ ...exampleFigures, ...exampleCommon, servers: { total: 3, active: 2 }, tools: { total: 14, enabled: 13 } },
  ...{ byServer: [exampleServer], topTools: [exampleTool], failingTools: [] },
}
export const exampleToolCall: z.input<typeof toolCall> = {
  ...{ id: exampleId, serverId: exampleId, tool: 'read_file', principal: 'mira/key-1', sessionId: null, conversation: null },
  ...{ startedAt: exampleTime, durationMs: 12.345, outcome: 'ok', rule: null, requestBytes: 120, responseBytes: 4_096, arguments: null },
}
