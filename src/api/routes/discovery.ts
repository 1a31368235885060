/** Servers that other programs know already: looked for, looked at, and taken over. Nothing that is found is run. */
import { z } from 'zod'
import type { ImportPreviewItem } from '../../commands/operator/import-command.ts'
import { defineRoute } from '../define-route.ts'
import { refuseForbiddenParts } from '../permissions-of-parts.ts'
import { aCommand, aQuery } from '../route-shapes.ts'
import { exampleOutcome, id, line, listOf, none, outcome, outcomeJson, reason } from '../schemas/common.ts'
import { discovery, discoveryJson, duplicate, exampleDiscovery, foundJson, foundServer } from '../schemas/discovery.ts'
import { previewQuery } from '../schemas/preview.ts'
import { secretReference } from '../schemas/secret-reference.ts'

export const scanForServers = defineRoute({
  ...aQuery,
  path: '/api/v1/discovery/scan',
  operation: 'discovery.scan',
  tag: 'discovery',
  summary: 'Look for servers in the configurations of clients',
  description: 'Reads the configured directories; runs and records nothing. What is wrong with a file is said of that file.',
  permission: 'mcp:manage_config',
  rateClass: 'costly',
  query: none,
  answer: { status: 200, schema: discovery, example: exampleDiscovery },
  async handle({ caller }, { configuration }) {
    return { json: discoveryJson(await configuration.discover({ signal: caller.signal })) }
  },
})

export const startDiscovery = defineRoute({
  ...aCommand,
  path: '/api/v1/discovery/jobs',
  operation: 'discovery.start',
  tag: 'discovery',
  summary: 'Look for servers as a job',
  description: 'Answers at once with an operation, whose result tells how many were found. Look at them with `discovery.scan`.',
  permission: 'mcp:manage_config',
  rateClass: 'costly',
  query: none,
  answer: {
    status: 202,
    schema: outcome.extend({ operationId: z.string() }),
    example: { ...exampleOutcome, operationId: exampleOutcome.id },
  },
  refusals: [],
  async handle({ meta }, { configuration }) {
    const started = await configuration.startDiscovery({ name: 'configured places', meta })
    return { json: { ...outcomeJson(started), operationId: started.id }, location: `/api/v1/operations/${started.id}` }
  },
})

const choice = z.strictObject({
  candidateId: id,
  digest: line(64).exactOptional().describe('Of the candidate that was looked at. When it is another one by now, it is refused.'),
  name: z.string().max(64).exactOptional().describe('Another name than the proposed one.'),
  version: line(100).exactOptional().describe('The exact version of the package that npx is to start.'),
  given: z
    .record(z.string().max(300), secretReference.nullable())
    .exactOptional()
    .describe('By field: a reference that stands there instead of what the file says; null leaves it out.'),
  evenIfDuplicate: z.boolean().exactOptional(),
})

const item = z
  .object({
    candidateId: z.string(),
    name: z.string().nullable(),
    outcome: z.enum(['registered', 'would-register', 'duplicate', 'refused']),
    serverId: z.string().optional(),
    commandId: z.string().optional().describe('To undo this registration alone.'),
    duplicateOf: duplicate.optional(),
    rule: z.string().optional(),
    says: z.string().optional(),
    found: foundServer.optional(),
  })
  .meta({ id: 'ImportItem' })

const imported = z.union([
  outcome.extend({ outcome: z.enum(['complete', 'partial', 'nothing']), done: z.int(), refused: z.int(), items: listOf(item) }),
  z.object({ preview: z.literal(true), items: listOf(item) }),
])

export const importServers = defineRoute({
  ...aCommand,
  path: '/api/v1/discovery/import',
  operation: 'servers.import',
  tag: 'discovery',
  summary: 'Import servers that were found',
  description:
    'Each is registered disabled, by a command of its own. Literal secrets move into files first; of a server that is refused, no file stays.',
  permission: 'mcp:manage_config',
  rateClass: 'costly',
  query: previewQuery,
  body: z.strictObject({ choices: z.array(choice).min(1).max(200), reason: reason.default('none given') }),
  answer: {
    status: 200,
    schema: imported,
    example: {
      ...exampleOutcome,
      ...{ outcome: 'complete', done: 1, refused: 0 },
      items: [
        {
          candidateId: exampleOutcome.id,
          name: 'github',
          outcome: 'registered',
          serverId: exampleOutcome.id,
          commandId: exampleOutcome.commandId,
        },
      ],
    },
  },
  refusals: [],
  async handle({ body, query: { preview }, caller, meta }, { configuration }) {
    refuseForbiddenParts(caller.principal, ['servers.register'])
    if (preview) {
      const items = await configuration.importServers.preview(body, caller.principal?.owner ?? 'nobody')
      return { json: { preview: true as const, items: items.map(previewItemJson) } }
    }
    const { items, outcome: all, done, refused, ...result } = await configuration.importServers({ ...body, meta })
    return { json: { ...outcomeJson(result), outcome: all, done, refused, items: items.map((each) => item.parse(each)) } }
  },
})

function previewItemJson(each: ImportPreviewItem): z.input<typeof item> {
  if (each.outcome !== 'would-register') return each
  const { candidateId, name, outcome, found } = each
  return { candidateId, name, outcome, found: foundJson(found) }
}

export const discoveryRoutes = [scanForServers, startDiscovery, importServers]
