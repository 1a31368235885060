/** What happened to servers in the words of the management module: filtered, one of them, those that are errors, and as a file. */
import { z } from 'zod'
import { eventCategories, eventSeverities } from '../../../domain/server/event-words.ts'
import { ApiError } from '../../api-error.ts'
import { defineRoute, defineStream } from '../../define-route.ts'
import { exportResponse } from '../../export.ts'
import { mayOf } from '../../permissions.ts'
import { listEvents, showEvent } from '../../routes/events.ts'
import { exportEvents } from '../../routes/exports.ts'
import { showServerLogs } from '../../routes/server-desk.ts'
import { listServerEvents } from '../../routes/server-past.ts'
import { limitUpTo, listOf, MAX_EVENTS, none, offset, time } from '../../schemas/common.ts'
import { eventJson } from '../../schemas/event.ts'
import { exampleMcpEvent, mcpEvent, mcpEventJson } from '../../schemas/management-module.ts'
import { defineAlias } from '../define-alias.ts'
import { byId, serverIdOf, serverParam } from '../named-server.ts'
import { eventsBehind, findEvents, inWords, MOST_LOOKED_AT, serverOf, type WantedEvents } from './found-events.ts'
import { MCP_SERVERS } from './servers.ts'

const MCP_EVENTS = '/api/mcp/events'

const filter = {
  server_id: z.string().min(1).max(128).optional().describe('Id or name.'),
  event_type: z.string().min(1).max(100).optional(),
  category: z.enum(eventCategories).optional(),
  start_date: time.optional(),
  end_date: time.optional(),
}
const withSeverity = { ...filter, severity: z.enum(eventSeverities).optional() }
const paging = { limit: limitUpTo(MAX_EVENTS, 100), offset }

type Filter = z.output<z.ZodObject<typeof filter>>

const wantedBy = ({ server_id, event_type, category, start_date, end_date }: Filter): WantedEvents => ({
  server: server_id,
  type: event_type,
  category,
  from: start_date,
  until: end_date,
})

const page = {
  status: 200,
  schema: z.object({
    events: listOf(mcpEvent),
    total: z
      .int()
      .nullable()
      .describe(
        `Null: with a severity, when more than ${MOST_LOOKED_AT} events would have to be looked through. Narrow it by server or time.`,
      ),
    page: z.int(),
    page_size: z.int(),
  }),
  example: { events: [exampleMcpEvent], total: 1, page: 1, page_size: 100 },
} as const

const pageOf = ({ limit, offset }: Readonly<{ limit: number; offset: number }>) => ({
  page: Math.floor(offset / limit) + 1,
  page_size: limit,
})

const listMcpEvents = defineRoute({
  ...listEvents,
  path: MCP_EVENTS,
  operation: 'documents.events.list',
  aliasOf: listEvents.operation,
  tag: 'aliases',
  summary: 'List events of servers in the words of the management module',
  rateClass: 'costly',
  query: z.strictObject({ ...withSeverity, ...paging }),
  answer: page,
  async handle({ query: { severity, limit, offset, ...query }, caller: { principal, signal } }, context) {
    const wanted = { ...wantedBy(query), ...(severity === undefined ? {} : { severities: [severity] }) }
    const { items, total, position } = await findEvents(wanted, { limit, offset, signal }, context)
    return { json: { events: await inWords(items, mayOf(principal), context), total, ...pageOf({ limit, offset }) }, position }
  },
})

const listErrors = defineRoute({
  ...listEvents,
  path: `${MCP_EVENTS}/errors`,
  operation: 'documents.events.errors',
  aliasOf: listEvents.operation,
  tag: 'aliases',
  summary: 'List what went wrong with servers: errors and worse',
  rateClass: 'costly',
  query: z.strictObject({ ...filter, ...paging }),
  answer: page,
  async handle({ query: { limit, offset, ...query }, caller: { principal, signal } }, context) {
    const wanted: WantedEvents = { ...wantedBy(query), severities: ['error', 'critical'] }
    const { items, total, position } = await findEvents(wanted, { limit, offset, signal }, context)
    return { json: { events: await inWords(items, mayOf(principal), context), total, ...pageOf({ limit, offset }) }, position }
  },
})

