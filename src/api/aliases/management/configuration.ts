/** The configuration of all servers in the words of the management module. What `GET` answers can be sent back with `PUT`. */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { applyConfiguration, backUpConfiguration, restoreConfiguration } from '../../routes/configuration.ts'
import { exampleId, exampleTime, line, listOf, none, positionText } from '../../schemas/common.ts'
import { exampleConfig } from '../../schemas/server.ts'
import { defineAlias } from '../define-alias.ts'

const MCP_CONFIG = '/api/mcp/config'
const servers = z.array(z.record(z.string(), z.unknown())).describe('Each with name, enabled and config, as the canonical API has them.')

const showConfig = defineRoute({
  ...backUpConfiguration,
  method: 'GET',
  path: MCP_CONFIG,
  operation: 'documents.config.show',
  aliasOf: backUpConfiguration.operation,
  tag: 'aliases',
  summary: 'Show the configuration of all servers',
  description: 'What it answers can be changed and sent back with PUT. Secrets are references.',
  query: none,
  body: none,
  answer: {
    status: 200,
    schema: z.object({ servers, exported_at: z.string(), position: positionText }),
    example: { servers: [{ name: 'files', enabled: true, config: exampleConfig }], exported_at: exampleTime, position: '4711' },
  },
  async handle(request, context) {
    const { json } = await backUpConfiguration.handle({ ...request, query: {} }, context)
    return { json: { servers: json.servers.map((each) => ({ ...each })), exported_at: json.exportedAt, position: json.log.position } }
  },
})

const backup = defineAlias(backUpConfiguration, {
  path: `${MCP_CONFIG}/backup`,
  operation: 'documents.config.backup',
  tag: 'aliases',
  summary: 'Make a backup of the configuration of all servers',
  params: none,
  query: none,
  body: none,
  answer: backUpConfiguration.answer,
  request: async (request) => ({ ...request, query: {} }),
  reply: (bundle) => bundle,
})

const applied = z.object({
  outcome: z.enum(['complete', 'partial', 'nothing']),
  done: z.int(),
  refused: z.int(),
  changes: listOf(
    z.object({
      kind: z.string(),
      server_id: z.string().nullable(),
      server_name: z.string(),
      success: z.boolean(),
      error_code: z.string().nullable(),
      message: z.string().nullable(),
      command_id: z.string(),
    }),
  ),
  command_id: z.string(),
  position: positionText,
})

const answer = {
  status: 200,
  schema: applied,
  example: {
    outcome: 'complete',
    done: 1,
    refused: 0,
    changes: [
      { kind: 'create', server_id: exampleId, server_name: 'files', success: true, error_code: null, message: null, command_id: exampleId },
    ],
    command_id: exampleId,
    position: '4711',
  },
} as const

const how = {
  retire_others: z.boolean().default(false).describe('What is not described is retired. Otherwise it is left alone.'),
  reason: line(500).default('none given'),
}

type Applied = Awaited<ReturnType<typeof applyConfiguration.handle>>['json']

function appliedJson(json: Applied): z.input<typeof applied> {
  // Only where a preview was asked for is the answer one, and these documents know none.
  if (!('steps' in json) || 'preview' in json) throw new TypeError('a change of the configuration answered with a preview')
  return {
    ...{ outcome: json.outcome, done: json.done, refused: json.refused, command_id: json.commandId, position: json.position },
    changes: json.steps.map(({ kind, name, commandId, outcome, serverId = null, rule, says = null }) => ({
      ...{ kind, server_id: serverId, server_name: name, success: outcome === 'done', message: says, command_id: commandId },
      error_code: rule === undefined ? null : rule.toUpperCase().replaceAll('-', '_'),
    })),
  }
}

const replaceConfig = defineRoute({
  ...applyConfiguration,
  method: 'PUT',
  path: MCP_CONFIG,
  operation: 'documents.config.update',
  aliasOf: applyConfiguration.operation,
  tag: 'aliases',
  summary: 'Make the servers what a list describes',
  query: none,
  body: z.strictObject({ servers, exported_at: z.string().optional(), position: positionText.optional(), ...how }),
  answer,
  async handle({ body: { servers: described, retire_others: retireOthers, reason }, ...rest }, context) {
    const request = { ...rest, query: { preview: false }, body: { servers: described, retireOthers, restartChanged: false, reason } }
    const reply = await applyConfiguration.handle(request, context)
    return { ...reply, json: appliedJson(reply.json) }
  },
})

const restore = defineRoute({
  ...restoreConfiguration,
  path: `${MCP_CONFIG}/restore`,
  operation: 'documents.config.restore',
  aliasOf: restoreConfiguration.operation,
  tag: 'aliases',
  summary: 'Restore a backup',
  query: none,
  body: z.strictObject({
    backup: z.record(z.string(), z.unknown()).describe('What the backup answered, as it is.'),
    accept_foreign: z.boolean().default(false).describe('It was made from another log, and is meant.'),
    ...how,
  }),
  answer,
  async handle({ body: { backup: bundle, accept_foreign: acceptForeign, retire_others: retireOthers, reason }, ...rest }, context) {
    const request = { ...rest, query: { preview: false }, body: { bundle, acceptForeign, retireOthers, restartChanged: false, reason } }
    const reply = await restoreConfiguration.handle(request, context)
    return { ...reply, json: appliedJson(reply.json) }
  },
})

export const configurationAliases = [showConfig, replaceConfig, backup, restore]
