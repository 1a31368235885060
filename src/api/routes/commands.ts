/** Commands: the audit of attempts. Refused ones are here too. */
import { z } from 'zod'
import { defineRoute } from '../define-route.ts'
import { aList, aPageOf, aThing } from '../route-shapes.ts'
import { command, commandJson, exampleCommand } from '../schemas/command.ts'
import { found, line, listOptions, listQuery, pageJson, readOptions, time } from '../schemas/common.ts'

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

export const commandRoutes = [listCommands, showCommand]
