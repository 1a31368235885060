/** How tool servers are used, in the words of their document: one of them, and all together. */
import { z } from 'zod'
import { statusWords } from '../../../domain/server/status-words.ts'
import { showAnalytics, showServerMetrics } from '../../routes/usage.ts'
import { exampleId, exampleTime, listOf, none, timeText } from '../../schemas/common.ts'
import { type analytics, period, type serverMetrics } from '../../schemas/usage.ts'
import { defineAlias } from '../define-alias.ts'
import { byId, serverParam } from '../named-server.ts'

const rate = z.number().min(0).max(1)

const toolMetrics = z.object({
  tool_id: z.string(),
  tool_name: z.string(),
  server_name: z.string().nullable(),
  status: z.string(),
  total_calls: z.int(),
  total_errors: z.int(),
  success_rate: rate,
  avg_response_time_ms: z.number().nullable(),
  last_called: timeText.nullable(),
  calls_last_24h: z.int(),
  errors_last_24h: z.int(),
})

const toolServerMetrics = z.object({
  server_id: z.string(),
  server_name: z.string(),
  status: z.string(),
  total_tools: z.int(),
  enabled_tools: z.int(),
  total_calls: z.int(),
  total_errors: z.int(),
  success_rate: rate,
  avg_response_time_ms: z.number().nullable(),
  last_activity: timeText.nullable(),
  uptime_percentage: z.number().min(0).max(100).nullable(),
})

const toolServerAnalytics = z.object({
  total_servers: z.int(),
  active_servers: z.int(),
  total_tools: z.int(),
  enabled_tools: z.int(),
  total_calls_today: z.int(),
  total_calls_week: z.int(),
  total_calls_month: z.int(),
  total_errors_today: z.int(),
  overall_success_rate: rate,
  avg_response_time_ms: z.number().nullable(),
  p95_response_time_ms: z.number().nullable(),
  server_metrics: listOf(toolServerMetrics),
  top_tools: listOf(toolMetrics),
  failing_tools: listOf(toolMetrics),
  daily_usage: z.record(z.string(), z.int()),
  daily_errors: z.record(z.string(), z.int()),
  generated_at: timeText,
})

type ServerJson = z.input<typeof serverMetrics>
type ToolJson = ServerJson['byTool'][number]

const toolMetricsJson = (tool: ToolJson): z.input<typeof toolMetrics> => ({
  tool_id: `${tool.serverId}~${tool.tool}`,
  tool_name: tool.tool,
  server_name: tool.server,
  // The documents know enabled, disabled, unavailable and error; a tool that waits for a person cannot be called either.
  status: tool.state === 'quarantined' ? 'disabled' : (tool.state ?? 'unavailable'),
  total_calls: tool.calls,
  total_errors: tool.errors,
  success_rate: tool.successRate,
  avg_response_time_ms: tool.averageMs,
  last_called: tool.lastCallAt,
  calls_last_24h: tool.callsLast24h,
  errors_last_24h: tool.errorsLast24h,
})

const serverMetricsJson = (server: ServerJson): z.input<typeof toolServerMetrics> => ({
  server_id: server.serverId,
  server_name: server.name,
  status: statusWords(server).toolServer,
  total_tools: server.tools.total,
  enabled_tools: server.tools.enabled,
  total_calls: server.calls,
  total_errors: server.errors,
  success_rate: server.successRate,
  avg_response_time_ms: server.averageMs,
  last_activity: server.lastCallAt,
  uptime_percentage: server.uptime === null ? null : server.uptime * 100,
})

const perDay = (daily: z.input<typeof analytics>['daily'], figure: 'calls' | 'errors'): Record<string, number> =>
  Object.fromEntries(daily.map((day) => [day.day, day[figure]]))

const exampleToolMetrics: z.input<typeof toolMetrics> = {
  ...{
    tool_id: `${exampleId}~read_file`,
    tool_name: 'read_file',
    server_name: 'files',
    status: 'enabled',
    total_calls: 120,
    total_errors: 3,
  },
  ...{ success_rate: 0.975, avg_response_time_ms: 14.2, last_called: exampleTime, calls_last_24h: 40, errors_last_24h: 1 },
}
const exampleServerMetrics: z.input<typeof toolServerMetrics> = {
  ...{
    server_id: exampleId,
    server_name: 'files',
    status: 'enabled',
    total_tools: 11,
    enabled_tools: 11,
    total_calls: 120,
    total_errors: 3,
  },
  ...{ success_rate: 0.975, avg_response_time_ms: 14.2, last_activity: exampleTime, uptime_percentage: 99.5 },
}
const query = z.strictObject({ period: period.default('7d') })

const toolServersAnalytics = defineAlias(showAnalytics, {
  path: '/api/v1/analytics/toolservers',
  operation: 'documents.toolservers.analytics',
  tag: 'aliases',
  summary: 'Show how tool servers are used, in the words of the documents',
  params: none,
  query,
  body: none,
  answer: {
    status: 200,
    schema: toolServerAnalytics,
    example: {
      ...{ total_servers: 3, active_servers: 2, total_tools: 14, enabled_tools: 13, total_calls_today: 40, total_calls_week: 800 },
      ...{
        total_calls_month: 2_900,
        total_errors_today: 1,
        overall_success_rate: 0.975,
        avg_response_time_ms: 14.2,
        p95_response_time_ms: 40.6,
      },
      ...{ server_metrics: [exampleServerMetrics], top_tools: [exampleToolMetrics], failing_tools: [] },
      ...{ daily_usage: { '2026-11-21': 40 }, daily_errors: { '2026-11-21': 1 }, generated_at: exampleTime },
    },
  },
  request: async (request) => request,
  reply: (json) => ({
    total_servers: json.servers.total,
    active_servers: json.servers.active,
    total_tools: json.tools.total,
    enabled_tools: json.tools.enabled,
    total_calls_today: json.today.calls,
    total_calls_week: json.week.calls,
    total_calls_month: json.month.calls,
    total_errors_today: json.today.errors,
    overall_success_rate: json.successRate,
    avg_response_time_ms: json.averageMs,
    p95_response_time_ms: json.p95Ms,
    server_metrics: json.byServer.map(serverMetricsJson),
    top_tools: json.topTools.map(toolMetricsJson),
    failing_tools: json.failingTools.map(toolMetricsJson),
    daily_usage: perDay(json.daily, 'calls'),
    daily_errors: perDay(json.daily, 'errors'),
    generated_at: json.until,
  }),
})

const toolServerMetricsAlias = defineAlias(showServerMetrics, {
  path: '/api/v1/toolservers/servers/{id}/metrics',
  operation: 'documents.toolservers.metrics',
  tag: 'aliases',
  summary: 'Show how a tool server is used, in the words of the documents',
  params: serverParam,
  query,
  body: none,
  answer: { status: 200, schema: toolServerMetrics, example: exampleServerMetrics },
  request: byId,
  reply: serverMetricsJson,
})

export const usageAliases = [toolServersAnalytics, toolServerMetricsAlias]
