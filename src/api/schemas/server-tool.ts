/** A tool of a managed server as it is shown: what lists serve of it, and what it offers that nobody has approved. */
import { z } from 'zod'
import { toolStates } from '../../domain/server/tool.ts'
import { changedParts, hiddenIn } from '../../domain/server/tool-review.ts'
import { successRate } from '../../domain/usage/call.ts'
import type { ServerToolView } from '../../projections/queries/index.ts'
import { exampleId, exampleTime, listOf, timeText } from './common.ts'
import { changesJson, fieldChange } from './preview.ts'

const schema = z.record(z.string(), z.unknown())

export const toolDefinition = z
  .object({
    name: z.string(),
    title: z.string().optional(),
    description: z.string().optional(),
    inputSchema: schema,
    outputSchema: schema.optional(),
    annotations: schema.optional(),
  })
  .meta({ id: 'ToolDefinition', description: 'As the server tells it. Text from outside: show it as text only.' })

const hidden = z.object({
  field: z.string().describe('Dotted path of the text, or of the member whose name it is.'),
  characters: listOf(z.string()).describe('Code points, such as U+202E.'),
})

export const serverTool = z
  .object({
    id: z.string(),
    name: z.string(),
    qualifiedName: z.string().describe('server.tool'),
    serverId: z.string(),
    server: z.string().describe('Name of the server.'),
    state: z.enum(toolStates).describe('The first that holds: a person disabled it, it is not offered, nobody has approved it.'),
    enabled: z.boolean().describe('What a person says.'),
    offered: z.boolean().describe('The server has it at the moment.'),
    bypass: z.boolean().nullable().describe('A call while it is unavailable gets a marked, empty result. Null: as the server says.'),
    retrySafe: z.boolean().describe('A person says that repeating a call is harmless.'),
    hash: z.string().nullable().describe('Of the approved definition.'),
    definition: toolDefinition.nullable().describe('The approved one: what lists serve.'),
    approvedBy: z.string().nullable().describe('Null: taken as it came, by the policy.'),
    approvedAt: timeText.nullable(),
    pendingHash: z.string().nullable().describe('What an approval names.'),
    pendingDefinition: toolDefinition.nullable(),
    pendingChanges: listOf(fieldChange).describe('What is different between the approved definition and the pending one.'),
    hidden: listOf(hidden).describe('Characters that nobody sees, in the pending definition if there is one, else in the approved one.'),
    disabledBy: z.string().nullable(),
    disabledReason: z.string().nullable(),
    usage: z
      .object({
        calls: z.int(),
        errors: z.int(),
        successRate: z.number().min(0).max(1),
        averageMs: z.number().nullable(),
        lastCallAt: timeText.nullable(),
      })
      .describe('Of the ninety days that are kept.'),
    firstSeenAt: timeText,
    changedAt: timeText,
  })
  .meta({ id: 'ServerTool' })

export const exampleTool: z.input<typeof serverTool> = {
  id: `${exampleId}~read_file`,
  name: 'read_file',
  qualifiedName: 'files.read_file',
  serverId: exampleId,
  server: 'files',
  state: 'enabled',
  enabled: true,
  offered: true,
  bypass: null,
  retrySafe: false,
  hash: 'b'.repeat(64),
  definition: { name: 'read_file', description: 'Reads a file.', inputSchema: { type: 'object' } },
  approvedBy: null,
  approvedAt: exampleTime,
  pendingHash: null,
  pendingDefinition: null,
  pendingChanges: [],
  hidden: [],
  disabledBy: null,
  disabledReason: null,
  usage: { calls: 120, errors: 3, successRate: 0.975, averageMs: 14.2, lastCallAt: exampleTime },
  firstSeenAt: exampleTime,
  changedAt: exampleTime,
}

export const serverToolJson = (view: ServerToolView): z.input<typeof serverTool> => ({
  id: view.toolId,
  name: view.tool,
  qualifiedName: `${view.server}.${view.tool}`,
  serverId: view.serverId,
  server: view.server,
  state: view.state,
  enabled: view.enabled,
  offered: view.offered,
  bypass: view.bypass,
  retrySafe: view.retrySafe,
  hash: view.approvedHash,
  definition: view.approvedDefinition,
  approvedBy: view.approvedBy,
  approvedAt: view.approvedAt,
  pendingHash: view.pendingHash,
  pendingDefinition: view.pendingDefinition,
  ...reviewJson(view),
  disabledBy: view.disabledBy,
  disabledReason: view.disabledReason,
  usage: usageJson(view),
  firstSeenAt: view.firstSeenAt,
  changedAt: view.changedAt,
})

function reviewJson({ approvedDefinition, pendingDefinition }: ServerToolView) {
  const shown = pendingDefinition ?? approvedDefinition
  return {
    pendingChanges: pendingDefinition === null ? [] : changesJson(changedParts(approvedDefinition ?? undefined, pendingDefinition)),
    hidden: shown === null ? [] : hiddenIn(shown),
  }
}

const usageJson = ({ usage: { calls, errors, durationUs, lastCallAt } }: ServerToolView) => ({
  ...{ calls, errors, successRate: successRate({ calls, errors }), lastCallAt },
  averageMs: calls === 0 ? null : durationUs / calls / 1_000,
})
