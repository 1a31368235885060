/** A tool of a managed server as it is shown: what lists serve of it, and what it offers that nobody has approved. */
import { z } from 'zod'
import { toolStates } from '../../domain/server/tool.ts'
import type { ServerToolView } from '../../projections/queries/index.ts'
import { exampleId, exampleTime, timeText } from './common.ts'

const schema = z.record(z.string(), z.unknown())

const definition = z
  .object({
    name: z.string(),
    title: z.string().optional(),
    description: z.string().optional(),
    inputSchema: schema,
    outputSchema: schema.optional(),
    annotations: schema.optional(),
  })
  .meta({ id: 'ToolDefinition', description: 'As the server tells it. Text from outside: show it as text only.' })

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
    definition: definition.nullable().describe('The approved one: what lists serve.'),
    approvedBy: z.string().nullable().describe('Null: taken as it came, by the policy.'),
    approvedAt: timeText.nullable(),
    pendingHash: z.string().nullable().describe('What an approval names.'),
    pendingDefinition: definition.nullable(),
    disabledBy: z.string().nullable(),
    disabledReason: z.string().nullable(),
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
  disabledBy: null,
  disabledReason: null,
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
  disabledBy: view.disabledBy,
  disabledReason: view.disabledReason,
  firstSeenAt: view.firstSeenAt,
  changedAt: view.changedAt,
})
