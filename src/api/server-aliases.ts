/**
 * The paths of the source documents for servers and their tools. The canonical routes do the work; here stand the documents' words for what goes in
 * and what comes out. A server is named by its id or its name.
 */
import { z } from 'zod'
import { CommandRefused } from '../commands/command-refused.ts'
import { ApiError } from './api-error.ts'
import type { Context } from './context.ts'
import { defineAlias } from './define-alias.ts'
import { type Caller, defineRoute, type Route } from './define-route.ts'
import type { CommandMeta } from './operator-commands.ts'
import { mayDo, type Permission } from './permissions.ts'
import { aCommandOnOne } from './route-shapes.ts'
import { showServerLogs, testServer } from './routes/server-desk.ts'
import { disableServer, enableServer, restartServer, startServer, stopServer } from './routes/server-lifecycle.ts'
import { listServerEvents, showServerHealth } from './routes/server-past.ts'
import { disableTool, enableTool, listServerTools } from './routes/server-tools.ts'
import { changeServerConfig, listServers, registerServer, retireServer, showServer } from './routes/servers.ts'
import { exampleId, exampleTime, flag, line, listOf, none, pageQuery, timeText } from './schemas/common.ts'
import { eventJson } from './schemas/event.ts'
import { serverJson } from './schemas/server.ts'
import {
  commandResult,
  documentTool,
  documentToolJson,
  exampleCommandResult,
  exampleDocumentTool,
  exampleMcpEvent,
  exampleMcpServer,
  exampleToolServer,
  mcpEvent,
  mcpEventJson,
  mcpServer,
  mcpServerJson,
  toolServer,
  toolServerJson,
} from './schemas/server-documents.ts'

const MCP = '/api/mcp/servers'
const TOOLS = '/api/v1/toolservers'
const serverParam = z.strictObject({ id: z.string().min(1).max(128).describe('Id or name of the server.') })
type On = Readonly<{ params: Readonly<{ id: string }> }>

/** The documents do not say which of the two it is. */
async function serverIdOf(nameOrId: string, { queries }: Pick<Context, 'queries'>): Promise<string> {
  const { items } = await queries.servers.list({ name: nameOrId, limit: 1 })
  return items[0]?.serverId ?? nameOrId
}

const byId = async <Request extends On>(request: Request, context: Context) => ({
  ...request,
  params: { id: await serverIdOf(request.params.id, context) },
})

const secondsMs = (seconds: number | undefined): number | undefined => (seconds === undefined ? undefined : Math.round(seconds * 1_000))
const given = <Value extends object>(value: Value): { [Name in keyof Value]: Exclude<Value[Name], undefined> } =>
  JSON.parse(JSON.stringify(value))

// The management module.

const reference = z.union([z.string(), z.strictObject({ secret: z.string() })])
const mcpConfig = z.strictObject({
  host: line(253).optional(),
  port: z.int().min(1).max(65_535).optional(),
  url: z.string().optional(),
  command: z.string().optional(),
  args: z.array(reference).optional(),
  environment: z.record(z.string(), reference).optional(),
  timeout: z.number().positive().optional().describe('Seconds. Default 30.'),
  retry_attempts: z.int().min(0).optional(),
  health_check_interval: z.number().positive().optional().describe('Seconds. Default 60.'),
})

function configChangeOf({ host, port, url, command, args, environment, ...rest }: z.output<typeof mcpConfig>) {
  const address = url ?? (host === undefined ? undefined : `http://${host}${port === undefined ? '' : `:${port}`}/mcp`)
  const stdio = { command, args, env: environment }
  const transport = address === undefined ? stdio : { kind: 'http', url: address }
  return given({
    transport: Object.values(given(transport)).length === 0 ? undefined : transport,
    callTimeoutMs: secondsMs(rest.timeout),
    restartBudget: rest.retry_attempts,
    healthEveryMs: secondsMs(rest.health_check_interval),
  })
}

const mcpRegister = defineAlias(registerServer, {
  path: MCP,
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
    schema: z.object({ id: z.string(), name: z.string(), status: z.literal('stopped'), command_id: z.string() }),
    example: { id: exampleId, name: 'files', status: 'stopped', command_id: exampleId },
  },
  async request({ body: { name, config, transport }, ...rest }) {
    if (transport === 'websocket') throw notATransport()
    // Added is not started, in these documents.
    const body = registerServer.body.safeParse({ name, autoStart: false, ...configChangeOf(config) })
    if (!body.success) throw invalid('config', 'needs a command, or a host or url')
    return { ...rest, query: { preview: false }, body: body.data }
  },
  reply: (json, { body: { name } }) => ({ id: json.id, name, status: 'stopped' as const, command_id: commandIdOf(json) }),
})

