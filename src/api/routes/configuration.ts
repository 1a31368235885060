/** The configuration of all servers as one document: backed up, checked, restored, and taken back. */
import { z } from 'zod'
import { commandsOf } from '../../commands/operator/configuration-commands.ts'
import type { DocumentProblem } from '../../domain/configuration/document-reader.ts'
import type { ConfigurationPlan } from '../../domain/configuration/plan.ts'
import { type DescribedServer, readServers } from '../../domain/configuration/read-servers.ts'
import { ApiError } from '../api-error.ts'
import type { Context } from '../context.ts'
import { type Caller, defineRoute } from '../define-route.ts'
import type { CommandMeta } from '../operator-commands.ts'
import { permissionOfPart, refuseForbiddenParts } from '../permissions-of-parts.ts'
import { aCommand, aQuery } from '../route-shapes.ts'
import {
  exampleId,
  exampleOutcome,
  exampleTime,
  id,
  line,
  listOf,
  none,
  outcome,
  outcomeJson,
  position,
  positionText,
  reason,
} from '../schemas/common.ts'
import { changesJson, fieldChange, preview, previewJson, previewQuery } from '../schemas/preview.ts'
import { exampleConfig, serverConfig } from '../schemas/server.ts'

const described = z.object({ name: z.string(), enabled: z.boolean(), config: serverConfig })

const bundle = z
  .object({
    schema: z.literal('mcp-steward/configuration'),
    schemaVersion: z.literal(1),
    log: z.object({ logId: z.string(), namespace: z.string(), position: positionText }),
    exportedAt: z.string(),
    servers: listOf(described),
    checksum: z.string().describe('sha256: over the canonical JSON (RFC 8785) of everything else.'),
  })
  .meta({ id: 'ConfigurationBundle', description: 'Holds references to secrets, never secrets.' })

export const backUpConfiguration = defineRoute({
  ...aQuery,
  method: 'POST',
  path: '/api/v1/config/backup',
  operation: 'configuration.backup',
  tag: 'configuration',
  summary: 'Export the configuration of all servers',
  description: 'As it is, or as it was at a position. Restore it as it is: the checksum covers every character of it.',
  permission: 'mcp:manage_config',
  rateClass: 'costly',
  query: z.strictObject({ at: position.optional() }),
  answer: {
    status: 200,
    schema: bundle,
    example: {
      ...{ schema: 'mcp-steward/configuration', schemaVersion: 1 },
      ...{ log: { logId: exampleId, namespace: 'steward', position: '4711' }, exportedAt: exampleTime },
      ...{ servers: [{ name: 'files', enabled: true, config: exampleConfig }], checksum: `sha256:${'a'.repeat(64)}` },
    },
  },
  async handle({ query: { at } }, { configuration }) {
    const sealed = await configuration.exportConfiguration(at === undefined ? {} : { at })
    return { json: JSON.parse(JSON.stringify(sealed)) }
  },
})

const problem = z.object({ path: z.string(), rule: z.string(), says: z.string() }).meta({ id: 'DocumentProblem' })
const document = z.record(z.string(), z.unknown())
const servers = z.array(z.unknown()).max(10_000).describe('As in a backup; what is left out of a configuration has its usual value.')

export const validateConfiguration = defineRoute({
  ...aQuery,
  method: 'POST',
  path: '/api/v1/config/validate',
  operation: 'configuration.validate',
  tag: 'configuration',
  summary: 'Check a backup, or a list of servers',
  permission: 'mcp:manage_config',
  query: none,
  body: z.union([z.strictObject({ bundle: document }), z.strictObject({ servers })]),
  answer: {
    status: 200,
    schema: z.object({ valid: z.boolean(), problems: listOf(problem) }),
    example: { valid: true, problems: [] },
  },
  async handle({ body }, { configuration }) {
    const problems =
      'bundle' in body
        ? problemsOf(await configuration.openBundle(body.bundle, { acceptForeign: true }))
        : readServers(body.servers, { literals: 'refused' }).problems
    return { json: { valid: problems.length === 0, problems: problems.map(problemJson) } }
  },
})

const problemsOf = (opened: Awaited<ReturnType<Context['configuration']['openBundle']>>): readonly DocumentProblem[] =>
  opened.kind === 'damaged' ? opened.problems : []
const problemJson = ({ path, rule, says }: DocumentProblem) => ({ path, rule, says })

const step = z
  .object({
    kind: z.enum(['create', 'change', 'enable', 'disable', 'restart', 'retire', 'undo']),
    name: z.string(),
    commandId: z.string().describe('To undo this step alone.'),
    outcome: z.enum(['done', 'refused']),
    serverId: z.string().optional(),
    rule: z.string().optional(),
    says: z.string().optional(),
  })
  .meta({ id: 'AppliedStep' })

const applied = outcome.extend({
  outcome: z.enum(['complete', 'partial', 'nothing']),
  done: z.int(),
  refused: z.int(),
  steps: listOf(step),
})

const plan = z
  .object({
    preview: z.literal(true),
    planHash: z.string().describe('Send it with the command to do just this.'),
    servers: listOf(
      z.object({ name: z.string(), serverId: z.string().nullable(), steps: listOf(z.string()), changes: listOf(fieldChange) }),
    ).describe('Of every server that the document or the fleet has. No steps: nothing happens to it.'),
    steps: listOf(z.object({ kind: z.string(), name: z.string(), preview })),
  })
  .meta({ id: 'ConfigurationPlan' })

