/** Tools of managed servers. What a model reads of one was approved, by the policy or by a person; nothing else is served. */
import { z } from 'zod'
import { toolStates } from '../../domain/server/tool.ts'
import { toolIdOf } from '../../projections/server-tools.ts'
import { ApiError } from '../api-error.ts'
import { defineRoute } from '../define-route.ts'
import type { OperatorCommands, PreviewedCommand } from '../operator-commands.ts'
import { aCommand, aList, aPageOf, aQuery } from '../route-shapes.ts'
import { id, idParam, line, listOptions, pagedListQuery, pageJson, readOptions, readQuery, reason, withReason } from '../schemas/common.ts'
import { commandOrPreview, previewQuery } from '../schemas/preview.ts'
import { exampleTool, serverTool, serverToolJson } from '../schemas/server-tool.ts'
import { configNow, serverAnswer } from './servers.ts'

export const toolParam = z.strictObject({
  id: id.describe('Id of the server.'),
  tool: z.string().min(1).max(256).describe('Name of the tool, percent-encoded.'),
})

const toolFilter = { state: z.enum(toolStates).optional(), search: line(200).optional().describe('Part of the name.') }

const page = aPageOf(serverTool, exampleTool)
const listAnswer = {
  ...page,
  schema: page.schema.extend({ because: z.string().nullable().describe('Why the list is empty, when it is.') }),
  example: { ...page.example, because: null },
}

export const listTools = defineRoute({
  ...aList,
  path: '/api/v1/tools',
  operation: 'tools.list',
  tag: 'tools',
  summary: 'List the tools of all servers',
  permission: 'mcp:view_servers',
  query: pagedListQuery.extend({ ...toolFilter, name: z.string().max(256).optional(), server_id: id.optional() }),
  answer: listAnswer,
  async handle({ query }, { queries }) {
    const { state, search, name: tool, server_id: serverId } = query
    const page = await queries.serverTools.list({ ...listOptions(query), serverId, tool, search, state })
    const asked = [state, search, tool, serverId, query.cursor].some((filter) => filter !== undefined) || (query.page ?? 1) > 1
    const says = asked ? 'no tool fits what was asked' : 'no server that is registered has listed a tool yet'
    return { json: { ...pageJson(page, serverToolJson), because: page.items.length > 0 ? null : says } }
  },
})

export const listServerTools = defineRoute({
  ...aList,
  path: '/api/v1/servers/{id}/tools',
  operation: 'servers.tools',
  tag: 'tools',
  summary: 'List the tools of a server',
  permission: 'mcp:view_servers',
  params: idParam,
  query: pagedListQuery.extend(toolFilter),
  answer: listAnswer,
  refusals: ['not-found', 'invalid-cursor'],
  async handle({ params: { id: serverId }, query }, { queries }) {
    const { value: view } = await queries.servers.show(serverId, readOptions(query))
    if (!view) throw new ApiError('not-found')
    const { state, search } = query
    const page = await queries.serverTools.list({ ...listOptions(query), serverId, search, state })
    const isFirst = query.cursor === undefined && (query.page ?? 1) === 1
    const because = page.items.length > 0 ? null : whyNone(view, { state, search, isFirst })
    return { json: { ...pageJson(page, serverToolJson), because } }
  },
})

type Standing = Readonly<{ starts: number; state: string; failureSays: string | null }>

function whyNone(
  { starts, state, failureSays }: Standing,
  { state: wanted, search, isFirst }: Readonly<{ state?: unknown; search?: unknown; isFirst: boolean }>,
): string {
  if (!isFirst) return 'there are no more'
  if (wanted !== undefined || search !== undefined) return 'no tool of this server fits the filter'
  if (failureSays !== null) return `the server failed before it listed any: ${failureSays}`
  if (starts === 0) return 'the server was never started, so nobody knows its tools'
  return state === 'running' ? 'the server runs and offers none' : `the server has listed none yet; it is ${state}`
}

export const showServerTool = defineRoute({
  ...aQuery,
  path: '/api/v1/servers/{id}/tools/{tool}',
  operation: 'tools.show',
  tag: 'tools',
  summary: 'Show a tool',
  permission: 'mcp:view_servers',
  params: toolParam,
  query: readQuery,
  answer: { status: 200, schema: serverTool, example: exampleTool },
  refusals: ['not-found'],
  async handle({ params, query }, { queries }) {
    const { value, position } = await queries.serverTools.show(toolIdOf(params.id, params.tool), readOptions(query))
    if (!value) throw new ApiError('not-found')
    return { json: serverToolJson(value), position }
  },
})

const aToolCommand = {
  ...aCommand,
  tag: 'tools',
  permission: 'mcp:manage_servers',
  params: toolParam,
  query: previewQuery,
  answer: serverAnswer,
} as const

type Switch = Readonly<{ verb: 'enable' | 'disable'; summary: string; description: string }>
type OnTool = Readonly<{ id: string; tool: string; reason: string }>

const toolSwitch = ({ verb, ...facts }: Switch, command: (commands: OperatorCommands) => PreviewedCommand<OnTool>) =>
  defineRoute({
    ...aToolCommand,
    ...facts,
    path: `/api/v1/servers/{id}/tools/{tool}/${verb}`,
    operation: `tools.${verb}`,
    body: withReason.partial(),
    refusals: ['server-not-registered', 'tool-unknown'],
    handle: ({ params: { id, tool }, body: { reason = 'none given' }, ...asked }, context) =>
      commandOrPreview(command(context.commands), { id, tool, reason }, asked, configNow(context)),
  })

export const enableTool = toolSwitch(
  { verb: 'enable', summary: 'Let a tool be called', description: 'One that waits for an approval still waits.' },
  (commands) => commands.enableTool,
)
export const disableTool = toolSwitch(
  {
    verb: 'disable',
    summary: 'Let a tool not be called any more',
    description: 'No list shows it, and a call is refused with the reason.',
  },
  (commands) => commands.disableTool,
)

export const changeToolSettings = defineRoute({
  ...aToolCommand,
  method: 'PATCH',
  path: '/api/v1/servers/{id}/tools/{tool}',
  operation: 'tools.update',
  summary: 'Change how calls of a tool are treated',
  body: z.strictObject({
    bypass: z.boolean().nullable().optional().describe('Null: as the server says.'),
    retrySafe: z.boolean().optional().describe('Repeating a call is harmless. What the server says of itself never counts.'),
    reason: reason.default('none given'),
  }),
  refusals: ['server-not-registered', 'tool-unknown'],
  handle: ({ params: { id, tool }, body: { bypass, retrySafe, reason }, ...asked }, context) => {
    const settings = { ...(bypass === undefined ? {} : { bypass }), ...(retrySafe === undefined ? {} : { retrySafe }) }
    return commandOrPreview(context.commands.changeToolSettings, { id, tool, reason, ...settings }, asked, configNow(context))
  },
})

export const approveTool = defineRoute({
  ...aToolCommand,
  path: '/api/v1/servers/{id}/tools/{tool}/approve',
  operation: 'tools.approve',
  summary: 'Approve the definition of a tool',
  description: '`hash` names the definition that you looked at, as `pendingHash` of the tool shows it.',
  body: z.strictObject({ hash: z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex'), reason }),
  refusals: ['server-not-registered', 'tool-unknown', 'definition-changed-since'],
  handle: ({ params, body, ...asked }, context) =>
    commandOrPreview(context.commands.approveTool, { ...params, ...body }, asked, configNow(context)),
})

export const serverToolRoutes = [listTools, listServerTools, showServerTool, enableTool, disableTool, changeToolSettings, approveTool]
