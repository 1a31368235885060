/** Servers in the words of the management module: added, listed, shown. */
import { z } from 'zod'
import { CommandRefused } from '../../../commands/command-refused.ts'
import type { StatusWords } from '../../../domain/server/status-words.ts'
import { ApiError } from '../../api-error.ts'
import type { Context } from '../../context.ts'
import { defineRoute } from '../../define-route.ts'
import { mayOf } from '../../permissions.ts'
import { listServers, registerServer, showServer } from '../../routes/servers.ts'
import { exampleId, exampleTime, line, listOf, none, pageQuery, timeText } from '../../schemas/common.ts'
import { eventJson } from '../../schemas/event.ts'
import { exampleMcpEvent, exampleMcpServer, mcpEvent, mcpEventJson, mcpServer, mcpServerJson } from '../../schemas/management-module.ts'
import { serverJson } from '../../schemas/server.ts'
import { defineAlias } from '../define-alias.ts'
import { asCanonical, commandIdOf, invalid } from '../given.ts'
import { serverIdOf, serverNow, serverParam } from '../named-server.ts'
import { allFigures, figuresOf } from './figures.ts'
import { configChangeOf, mcpConfig, mcpFields } from './server-config.ts'

export const MCP_SERVERS = '/api/mcp/servers'

export const addServer = defineAlias(registerServer, {
  path: MCP_SERVERS,
  operation: 'documents.servers.add',
  tag: 'aliases',
  summary: 'Add a server',
  params: none,
  query: none,
  body: z.strictObject({
    name: z.string(),
    type: z.enum(['stdio', 'http']).optional(),
    transport: z.enum(['stdio', 'http', 'websocket']).optional(),
    config: mcpConfig,
  }),
  answer: {
    status: 201,
    schema: mcpServer.extend({ command_id: z.string().describe('By which it may be undone.') }),
    example: { ...exampleMcpServer, command_id: exampleId },
  },
  fields: mcpFields,
  async request({ body: { name, config, type, transport }, ...rest }) {
    if (transport === 'websocket') {
      throw invalid('transport', 'WebSocket is no standard transport of MCP; use the http address of the same server')
    }
    const change = configChangeOf(config)
    const kind = change.transport === undefined ? undefined : 'url' in change.transport ? 'http' : 'stdio'
    if (kind === undefined) throw invalid('config', 'needs a command, or a host or url')
    const other = [type, transport].find((said) => said !== undefined && said !== kind)
    if (other !== undefined) throw invalid('config', `describes a server by ${kind}, and ${other} was said`)
    // Added is not started, in these documents.
    const body = asCanonical(registerServer.body, { name, autoStart: false, ...change }, mcpFields)
    return { ...rest, query: { preview: false }, body }
  },
  reply: async (json, { caller }, context) => ({
    ...mcpServerJson(await serverNow(json.id, caller, context), { now: context.clock.now() }),
    command_id: commandIdOf(json),
  }),
})

export const listMcpServers = defineRoute({
  ...listServers,
  path: MCP_SERVERS,
  operation: 'documents.servers.list',
  aliasOf: listServers.operation,
  tag: 'aliases',
  summary: 'List servers in the words of the management module',
  description: 'Figures are those of the ninety days that are kept.',
  query: pageQuery.extend({
    status: z.enum(['running', 'stopped', 'error', 'starting', 'stopping']).optional(),
    type: z.enum(['stdio', 'http']).optional(),
    search: line(200).optional(),
  }),
  answer: {
    status: 200,
    schema: z.object({ servers: listOf(mcpServer), total: z.int(), page: z.int(), page_size: z.int() }),
    example: { servers: [exampleMcpServer], total: 1, page: 1, page_size: 20 },
  },
  async handle({ query: { status, type, search, page, page_size }, caller }, context) {
    const { items, total, position } = await context.queries.servers.list({
      ...{ search, transport: type, situation: 'registered', limit: page_size, offset: (page - 1) * page_size, withTotal: true },
      ...(status === undefined ? {} : { words: { management: status satisfies StatusWords['management'] } }),
    })
    const figures = items.length === 0 ? figuresOf() : await allFigures(context)
    const json = serverJson({ hash: context.hash, may: mayOf(caller.principal) })
    const servers = items.map((view) => mcpServerJson(json(view), { figures: figures(view.serverId), now: context.clock.now() }))
    return { json: { servers, total: total ?? items.length, page, page_size }, position }
  },
})

const MOST_DETAILS = 50

export const showMcpServer = defineRoute({
  ...showServer,
  path: `${MCP_SERVERS}/{id}`,
  operation: 'documents.servers.show',
  aliasOf: showServer.operation,
  tag: 'aliases',
  summary: 'Show a server with its events, log and changes',
  description: 'Events and log are empty for who may not see them.',
  params: serverParam,
  query: none,
  answer: {
    status: 200,
    schema: z.object({
      server: mcpServer,
      events: listOf(mcpEvent),
      logs: listOf(z.string()).describe('Text from outside.'),
      config_history: listOf(
        z.object({ changed_by: z.string(), reason: z.string().nullable(), changed_at: timeText, diff: z.array(z.unknown()).readonly() }),
      ),
    }),
    example: {
      server: exampleMcpServer,
      events: [exampleMcpEvent],
      logs: ['ready'],
      config_history: [{ changed_by: 'mira', reason: 'slow', changed_at: exampleTime, diff: [] }],
    },
  },
  async handle({ params, caller }, context) {
    const { queries, serverPast, hash } = context
    const { value: view, position } = await queries.servers.show(await serverIdOf(params.id, context))
    if (!view) throw new ApiError('not-found')
    const { serverId: id, name } = view
    const may = mayOf(caller.principal)
    const events = may('mcp:view_events')
      ? (await queries.events.list({ stream: `server-${id}`, order: 'newest', limit: MOST_DETAILS })).items
      : []
    const history = await serverPast.history(id, { onlyConfig: true, limit: MOST_DETAILS })
    const { value: usage } = await queries.usage.server(id, '90d')
    const figures = figuresOf(usage === undefined ? [] : [usage])
    return {
      json: {
        server: mcpServerJson(serverJson({ hash, may })(view), { figures: figures(id), now: context.clock.now() }),
        events: events.map((each) => mcpEventJson({ id, name })(eventJson(may)(each))),
        logs: may('mcp:view_logs') ? await lastLines(id, context) : [],
        config_history: (history?.items ?? []).map(({ by, reason, at, changes }) => ({
          ...{ changed_by: by, reason, changed_at: at },
          diff: changes,
        })),
      },
      revision: view.revision,
      position,
    }
  },
})

/** Where nobody supervises, the rest can be shown all the same. */
async function lastLines(id: string, { fleet }: Context): Promise<readonly string[]> {
  try {
    return (await fleet.serverLogs(id, { limit: MOST_DETAILS })).lines.map(({ text }) => text)
  } catch (error) {
    if (error instanceof CommandRefused) return []
    throw error
  }
}