const notATransport = () => invalid('transport', 'WebSocket is no standard transport of MCP; use the http address of the same server')
const invalid = (field: string, rule: string) =>
  new ApiError('validation-failed', { details: { issues: [{ field: `body.${field}`, rule }] } })
const commandIdOf = (json: object): string => ('commandId' in json && typeof json.commandId === 'string' ? json.commandId : '')

const mcpList = defineAlias(listServers, {
  path: MCP,
  operation: 'documents.servers.list',
  tag: 'aliases',
  summary: 'List servers in the words of the management module',
  params: none,
  query: pageQuery.extend({
    status: z.enum(['running', 'stopped', 'error', 'starting', 'stopping']).optional(),
    type: z.enum(['stdio', 'http']).optional(),
    search: line(200).optional(),
  }),
  body: none,
  answer: {
    status: 200,
    schema: z.object({ servers: listOf(mcpServer), total: z.int(), page: z.int(), page_size: z.int() }),
    example: { servers: [exampleMcpServer], total: 1, page: 1, page_size: 20 },
  },
  request: async ({ query: { status, type, search, ...page }, ...rest }) => ({
    ...rest,
    query: { ...page, limit: page.page_size, state: status, transport: type, search, situation: 'registered' as const },
  }),
  reply: ({ items, total }, { query: { page, page_size } }) => ({
    servers: items.map(mcpServerJson),
    total: total ?? items.length,
    page,
    page_size,
  }),
})

const MOST_DETAILS = 50

const mcpShow = defineRoute({
  ...showServer,
  path: `${MCP}/{id}`,
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
    const { value: view } = await queries.servers.show(await serverIdOf(params.id, context))
    if (!view) throw new ApiError('not-found')
    const { serverId: id, name } = view
    const events = may(caller, 'mcp:view_events')
      ? (await queries.events.list({ stream: `server-${id}`, order: 'newest', limit: MOST_DETAILS })).items
      : []
    const history = await serverPast.history(id, { onlyConfig: true, limit: MOST_DETAILS })
    return {
      json: {
        server: mcpServerJson(serverJson(hash)(view)),
        events: events.map((each) => mcpEventJson({ id, name })(eventJson(each))),
        logs: may(caller, 'mcp:view_logs') ? await lastLines(id, context) : [],
        config_history: (history?.items ?? []).map(({ by, reason, at, changes }) => ({
          ...{ changed_by: by, reason, changed_at: at },
          diff: changes,
        })),
      },
      revision: view.revision,
    }
  },
})

const may = ({ principal }: Caller, permission: Permission): boolean => principal !== undefined && mayDo(principal.role, permission)

/** Where nobody supervises, the rest can be shown all the same. */
async function lastLines(id: string, { fleet }: Context): Promise<readonly string[]> {
  try {
    return (await fleet.serverLogs(id, { limit: MOST_DETAILS })).lines.map(({ text }) => text)
  } catch (error) {
    if (error instanceof CommandRefused) return []
    throw error
  }
}

type Done = Readonly<{ success?: boolean; message?: string; error_code?: string | null; command_id?: string | null }>

/** A command in the words of the management module: what came of it, for which server, in how long. */
const mcpCommand = <Body extends z.ZodType>({
  type,
  body,
  of,
  run,
  ...place
}: Readonly<{
  method?: 'POST' | 'PUT' | 'DELETE'
  path: string
  type: string
  summary: string
  body: Body
  /** The canonical route: its permission and refusals are those of this one. */
  of: Route
  run: (request: Readonly<{ id: string; body: z.output<Body>; meta: CommandMeta; caller: Caller }>, context: Context) => Promise<Done>
}>): Route =>
  defineRoute({
    ...aCommandOnOne,
    method: 'POST',
    ...place,
    path: `${MCP}/{id}${place.path}`,
    operation: `documents.servers.${type}`,
    aliasOf: of.operation,
    tag: 'aliases',
    kind: of.kind,
    rateClass: of.rateClass,
    permission: of.permission,
    refusals: of.refusals,
    params: serverParam,
    query: none,
    body,
    answer: { status: 200, schema: commandResult, example: { ...exampleCommandResult, command_type: type } },
    async handle({ params, body, meta, caller }, context) {
      const startedMs = performance.now()
      const id = await serverIdOf(params.id, context)
      const {
        success = true,
        message = `${type} was recorded; the status tells when it is so`,
        error_code = null,
        command_id = null,
      } = await run({ id, body, meta, caller }, context)
      const known = await context.serverPast.show(id, 'now')
      return {
        json: {
          ...{ success, message, error_code, command_id },
          server_id: id,
          server_name: known?.view.name ?? params.id,
          command_type: type,
          execution_time_ms: Math.round(performance.now() - startedMs),
          timestamp: context.clock.now(),
          correlation_id: meta.correlationId === '' ? caller.requestId : meta.correlationId,
        },
      }
    },
  })

