/** How managed servers and their tools are used: figures, and the single calls behind them. */
import { z } from 'zod'
import { callOutcomes } from '../../domain/usage/call.ts'
import { ApiError } from '../api-error.ts'
import type { Context } from '../context.ts'
import { defineRoute } from '../define-route.ts'
import { id, idParam, listOptions, listQuery, none, pageJson, pageOf, readOptions, readQuery, time } from '../schemas/common.ts'
import {
  analytics,
  analyticsJson,
  exampleAnalytics,
  exampleServerAnalytics,
  exampleToolCall,
  period,
  serverAnalytics,
  serverAnalyticsJson,
  toolCall,
  toolCallJson,
} from '../schemas/usage.ts'

const usageQuery = readQuery.extend({ period: period.default('24h') })

export const showAnalytics = defineRoute({
  method: 'GET',
  path: '/api/v1/analytics',
  operation: 'analytics.show',
  tag: 'usage',
  summary: 'Show how all managed servers are used',
  permission: 'mcp:view_servers',
  kind: 'query',
  rateClass: 'read',
  params: none,
  query: usageQuery,
  body: none,
  answer: { status: 200, schema: analytics, example: exampleAnalytics },
  refusals: [],
  async handle({ query }, { queries }) {
    const { value, position } = await queries.usage.analytics(query.period, readOptions(query))
    return { json: analyticsJson(value, position), position }
  },
})

export const showServerMetrics = defineRoute({
  method: 'GET',
  path: '/api/v1/servers/{id}/metrics',
  operation: 'servers.metrics',
  tag: 'usage',
  summary: 'Show how a managed server is used, and its uptime',
  permission: 'mcp:view_servers',
  kind: 'query',
  rateClass: 'read',
  params: idParam,
  query: usageQuery,
  body: none,
  answer: { status: 200, schema: serverAnalytics, example: exampleServerAnalytics },
  refusals: ['not-found'],
  async handle({ params, query }, { queries }) {
    const { value, position } = await queries.usage.server(params.id, query.period, readOptions(query))
    if (value === undefined) throw new ApiError('not-found')
    return { json: serverAnalyticsJson(value, position), position }
  },
})

const callsQuery = listQuery.extend({
  outcome: z.enum(callOutcomes).optional(),
  principal: z.string().min(1).max(256).optional(),
  conversation: z.string().min(1).max(256).optional(),
  from: time.optional(),
  until: time.optional(),
})

const calls = {
  method: 'GET',
  tag: 'usage',
  description: 'Newest first; kept for 90 days, unless the operator says otherwise.',
  // Who called what, and perhaps with which arguments, is more than figures.
  permission: 'mcp:view_logs',
  kind: 'query',
  rateClass: 'read',
  body: none,
  answer: { status: 200, schema: pageOf(toolCall), example: { items: [exampleToolCall], next_cursor: null, position: '4711' } },
  refusals: ['not-found', 'invalid-cursor'],
} as const

const callFilter = ({ outcome, principal, conversation, from, until }: z.output<typeof callsQuery>) => ({
  ...{ principal, conversation, from, until },
  outcomes: outcome === undefined ? undefined : [outcome],
})

/** A tool may be unknown and have calls: those that were refused. @throws ApiError `not-found` */
async function checkServer(serverId: string, query: z.output<typeof callsQuery>, queries: Context['queries']): Promise<void> {
  if (!(await queries.servers.show(serverId, readOptions(query))).value) throw new ApiError('not-found')
}

const toolName = z.string().min(1).max(256)

export const listServerCalls = defineRoute({
  ...calls,
  path: '/api/v1/servers/{id}/calls',
  operation: 'servers.calls',
  summary: 'List calls of the tools of a managed server',
  params: idParam,
  query: callsQuery.extend({ tool: toolName.optional() }),
  async handle({ params, query }, { queries }) {
    await checkServer(params.id, query, queries)
    const page = await queries.usage.calls({ ...listOptions(query), ...callFilter(query), serverId: params.id, tool: query.tool })
    return { json: pageJson(page, toolCallJson) }
  },
})

export const listToolCalls = defineRoute({
  ...calls,
  path: '/api/v1/servers/{id}/tools/{tool}/calls',
  operation: 'tools.calls',
  summary: 'List calls of a tool',
  params: z.strictObject({ id, tool: toolName }),
  query: callsQuery,
  async handle({ params, query }, { queries }) {
    await checkServer(params.id, query, queries)
    const page = await queries.usage.calls({ ...listOptions(query), ...callFilter(query), serverId: params.id, tool: params.tool })
    return { json: pageJson(page, toolCallJson) }
  },
})

export const usageRoutes = [showAnalytics, showServerMetrics, listServerCalls, listToolCalls]
