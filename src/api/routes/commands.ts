/** Commands: the audit of attempts. Refused ones are here too. */
import { z } from 'zod'
import { defineRoute } from '../define-route.ts'
import { aCommandOnOne, aList, aPageOf, aThing } from '../route-shapes.ts'
import { command, commandJson, exampleCommand } from '../schemas/command.ts'
import { found, line, listOptions, listQuery, pageJson, readOptions, time, withReason } from '../schemas/common.ts'
import { commandOrPreview, previewQuery } from '../schemas/preview.ts'
import { configNow, serverAnswer } from './servers.ts'

export const commandFilter = {
  name: line(100).optional().describe('Operation, e.g. targets.pause.'),
  subject: line(300).optional(),
  actor: line(128).optional(),
  owner: line(120).optional(),
  state: z.enum(['received', 'succeeded', 'failed']).optional(),
  from: time.optional(),
  until: time.optional(),
}

export const listCommands = defineRoute({
  ...aList,
  path: '/api/v1/commands',
  operation: 'commands.list',
  tag: 'commands',
  summary: 'List commands',
  permission: 'audit:read',
  query: listQuery.extend(commandFilter),
  answer: aPageOf(command, exampleCommand),
  async handle({ query }, { queries }) {
    const { name, subject, actor, owner, state, from, until } = query
    const page = await queries.commands.list({ ...listOptions(query), name, subject, actor, owner, state, from, until })
    return { json: pageJson(page, commandJson) }
  },
})

export const showCommand = defineRoute({
  ...aThing,
  path: '/api/v1/commands/{id}',
  operation: 'commands.show',
  tag: 'commands',
  summary: 'Show a command',
  permission: 'audit:read',
  answer: { status: 200, schema: command, example: exampleCommand },
  handle: async ({ params, query }, { queries }) => {
    const { json, position } = found(await queries.commands.show(params.id, readOptions(query)), commandJson)
    return { json, position }
  },
})

export const undoCommand = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/commands/{id}/undo',
  operation: 'commands.undo',
  tag: 'commands',
  summary: 'Undo a command',
  description:
    'Takes back what a command did to a managed server or its tools, by a command of its own, under the rules of today. Refused when somebody decided something about the server since.',
  permission: 'mcp:manage_servers',
  query: previewQuery,
  body: withReason.partial(),
  answer: serverAnswer,
  refusals: ['command-unknown', 'command-not-undoable', 'changed-since', 'server-not-registered', 'server-config-invalid', 'name-taken'],
  handle: ({ params: { id: commandId }, body: { reason = 'undone' }, ...asked }, context) =>
    commandOrPreview(context.commands.undoCommand, { commandId, reason }, asked, configNow(context)),
})

export const commandRoutes = [listCommands, showCommand, undoCommand]