const mcpUpdate = mcpCommand({
  method: 'PUT',
  path: '',
  type: 'update',
  summary: 'Update a server',
  of: changeServerConfig,
  body: z.strictObject({ name: z.string().optional(), config: mcpConfig.optional(), enabled: z.boolean().optional() }),
  async run({ id, body: { name, config, enabled }, meta, caller }, context) {
    const now = await context.serverPast.show(id, 'now')
    if (!now) throw new ApiError('not-found')
    if (name !== undefined && name !== now.view.name)
      throw invalid('name', 'stands in paths, metrics and names of tools, and cannot be changed')
    const query = { preview: false }
    if (config !== undefined) {
      const change = changeServerConfig.body.safeParse({ ...configChangeOf(config), reason: 'updated' })
      if (!change.success) throw invalid('config', 'breaks a rule of its fields')
      await changeServerConfig.handle({ params: { id }, query, body: change.data, meta, caller }, context)
    }
    if (enabled !== undefined) {
      // A command of its own: under the id of the first it would be taken for its repeat.
      const own = { ...meta, commandId: config === undefined ? meta.commandId : `${meta.commandId}-enabled` }
      const route = enabled ? enableServer : disableServer
      await route.handle({ params: { id }, query, body: { reason: 'updated' }, meta: own, caller }, context)
    }
    return { command_id: meta.commandId }
  },
})

const mcpRemove = mcpCommand({
  method: 'DELETE',
  path: '',
  type: 'delete',
  summary: 'Delete a server: it is retired',
  of: retireServer,
  body: none,
  async run({ id, meta, caller }, context) {
    await retireServer.handle({ params: { id }, query: { preview: false }, body: { reason: 'deleted' }, meta, caller }, context)
    return { command_id: meta.commandId }
  },
})

const mcpIntent = (type: 'start' | 'stop' | 'restart', canonical: typeof startServer): Route =>
  mcpCommand({
    path: `/${type}`,
    type,
    summary: `${type[0]?.toUpperCase()}${type.slice(1)} a server`,
    of: canonical,
    body: none,
    async run({ id, meta, caller }, context) {
      await canonical.handle({ params: { id }, query: { preview: false }, body: {}, meta, caller }, context)
      return { command_id: meta.commandId }
    },
  })

const mcpTest = mcpCommand({
  path: '/test',
  type: 'test',
  summary: 'Test a server without touching the one that runs',
  of: testServer,
  body: none,
  async run({ id, meta, caller }, context) {
    const { json } = await testServer.handle({ params: { id }, query: {}, body: {}, meta, caller }, context)
    if (json.works) return { message: `it works and offers ${json.tools.length} tools` }
    return { success: false, message: json.failure?.says ?? 'it does not work', error_code: 'CONNECTION_FAILED' }
  },
})

const mcpLogs = defineAlias(showServerLogs, {
  path: `${MCP}/{id}/logs`,
  operation: 'documents.servers.logs',
  tag: 'aliases',
  summary: 'Show the log of a server',
  params: serverParam,
  query: z.strictObject({ limit: showServerLogs.query.shape.limit }),
  body: none,
  answer: { status: 200, schema: z.object({ logs: listOf(z.string()).describe('Text from outside.') }), example: { logs: ['ready'] } },
  request: byId,
  reply: ({ items }) => ({ logs: items.map(({ text }) => text) }),
})

const mcpEvents = defineAlias(listServerEvents, {
  path: `${MCP}/{id}/events`,
  operation: 'documents.servers.events',
  tag: 'aliases',
  summary: 'List the events of a server in the words of the management module',
  params: serverParam,
  query: z.strictObject({ limit: listServerEvents.query.shape.limit }),
  body: none,
  answer: {
    status: 200,
    schema: z.object({ events: listOf(mcpEvent.omit({ server_name: true })) }),
    example: { events: [(({ server_name: _, ...rest }) => rest)(exampleMcpEvent)] },
  },
  async request(request, context) {
    const { params, query, ...rest } = await byId(request, context)
    return { ...rest, params, query: { ...query, order: 'newest' as const } }
  },
  reply: ({ items }) => ({
    events: items.map((each) => {
      const id = each.stream.slice('server-'.length)
      const { server_name: _, ...event } = mcpEventJson({ id, name: '' })(each)
      return event
    }),
  }),
})