const change = {
  ...aCommand,
  tag: 'configuration',
  permission: 'mcp:manage_config',
  rateClass: 'costly',
  query: previewQuery,
  answer: {
    status: 200,
    schema: z.union([applied, plan]),
    example: {
      ...exampleOutcome,
      outcome: 'complete',
      done: 1,
      refused: 0,
      steps: [{ kind: 'create', name: 'files', commandId: exampleOutcome.commandId, outcome: 'done', serverId: exampleOutcome.id }],
    },
  },
  refusals: ['validation-failed', 'plan-changed-since'],
} as const

const how = {
  retireOthers: z.boolean().default(false).describe('What the document does not describe is retired. Otherwise it is left alone.'),
  restartChanged: z
    .boolean()
    .default(false)
    .describe('A server that runs is restarted with its changed configuration. Otherwise its next run has it.'),
  planHash: line(64)
    .exactOptional()
    .describe('Of the preview that was looked at. When something else would be done by now, it is refused.'),
  reason: reason.default('none given'),
}

export const restoreConfiguration = defineRoute({
  ...change,
  path: '/api/v1/config/restore',
  operation: 'configuration.restore',
  summary: 'Restore a backup',
  description: 'By a command for each change, with the rules of today; `configuration.undo` takes all of them back.',
  body: z.strictObject({
    bundle: document,
    acceptForeign: z.boolean().default(false).describe('It was made from another log, and is meant.'),
    ...how,
  }),
  async handle({ body: { bundle: sent, acceptForeign, ...rest }, ...asked }, context) {
    const opened = await context.configuration.openBundle(sent, { acceptForeign })
    if (opened.kind === 'damaged') throw invalid('bundle', opened.problems)
    return applyOrPreview(opened.bundle.servers, { ...rest, ...asked }, context)
  },
})

export const applyConfiguration = defineRoute({
  ...change,
  path: '/api/v1/config/apply',
  operation: 'configuration.apply',
  summary: 'Make the servers what a list describes',
  description: 'The difference is done, by a command for each change.',
  body: z.strictObject({ servers, ...how }),
  async handle({ body: { servers: sent, ...rest }, ...asked }, context) {
    const read = readServers(sent, { literals: 'refused' })
    if (read.problems.length > 0) throw invalid(undefined, read.problems)
    return applyOrPreview(read.servers, { ...rest, ...asked }, context)
  },
})

export const undoConfiguration = defineRoute({
  ...change,
  path: '/api/v1/config/undo',
  operation: 'configuration.undo',
  summary: 'Take back a restore',
  description: 'Step by step, the last one first. A step whose server somebody has decided about since is left, and told.',
  query: none,
  body: z.strictObject({ commandId: id, reason: reason.default('none given') }),
  answer: { ...change.answer, schema: applied },
  refusals: ['command-unknown', 'command-not-undoable'],
  async handle({ body, meta, caller }, { configuration }) {
    refuseForbiddenParts(caller.principal, Object.keys(permissionOfPart))
    return { json: appliedJson(await configuration.undoConfiguration({ ...body, meta })) }
  },
})

type Asked = Readonly<{
  retireOthers: boolean
  restartChanged: boolean
  planHash?: string
  reason: string
  query: Readonly<{ preview: boolean }>
  caller: Caller
  meta: CommandMeta
}>

async function applyOrPreview(wanted: readonly DescribedServer[], asked: Asked, { configuration }: Context) {
  const { retireOthers, restartChanged, planHash, reason: why, query, caller, meta } = asked
  const planned = await configuration.planServers(wanted, { retireOthers, restartChanged })
  refuseForbiddenParts(caller.principal, commandsOf(planned))
  if (query.preview) return { json: await planJson(planned, why, caller, configuration) }
  const command = { plan: planned, ...(planHash === undefined ? {} : { planHash }), reason: why, meta }
  return { json: appliedJson(await configuration.applyConfiguration(command)) }
}

async function planJson(planned: ConfigurationPlan, why: string, caller: Caller, configuration: Context['configuration']) {
  const previews = await configuration.previewConfiguration(planned, why, caller.principal?.owner ?? 'nobody')
  return {
    preview: true as const,
    planHash: planned.hash,
    servers: planned.servers.map(({ name, serverId = null, steps, diff }) => ({
      name,
      serverId,
      steps: [...steps],
      changes: changesJson(diff),
    })),
    steps: previews.map(({ step: { kind, name }, preview: would }) => ({ kind, name, preview: previewJson(would, undefined) })),
  }
}

type Applied = Awaited<ReturnType<Context['configuration']['applyConfiguration']>>

const appliedJson = ({ outcome: all, done, refused, steps, ...result }: Applied): z.output<typeof applied> => ({
  ...outcomeJson(result),
  ...{ outcome: all, done, refused, steps: steps.map((each) => step.parse(each)) },
})

const invalid = (place: string | undefined, problems: readonly DocumentProblem[]): ApiError => {
  const issues = problems
    .slice(0, 100)
    .map(({ path, rule, says }) => ({ field: ['body', place, path].filter(Boolean).join('.'), rule: says, name: rule }))
  return new ApiError('validation-failed', { details: { issues } })
}

export const configurationRoutes = [backUpConfiguration, validateConfiguration, restoreConfiguration, applyConfiguration, undoConfiguration]
