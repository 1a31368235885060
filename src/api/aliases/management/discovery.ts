/** Servers that other programs know already, in the words of the management module. Nothing that is found is run. */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { importServers, scanForServers } from '../../routes/discovery.ts'
import { exampleId, listOf, none } from '../../schemas/common.ts'
import type { discovery } from '../../schemas/discovery.ts'
import { mcpConfigJson, mcpServer } from '../../schemas/management-module.ts'
import { defineAlias } from '../define-alias.ts'

const MCP_DISCOVER = '/api/mcp/discover'

const found = z
  .object({
    id: z.string().describe('To import it.'),
    name: z.string(),
    type: z.enum(['stdio', 'http']).nullable(),
    config: mcpServer.shape.config.nullable().describe('Null: its problems do not allow one.'),
    source: z.string().describe('The file. Text from outside.'),
    is_new: z.boolean().describe('No server and no other find is the same.'),
    problems: listOf(z.object({ field: z.string(), message: z.string() })).describe('While there is one, it cannot be imported.'),
  })
  .meta({ id: 'McpFoundServer' })

const answer = {
  status: 200,
  schema: z.object({
    servers: listOf(found),
    total: z.int(),
    files: listOf(z.object({ path: z.string(), servers: z.int(), problems: listOf(z.string()) })),
  }),
  example: {
    servers: [
      {
        id: exampleId,
        name: 'github',
        type: 'stdio',
        config: {
          command: 'npx',
          args: ['-y', '@modelcontextprotocol/server-github@2026.7.1'],
          environment: {},
          timeout: 30,
          retry_attempts: 10,
          health_check_interval: 60,
        },
        source: '/home/mira/.cursor/mcp.json',
        is_new: true,
        problems: [],
      },
    ],
    total: 1,
    files: [{ path: '/home/mira/.cursor/mcp.json', servers: 1, problems: [] }],
  },
} as const

type Discovery = z.input<typeof discovery>

function discoveryJson({ candidates, files }: Discovery, fits: (candidate: Discovery['candidates'][number]) => boolean) {
  const servers = candidates.filter(fits).map((candidate) => ({
    id: candidate.id,
    name: candidate.name,
    type: candidate.config?.transport.kind ?? null,
    config: candidate.config === null ? null : mcpConfigJson(candidate.config),
    source: candidate.source.path,
    is_new: candidate.duplicateOf === null,
    problems: candidate.problems.map(({ field, says }) => ({ field, message: says })),
  }))
  return {
    servers,
    total: servers.length,
    files: files.map(({ path, servers: count, problems }) => ({ path, servers: count, problems: problems.map(({ says }) => says) })),
  }
}

const scan = defineAlias(scanForServers, {
  path: `${MCP_DISCOVER}/scan`,
  operation: 'documents.discover.scan',
  tag: 'aliases',
  summary: 'Look for servers, and show all that are found',
  params: none,
  query: none,
  body: none,
  answer,
  request: async (request) => request,
  reply: (json) => discoveryJson(json, () => true),
})

const discover = defineRoute({
  ...scanForServers,
  method: 'POST',
  path: MCP_DISCOVER,
  operation: 'documents.discover',
  aliasOf: scanForServers.operation,
  tag: 'aliases',
  summary: 'Look for servers, and show those that are new',
  description: 'Looks where the configuration says. What has a twin among the servers, or among what was found before it, is left out.',
  query: none,
  body: none,
  answer,
  async handle(request, context) {
    const { json } = await scanForServers.handle(request, context)
    return { json: discoveryJson(json, ({ duplicateOf }) => duplicateOf === null) }
  },
})

const imported = z.object({
  results: listOf(
    z.object({
      id: z.string().describe('Of what was found.'),
      success: z.boolean(),
      server_id: z.string().nullable(),
      server_name: z.string().nullable(),
      error_code: z.string().nullable(),
      message: z.string().nullable(),
      command_id: z.string().nullable(),
    }),
  ),
  summary: z.object({ total: z.int(), successful: z.int(), failed: z.int() }),
})

const importFound = defineRoute({
  ...importServers,
  path: `${MCP_DISCOVER}/import`,
  operation: 'documents.discover.import',
  aliasOf: importServers.operation,
  tag: 'aliases',
  summary: 'Import servers that were found',
  query: none,
  body: z.strictObject({ server_ids: z.array(z.string().min(1).max(128)).min(1).max(200).describe('Ids of what was found.') }),
  answer: {
    status: 200,
    schema: imported,
    example: {
      results: [
        {
          ...{ id: exampleId, success: true, server_id: exampleId, server_name: 'github', error_code: null, message: null },
          command_id: exampleId,
        },
      ],
      summary: { total: 1, successful: 1, failed: 0 },
    },
  },
  async handle({ body: { server_ids: ids }, ...rest }, context) {
    const body = { choices: ids.map((candidateId) => ({ candidateId })), reason: 'imported' }
    const reply = await importServers.handle({ ...rest, query: { preview: false }, body }, context)
    const results = reply.json.items.map(({ candidateId, name, outcome, serverId = null, commandId = null, rule, says = null }) => ({
      ...{ id: candidateId, success: outcome === 'registered', server_id: serverId, server_name: name, command_id: commandId },
      error_code: outcome === 'registered' ? null : (rule ?? outcome).toUpperCase().replaceAll('-', '_'),
      message: says,
    }))
    const successful = results.filter(({ success }) => success).length
    return { ...reply, json: { results, summary: { total: results.length, successful, failed: results.length - successful } } }
  },
})

export const discoveryAliases = [discover, scan, importFound]