// The tool servers.

const toolServerFields = {
  display_name: z.string().optional(),
  description: z.string().optional(),
  command: z.string().optional(),
  args: z.array(reference).optional(),
  env: z.record(z.string(), reference).optional(),
  auto_start: z.boolean().optional(),
  auto_update: z.boolean().optional(),
  max_failures: z.int().optional(),
}

const toolServerChange = (fields: z.output<z.ZodObject<typeof toolServerFields>>) => {
  const transport = { command: fields.command, args: fields.args, env: fields.env }
  return given({
    displayName: fields.display_name,
    description: fields.description,
    transport: Object.keys(given(transport)).length === 0 ? undefined : transport,
    autoStart: fields.auto_start,
    autoRefresh: fields.auto_update,
    maxFailures: fields.max_failures,
  })
}

const recorded = z.object({ id: z.string(), status: z.literal('recorded'), command_id: z.string() })
const recordedAnswer = { status: 200, schema: recorded, example: { id: exampleId, status: 'recorded', command_id: exampleId } } as const
const recordedJson = (json: Readonly<{ id: string }>) => ({ id: json.id, status: 'recorded' as const, command_id: commandIdOf(json) })

const toolServerCreate = defineAlias(registerServer, {
  path: `${TOOLS}/servers`,
  operation: 'documents.toolservers.create',
  tag: 'aliases',
  summary: 'Create a tool server',
  description: 'It begins disabled.',
  params: none,
  query: none,
  body: z.strictObject({ name: z.string(), ...toolServerFields, command: z.string() }),
  answer: { ...recordedAnswer, status: 201 },
  async request({ body: { name, ...fields }, ...rest }) {
    const body = registerServer.body.safeParse({ name, enabled: false, ...toolServerChange(fields) })
    if (!body.success) throw invalid('args', 'breaks a rule of its fields')
    return { ...rest, query: { preview: false }, body: body.data }
  },
  reply: recordedJson,
})

const toolServerList = defineAlias(listServers, {
  path: `${TOOLS}/servers`,
  operation: 'documents.toolservers.list',
  tag: 'aliases',
  summary: 'List tool servers',
  params: none,
  query: pageQuery.extend({ include_builtin: flag.default(true), search: line(200).optional() }),
  body: none,
  answer: {
    status: 200,
    schema: z.object({ servers: listOf(toolServer), total: z.int(), page: z.int(), page_size: z.int() }),
    example: { servers: [exampleToolServer], total: 1, page: 1, page_size: 20 },
  },
  request: async ({ query: { include_builtin, search, ...page }, ...rest }) => ({
    ...rest,
    query: { ...page, limit: page.page_size, search, built_in: include_builtin ? undefined : false, situation: 'registered' as const },
  }),
  reply: ({ items, total }, { query: { page, page_size } }) => ({
    servers: items.map(toolServerJson),
    total: total ?? items.length,
    page,
    page_size,
  }),
})

const toolServerShow = defineAlias(showServer, {
  path: `${TOOLS}/servers/{id}`,
  operation: 'documents.toolservers.show',
  tag: 'aliases',
  summary: 'Show a tool server',
  params: serverParam,
  query: none,
  body: none,
  answer: { status: 200, schema: toolServer, example: exampleToolServer },
  request: byId,
  reply: toolServerJson,
})

/** The documents know no ETag. */
const { ifMatch: _ifMatch, ...withoutEtag } = changeServerConfig

const toolServerUpdate = defineRoute({
  ...withoutEtag,
  method: 'PUT',
  path: `${TOOLS}/servers/{id}`,
  operation: 'documents.toolservers.update',
  aliasOf: changeServerConfig.operation,
  tag: 'aliases',
  summary: 'Update a tool server',
  description: 'What is not named stays.',
  params: serverParam,
  query: none,
  body: z.strictObject(toolServerFields),
  answer: recordedAnswer,
  async handle({ params, body: fields, ...rest }, context) {
    const change = changeServerConfig.body.safeParse({ ...toolServerChange(fields), reason: 'updated' })
    if (!change.success) throw invalid('args', 'breaks a rule of its fields')
    const id = await serverIdOf(params.id, context)
    const reply = await changeServerConfig.handle({ ...rest, params: { id }, query: { preview: false }, body: change.data }, context)
    return { ...reply, json: recordedJson(reply.json) }
  },
})

const toolServerRemove = defineAlias(retireServer, {
  path: `${TOOLS}/servers/{id}`,
  operation: 'documents.toolservers.delete',
  tag: 'aliases',
  summary: 'Delete a tool server: it is retired',
  ifMatch: 'optional',
  params: serverParam,
  query: none,
  body: none,
  answer: recordedAnswer,
  request: async (request, context) => ({ ...(await byId(request, context)), query: { preview: false }, body: { reason: 'deleted' } }),
  reply: recordedJson,
})

