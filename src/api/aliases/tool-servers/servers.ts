/** Tool servers in the words of their document: created, listed, shown, updated, deleted. */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { mayOf } from '../../permissions.ts'
import { changeServerConfig, listServers, registerServer, retireServer, showServer } from '../../routes/servers.ts'
import { exampleId, flag, line, listOf, none, pageQuery } from '../../schemas/common.ts'
import { serverJson } from '../../schemas/server.ts'
import { exampleToolServer, toolServer, toolServerJson } from '../../schemas/tool-servers.ts'
import { defineAlias } from '../define-alias.ts'
import { asCanonical, commandIdOf, type FieldNames, given, namingFields, reference } from '../given.ts'
import { byId, serverIdOf, serverNow, serverParam } from '../named-server.ts'
import { done, doneAnswer } from './done.ts'

export const TOOL_SERVERS = '/api/v1/toolservers/servers'

const fields = {
  display_name: z.string().optional(),
  description: z.string().optional(),
  command: z.string().optional(),
  args: z.array(reference).optional(),
  env: z.record(z.string(), reference).optional(),
  auto_start: z.boolean().optional(),
  auto_update: z.boolean().optional(),
  max_failures: z.int().optional(),
}

const fieldNames: FieldNames = {
  displayName: 'display_name',
  'transport.command': 'command',
  'transport.args': 'args',
  'transport.env': 'env',
  autoStart: 'auto_start',
  autoRefresh: 'auto_update',
  maxFailures: 'max_failures',
}

function changeOf({ display_name, description, command, args, env, ...rest }: z.output<z.ZodObject<typeof fields>>) {
  const transport = given({ command, args, env })
  return given({
    displayName: display_name,
    description,
    transport: Object.keys(transport).length === 0 ? undefined : transport,
    autoStart: rest.auto_start,
    autoRefresh: rest.auto_update,
    maxFailures: rest.max_failures,
  })
}

/** What a change answers with: the server as it is then. */
const changed = toolServer.extend({ command_id: z.string().describe('By which it may be undone.') })
const exampleChanged = { ...exampleToolServer, command_id: exampleId }

const create = defineAlias(registerServer, {
  path: TOOL_SERVERS,
  operation: 'documents.toolservers.create',
  tag: 'aliases',
  summary: 'Create a tool server',
  description: 'It begins disabled.',
  params: none,
  query: none,
  body: z.strictObject({ name: z.string(), ...fields, command: z.string() }),
  answer: { status: 201, schema: changed, example: exampleChanged },
  fields: fieldNames,
  request: async ({ body: { name, ...rest }, ...request }) => ({
    ...request,
    query: { preview: false },
    body: asCanonical(registerServer.body, { name, enabled: false, ...changeOf(rest) }, fieldNames),
  }),
  reply: async (json, { caller }, context) => ({
    ...toolServerJson(await serverNow(json.id, caller, context)),
    command_id: commandIdOf(json),
  }),
})

const list = defineRoute({
  ...listServers,
  path: TOOL_SERVERS,
  operation: 'documents.toolservers.list',
  aliasOf: listServers.operation,
  tag: 'aliases',
  summary: 'List tool servers',
  description: 'By name.',
  query: pageQuery.extend({
    status: z.enum(['enabled', 'disabled', 'error', 'starting', 'stopping']).optional(),
    include_builtin: flag.default(true),
    search: line(200).optional(),
  }),
  answer: {
    status: 200,
    schema: z.object({ servers: listOf(toolServer), total: z.int(), page: z.int(), page_size: z.int() }),
    example: { servers: [exampleToolServer], total: 1, page: 1, page_size: 20 },
  },
  async handle({ query: { status, include_builtin, search, page, page_size }, caller }, { queries, hash }) {
    const { items, total, position } = await queries.servers.list({
      ...{ search, situation: 'registered', limit: page_size, offset: (page - 1) * page_size, withTotal: true },
      ...(include_builtin ? {} : { builtIn: false }),
      words: { ...(status === undefined ? {} : { toolServer: status }) },
    })
    const json = serverJson({ hash, may: mayOf(caller.principal) })
    const servers = items.map((view) => toolServerJson(json(view)))
    return { json: { servers, total: total ?? items.length, page, page_size }, position }
  },
})

const show = defineAlias(showServer, {
  path: `${TOOL_SERVERS}/{id}`,
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

/** The document knows no ETag. */
const { ifMatch: _ifMatch, ...withoutEtag } = changeServerConfig

const update = defineRoute({
  ...withoutEtag,
  method: 'PUT',
  path: `${TOOL_SERVERS}/{id}`,
  operation: 'documents.toolservers.update',
  aliasOf: changeServerConfig.operation,
  tag: 'aliases',
  summary: 'Update a tool server',
  description: 'What is not named stays.',
  params: serverParam,
  query: none,
  body: z.strictObject(fields),
  answer: { status: 200, schema: changed, example: exampleChanged },
  async handle({ params, body, ...rest }, context) {
    const change = asCanonical(changeServerConfig.body, { ...changeOf(body), reason: 'updated' }, fieldNames)
    const request = { ...rest, params: { id: await serverIdOf(params.id, context) }, query: { preview: false }, body: change }
    const { json, revision } = await namingFields(fieldNames, () => changeServerConfig.handle(request, context))
    return { json: { ...toolServerJson(await serverNow(json.id, rest.caller, context)), command_id: commandIdOf(json) }, revision }
  },
})

const remove = defineAlias(retireServer, {
  path: `${TOOL_SERVERS}/{id}`,
  operation: 'documents.toolservers.delete',
  tag: 'aliases',
  summary: 'Delete a tool server: it is retired',
  ifMatch: 'optional',
  params: serverParam,
  query: none,
  body: none,
  answer: doneAnswer,
  request: async (request, context) => ({ ...(await byId(request, context)), query: { preview: false }, body: { reason: 'deleted' } }),
  reply: done,
})

export const toolServerCrud = [create, list, show, update, remove]
