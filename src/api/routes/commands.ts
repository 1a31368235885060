/** Commands: the audit of attempts. Refused ones are here too. */
import { z } from 'zod'
import { defineRoute } from '../define-route.ts'
import { command, commandJson, exampleCommand } from '../schemas/command.ts'
import { found, idParam, line, listOptions, listQuery, none, pageJson, pageOf, readOptions, readQuery, time } from '../schemas/common.ts'

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
  method: 'GET',
  path: '/api/v1/commands',
  operation: 'commands.list',
  tag: 'commands',
  summary: 'List commands',
  permission: 'audit:read',
  kind: 'query',
  rateClass: 'read',
  params: none,
  query: listQuery.extend(commandFilter),
  body: none,
  answer: { status: 200, schema: pageOf(command), example: { items: [exampleCommand], next_cursor: null, position: '4711' } },
  refusals: ['invalid-cursor'],
  async handle({ query }, { queries }) {
    const { name, subject, actor, owner, state, from, until } = query
    const page = await queries.commands.list({ ...listOptions(query), name, subject, actor, owner, state, from, until })
    return { json: pageJson(page, commandJson) }
  },
})

export const showCommand = defineRoute({
  method: 'GET',
  path: '/api/v1/commands/{id}',
  operation: 'commands.show',
  tag: 'commands',
  summary: 'Show a command',
  permission: 'audit:read',
  kind: 'query',
  rateClass: 'read',
  params: idParam,
  query: readQuery,
  body: none,
  answer: { status: 200, schema: command, example: exampleCommand },
  refusals: ['not-found'],
  handle: async ({ params, query }, { queries }) => {
    const { json, position } = found(await queries.commands.show(params.id, readOptions(query)), commandJson)
    return { json, position }
  },
})

export const commandRoutes = [listCommands, showCommand]