const toolServerIntent = (verb: string, canonical: typeof startServer): Route =>
  defineAlias(canonical, {
    path: `${TOOLS}/servers/{id}/${verb}`,
    operation: `documents.toolservers.${verb}`,
    tag: 'aliases',
    summary: `${verb[0]?.toUpperCase()}${verb.slice(1)} a tool server`,
    params: serverParam,
    query: none,
    body: none,
    answer: recordedAnswer,
    request: async (request, context) => ({ ...(await byId(request, context)), query: { preview: false }, body: {} }),
    reply: recordedJson,
  })

const toolServerTools = defineAlias(listServerTools, {
  path: `${TOOLS}/servers/{id}/tools`,
  operation: 'documents.toolservers.tools',
  tag: 'aliases',
  summary: 'List the tools of a tool server',
  params: serverParam,
  query: pageQuery,
  body: none,
  answer: {
    status: 200,
    schema: z.object({ tools: listOf(documentTool), total: z.int(), because: z.string().nullable() }),
    example: { tools: [exampleDocumentTool], total: 1, because: null },
  },
  async request(request, context) {
    const { query, ...rest } = await byId(request, context)
    return { ...rest, query: { ...query, limit: query.page_size } }
  },
  reply: ({ items, total, because }) => ({ tools: items.map(documentToolJson), total: total ?? items.length, because }),
})

const toolParam = z.strictObject({
  id: z
    .string()
    .regex(/^[^~]+~.+$/, 'must be the id of a tool')
    .describe('As the list of tools shows it.'),
})

const toolSwitch = (verb: 'enable' | 'disable', canonical: typeof enableTool): Route =>
  defineAlias(canonical, {
    path: `${TOOLS}/tools/{id}/${verb}`,
    operation: `documents.tools.${verb}`,
    tag: 'aliases',
    summary: `${verb === 'enable' ? 'Enable' : 'Disable'} a tool`,
    params: toolParam,
    query: none,
    body: none,
    answer: recordedAnswer,
    async request({ params, ...rest }) {
      const at = params.id.indexOf('~')
      const on = { id: params.id.slice(0, at), tool: params.id.slice(at + 1) }
      return { ...rest, params: on, query: { preview: false }, body: {} }
    },
    reply: (json, { params }) => ({ ...recordedJson(json), id: params.id }),
  })

const toolServerHealth = defineAlias(showServerHealth, {
  path: `${TOOLS}/servers/{id}/health`,
  operation: 'documents.toolservers.health',
  tag: 'aliases',
  summary: 'Show how a tool server is',
  params: serverParam,
  query: none,
  body: none,
  answer: {
    status: 200,
    schema: z.object({
      server_id: z.string(),
      server_name: z.string(),
      status: z.string(),
      is_running: z.boolean(),
      is_responsive: z.boolean(),
      tools_count: z.int(),
      last_check: timeText.nullable(),
      error_message: z.string().nullable().describe('Text from outside.'),
    }),
    example: {
      server_id: exampleId,
      server_name: 'my_calculator',
      status: 'ok',
      is_running: true,
      is_responsive: true,
      tools_count: 4,
      last_check: exampleTime,
      error_message: null,
    },
  },
  request: byId,
  reply: ({ id, name, status, state, health, facts, since, tools, error }) => ({
    server_id: id,
    server_name: name,
    status,
    is_running: state === 'running',
    // Before the first probe, having agreed on the protocol is the answer.
    is_responsive: facts?.ready ?? health === 'healthy',
    tools_count: tools,
    last_check: since,
    error_message: error,
  }),
})

export const serverAliases: readonly Route[] = [
  mcpRegister,
  mcpList,
  mcpShow,
  mcpUpdate,
  mcpRemove,
  mcpIntent('start', startServer),
  mcpIntent('stop', stopServer),
  mcpIntent('restart', restartServer),
  mcpTest,
  mcpLogs,
  mcpEvents,
  toolServerCreate,
  toolServerList,
  toolServerShow,
  toolServerUpdate,
  toolServerRemove,
  toolServerIntent('start', startServer),
  toolServerIntent('stop', stopServer),
  toolServerIntent('restart', restartServer),
  toolServerIntent('enable', enableServer),
  toolServerIntent('disable', disableServer),
  toolServerTools,
  toolSwitch('enable', enableTool),
  toolSwitch('disable', disableTool),
  toolServerHealth,
]
