/** Managed MCP servers: registered, shown as they are or were, changed, retired. Each change can be looked at before it is made. */
import { z } from 'zod'
import type { ServerConfig } from '../../domain/server/config.ts'
import { healthWords, serverStates } from '../../domain/server/lifecycle.ts'
import { ApiError } from '../api-error.ts'
import type { Context } from '../context.ts'
import { defineRoute } from '../define-route.ts'
import { mayOf } from '../permissions.ts'
import { aCommand, aCommandOnOne, aList, aPageOf, aThing } from '../route-shapes.ts'
import {
  exampleOutcome,
  flag,
  found,
  line,
  listOptions,
  pagedListQuery,
  pageJson,
  readOptions,
  readQuery,
  reason,
  withReason,
} from '../schemas/common.ts'
import { at } from '../schemas/past.ts'
import { commandOrPreview, outcomeOrPreview, previewQuery } from '../schemas/preview.ts'
import { exampleServer, server, serverJson } from '../schemas/server.ts'
import { allowLiterals, changedConfig, checkConfig, configChangeFields, configFields, configOf } from '../schemas/server-config.ts'

export const serverAnswer = { status: 200, schema: outcomeOrPreview, example: { ...exampleOutcome, id: exampleServer.id } } as const

/** What a server's configuration is now, from the log itself. */
export const configNow =
  ({ serverPast }: Pick<Context, 'serverPast'>) =>
  async (id: string): Promise<ServerConfig | undefined> =>
    (await serverPast.show(id, 'now'))?.view.config

export const registerServer = defineRoute({
  ...aCommand,
  path: '/api/v1/servers',
  operation: 'servers.register',
  tag: 'servers',
  summary: 'Register a server',
  description:
    'A name and a transport are enough; the rest has its usual value. An enabled server that starts by itself is started at once. A program that is no known launcher needs an approval before it runs.',
  permission: 'mcp:manage_servers',
  query: previewQuery,
  body: z.strictObject({
    name: z.string(),
    ...configFields,
    enabled: z.boolean().default(true).describe('May run.'),
    allowLiterals,
  }),
  answer: { ...serverAnswer, status: 201 },
  refusals: ['name-taken', 'server-config-invalid'],
  async handle({ body: { name, enabled, allowLiterals: allow, ...input }, ...asked }, context) {
    const config = configOf(input, name, context.usualServer)
    checkConfig({ name, config, allow })
    return commandOrPreview(context.commands.registerServer, { name, config, enabled }, asked, configNow(context))
  },
})

export const serverFilter = {
  search: line(200).optional().describe('Part of the name or display name.'),
  name: z.string().max(64).optional(),
  state: z.enum(serverStates).optional(),
  health: z.enum(healthWords).optional(),
  enabled: flag.optional(),
  transport: z.enum(['stdio', 'http']).optional(),
  built_in: flag.optional(),
  situation: z.enum(['registered', 'retired', 'all']).default('registered'),
}

export const listServers = defineRoute({
  ...aList,
  path: '/api/v1/servers',
  operation: 'servers.list',
  tag: 'servers',
  summary: 'List servers',
  description: 'With `at`: as they were then, folded from the log.',
  permission: 'mcp:view_servers',
  query: pagedListQuery.extend({ ...serverFilter, at: at.optional().describe('A position, or a time in ISO 8601.') }),
  answer: aPageOf(server, exampleServer),
  async handle({ query, caller }, { queries, serverPast, hash }) {
    const { search, name, state, health, enabled, transport, built_in: builtIn, situation } = query
    const options = { ...listOptions(query), search, name, state, health, enabled, transport, builtIn, situation }
    const page =
      query.at === undefined ? await queries.servers.list(options) : await serverPast.list(query.at, { ...options, signal: caller.signal })
    return { json: pageJson(page, serverJson({ hash, may: mayOf(caller.principal) })) }
  },
})