const showMcpEvent = defineRoute({
  ...showEvent,
  path: `${MCP_EVENTS}/{id}`,
  operation: 'documents.events.show',
  aliasOf: showEvent.operation,
  tag: 'aliases',
  summary: 'Show an event of a server in the words of the management module',
  query: none,
  answer: { status: 200, schema: mcpEvent, example: exampleMcpEvent },
  async handle({ params, caller }, context) {
    const { value, position } = await context.queries.events.show(params.id)
    if (!value?.stream.startsWith('server-')) throw new ApiError('not-found')
    const [event] = await inWords([value], mayOf(caller.principal), context)
    if (!event) throw new ApiError('not-found')
    return { json: event, position }
  },
})

const exportMcpEvents = defineStream({
  ...exportEvents,
  path: `${MCP_EVENTS}/export`,
  operation: 'documents.events.export',
  aliasOf: exportEvents.operation,
  tag: 'aliases',
  summary: 'Export events of servers in the words of the management module, oldest first',
  params: none,
  query: z.strictObject({ format: z.enum(['ndjson', 'csv']).default('ndjson'), ...withSeverity }),
  answer: { status: 200, schema: mcpEvent, example: exampleMcpEvent, mediaTypes: ['application/x-ndjson', 'text/csv'] },
  async handle({ query: { format, severity, ...query }, caller: { principal, signal } }, context) {
    const wanted = { ...wantedBy(query), ...(severity === undefined ? {} : { severities: [severity] }) }
    return exportResponse({
      format,
      name: 'server-events',
      page: async (cursor) => {
        const found = await eventsBehind(cursor, { wanted, signal }, context)
        return { ...found, items: await inWords(found.items, mayOf(principal), context) }
      },
      json: (event) => event,
      columns: {
        timestamp: ({ timestamp }) => timestamp,
        server_id: ({ server_id }) => server_id,
        server_name: ({ server_name }) => server_name,
        event_type: ({ event_type }) => event_type,
        severity: ({ severity: is }) => is,
        category: ({ category }) => category,
        message: ({ message }) => message,
        error_code: ({ error_code }) => error_code,
        error_message: ({ error_message }) => error_message,
        user_id: ({ user_id }) => user_id,
        correlation_id: ({ correlation_id }) => correlation_id,
        id: ({ id }) => id,
        details: ({ details }) => JSON.stringify(details),
      },
      signal,
    })
  },
})

const logsOfServer = defineAlias(showServerLogs, {
  path: `${MCP_SERVERS}/{id}/logs`,
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

const eventsOfServer = defineRoute({
  ...listServerEvents,
  path: `${MCP_SERVERS}/{id}/events`,
  operation: 'documents.servers.events',
  aliasOf: listServerEvents.operation,
  tag: 'aliases',
  summary: 'List the events of a server in the words of the management module',
  params: serverParam,
  query: z.strictObject(paging),
  answer: page,
  async handle({ params, query: { limit, offset }, caller }, context) {
    const { value: view } = await context.queries.servers.show(await serverIdOf(params.id, context))
    if (!view) throw new ApiError('not-found')
    const { serverId: id, name } = view
    const list = { stream: `server-${id}`, order: 'newest', limit, offset, withTotal: true } as const
    const { items, total = null, position } = await context.queries.events.list(list)
    const events = items.map((each) => mcpEventJson({ id: serverOf(each), name })(eventJson(mayOf(caller.principal))(each)))
    return { json: { events, total, ...pageOf({ limit, offset }) }, position }
  },
})

export const eventAliases = [listMcpEvents, listErrors, exportMcpEvents, showMcpEvent, logsOfServer, eventsOfServer]
