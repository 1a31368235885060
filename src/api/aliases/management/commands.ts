/** Commands on one server in the words of the management module: each answers with what came of it, for which server, in how long. */
import { z } from 'zod'
import { ApiError } from '../../api-error.ts'
import type { Context } from '../../context.ts'
import { type Caller, defineRoute, type Route } from '../../define-route.ts'
import type { CommandMeta } from '../../operator-commands.ts'
import { aCommandOnOne } from '../../route-shapes.ts'
import { testServer } from '../../routes/server-desk.ts'
import { disableServer, enableServer, restartServer, startServer, stopServer } from '../../routes/server-lifecycle.ts'
import { changeServerConfig, retireServer } from '../../routes/servers.ts'
import { none } from '../../schemas/common.ts'
import { commandResult, exampleCommandResult } from '../../schemas/management-module.ts'
import { asCanonical, invalid, namingFields } from '../given.ts'
import { serverIdOf, serverParam } from '../named-server.ts'
import { configChangeOf, mcpConfig, mcpFields } from './server-config.ts'
import { MCP_SERVERS } from './servers.ts'

type Done = Readonly<{ success?: boolean; message?: string; error_code?: string | null; command_id?: string | null }>

const mcpCommand = <Body extends z.ZodType>({
  type,
  body,
  of,
  run,
  ...place
}: Readonly<{
  method?: 'POST' | 'PUT' | 'DELETE'
  /** Behind that of the server. */
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
    path: `${MCP_SERVERS}/{id}${place.path}`,
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
          ...{ success, message, error_code, error_details: null, command_id },
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

const update = mcpCommand({
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
    if (config === undefined && enabled === undefined)
      throw invalid('config', 'is needed when enabled is left out: nothing else can be changed')
    const query = { preview: false }
    if (config !== undefined) {
      const change = asCanonical(changeServerConfig.body, { ...configChangeOf(config), reason: 'updated' }, mcpFields)
      await namingFields(mcpFields, () => changeServerConfig.handle({ params: { id }, query, body: change, meta, caller }, context))
    }
    if (enabled !== undefined) {
      // A command of its own: under the id of the first it would be taken for its repeat. What If-Match named has changed by then.
      const { expectedRevision: _, ...later } = meta
      const own = config === undefined ? meta : { ...later, commandId: `${meta.commandId}-enabled` }
      const route = enabled ? enableServer : disableServer
      await route.handle({ params: { id }, query, body: { reason: 'updated' }, meta: own, caller }, context)
    }
    return { command_id: meta.commandId }
  },
})

const remove = mcpCommand({
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

const intent = (type: 'start' | 'stop' | 'restart', canonical: typeof startServer): Route =>
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

const test = mcpCommand({
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

export const commandAliases: readonly Route[] = [
  update,
  remove,
  intent('start', startServer),
  intent('stop', stopServer),
  intent('restart', restartServer),
  test,
]