export const showServer = defineRoute({
  ...aThing,
  path: '/api/v1/servers/{id}',
  operation: 'servers.show',
  tag: 'servers',
  summary: 'Show a server',
  description: 'With `at`: as it was then, folded from the log.',
  permission: 'mcp:view_servers',
  query: readQuery.extend({ at: at.optional().describe('A position, or a time in ISO 8601.') }),
  answer: { status: 200, schema: server, example: exampleServer },
  async handle({ params, query, caller }, { queries, serverPast, hash }) {
    const json = serverJson({ hash, may: mayOf(caller.principal) })
    if (query.at === undefined) return found(await queries.servers.show(params.id, readOptions(query)), json)
    const past = await serverPast.show(params.id, query.at, caller.signal)
    if (!past) throw new ApiError('not-found')
    // No ETag: what was cannot be changed.
    return { json: json(past.view), position: past.position }
  },
})

export const replaceServerConfig = defineRoute({
  ...aCommandOnOne,
  method: 'PUT',
  path: '/api/v1/servers/{id}',
  operation: 'servers.update',
  tag: 'servers',
  summary: 'Replace the configuration of a server',
  description:
    'What is left out has its usual value again. A server that runs goes on as it is; the next run has the new configuration. If-Match holds as long as nobody else decided anything about the server: health and restarts do not count.',
  permission: 'mcp:manage_servers',
  ifMatch: 'required',
  query: previewQuery,
  body: z.strictObject({ ...configFields, allowLiterals, reason: reason.default('none given') }),
  answer: serverAnswer,
  refusals: ['server-not-registered', 'server-config-invalid', 'concurrency-conflict', 'precondition-required'],
  async handle({ params: { id }, body: { reason, allowLiterals: allow, ...input }, ...asked }, context) {
    const now = await serverNow(id, context)
    const config = configOf({ ...input, displayName: input.displayName ?? now.config.displayName }, now.name, context.usualServer)
    checkConfig({ config, allow, before: now.config })
    return commandOrPreview(context.commands.changeServerConfig, { id, reason, config }, asked, configNow(context))
  },
})

export const changeServerConfig = defineRoute({
  ...aCommandOnOne,
  method: 'PATCH',
  path: '/api/v1/servers/{id}',
  operation: 'servers.change',
  tag: 'servers',
  summary: 'Change fields of the configuration of a server',
  description: 'A merge patch (RFC 7396): what is not named stays, null takes away. Otherwise as the replacement.',
  permission: 'mcp:manage_servers',
  ifMatch: 'required',
  query: previewQuery,
  body: z.strictObject({ ...configChangeFields, allowLiterals, reason: reason.default('none given') }),
  answer: serverAnswer,
  refusals: ['server-not-registered', 'server-config-invalid', 'concurrency-conflict', 'precondition-required'],
  async handle({ params: { id }, body: { reason, allowLiterals: allow, ...change }, query, meta }, context) {
    const now = await serverNow(id, context)
    const config = changedConfig(now.config, change, now.name, context.usualServer)
    checkConfig({ config, allow, before: now.config })
    // What it was merged with must still be so.
    const asked = { query, meta: { ...meta, expectedRevision: meta.expectedRevision ?? now.revision } }
    return commandOrPreview(context.commands.changeServerConfig, { id, reason, config }, asked, configNow(context))
  },
})

/** From the log, and not from a read model that may lag. @throws ApiError `not-found` */
async function serverNow(id: string, { serverPast }: Pick<Context, 'serverPast'>) {
  const now = await serverPast.show(id, 'now')
  if (!now) throw new ApiError('not-found')
  return now.view
}

export const retireServer = defineRoute({
  ...aCommandOnOne,
  method: 'DELETE',
  path: '/api/v1/servers/{id}',
  operation: 'servers.retire',
  tag: 'servers',
  summary: 'Retire a server',
  description: 'It is stopped and gives its name back. Everything of it is kept, and it can be restored for 30 days.',
  permission: 'mcp:manage_servers',
  ifMatch: 'required',
  query: previewQuery,
  body: withReason.partial(),
  answer: serverAnswer,
  refusals: ['server-not-registered', 'built-in-server', 'concurrency-conflict', 'precondition-required'],
  handle: ({ params: { id }, body: { reason = 'deleted' }, ...asked }, context) =>
    commandOrPreview(context.commands.retireServer, { id, reason }, asked, configNow(context)),
})

export const serverRoutes = [registerServer, listServers, showServer, replaceServerConfig, changeServerConfig, retireServer]
