/** Tool servers and their tools in the words of their document: `env`, `max_failures`, one status for what may and what does run. */
import { z } from 'zod'
import { exampleId, exampleTime, timeText } from './common.ts'
import type { server } from './server.ts'
import type { serverTool } from './server-tool.ts'

type ServerJson = z.input<typeof server>
type ToolJson = z.input<typeof serverTool>

const values = z.record(z.string(), z.unknown()).describe('Secrets are references.')

export const toolServer = z
  .object({
    id: z.string(),
    name: z.string(),
    display_name: z.string(),
    description: z.string(),
    command: z.string().nullable(),
    args: z.array(z.unknown()).readonly(),
    env: values,
    url: z.string().nullable(),
    status: z.enum(['enabled', 'disabled', 'error', 'starting', 'stopping']),
    auto_start: z.boolean(),
    auto_update: z.boolean(),
    max_failures: z.int(),
    is_builtin: z.boolean(),
    consecutive_failures: z.int(),
    last_health_check: timeText.nullable(),
    last_startup_success: timeText.nullable(),
    last_startup_error: z.string().nullable().describe('Text from outside.'),
    created_by: z.string(),
    created_at: timeText,
    updated_at: timeText,
  })
  .meta({ id: 'ToolServer' })

export function toolServerJson(json: ServerJson): z.input<typeof toolServer> {
  const { config } = json
  const stdio = config.transport.kind === 'stdio' ? config.transport : undefined
  return {
    id: json.id,
    name: json.name,
    display_name: json.displayName,
    description: config.description,
    command: stdio?.command ?? null,
    args: stdio?.args ?? [],
    env: stdio?.env ?? {},
    url: config.transport.kind === 'http' ? config.transport.url : null,
    status: json.statusWords.toolServer,
    auto_start: config.autoStart,
    auto_update: config.autoRefresh,
    max_failures: config.maxFailures,
    is_builtin: json.builtIn,
    consecutive_failures: json.failedStarts,
    last_health_check: json.healthSince,
    last_startup_success: json.run?.runningSince ?? null,
    last_startup_error: json.failure?.says ?? null,
    created_by: json.registeredBy,
    created_at: json.registeredAt,
    updated_at: json.changedAt,
  }
}

export const exampleToolServer: z.input<typeof toolServer> = {
  id: exampleId,
  name: 'my_calculator',
  display_name: 'My Calculator Server',
  description: 'Custom calculator with advanced functions',
  command: 'npx',
  args: ['-y', 'my-calculator-server@1.0.0'],
  env: { CALC_MODE: 'advanced' },
  url: null,
  status: 'disabled',
  auto_start: true,
  auto_update: true,
  max_failures: 3,
  is_builtin: false,
  consecutive_failures: 0,
  last_health_check: null,
  last_startup_success: null,
  last_startup_error: null,
  created_by: 'mira',
  created_at: exampleTime,
  updated_at: exampleTime,
}

export const documentTool = z
  .object({
    id: z.string(),
    server_id: z.string(),
    name: z.string(),
    display_name: z.string(),
    description: z.string().nullable().describe('Text from outside.'),
    status: z.enum(['enabled', 'disabled', 'unavailable']),
    is_available: z.boolean(),
    bypass_when_unavailable: z.boolean().nullable(),
    input_schema: z.record(z.string(), z.unknown()).nullable(),
    total_calls: z.int().describe('Of the last ninety days, as the rest of the figures.'),
    total_errors: z.int(),
    success_rate: z.number().min(0).max(1),
    avg_response_time_ms: z.number().nullable(),
    last_called: timeText.nullable(),
    created_at: timeText,
    updated_at: timeText,
  })
  .meta({ id: 'DocumentTool' })

export const documentToolJson = (json: ToolJson): z.input<typeof documentTool> => ({
  id: json.id,
  server_id: json.serverId,
  name: json.name,
  display_name: json.definition?.title ?? json.name,
  description: json.definition?.description ?? null,
  // One that waits for an approval is not there for a caller.
  status: json.state === 'quarantined' ? 'unavailable' : json.state,
  is_available: json.state === 'enabled',
  bypass_when_unavailable: json.bypass,
  input_schema: json.definition?.inputSchema ?? null,
  total_calls: json.usage.calls,
  total_errors: json.usage.errors,
  success_rate: json.usage.successRate,
  avg_response_time_ms: json.usage.averageMs,
  last_called: json.usage.lastCallAt,
  created_at: json.firstSeenAt,
  updated_at: json.changedAt,
})

export const exampleDocumentTool: z.input<typeof documentTool> = {
  id: `${exampleId}~add`,
  server_id: exampleId,
  name: 'add',
  display_name: 'add',
  description: 'Adds two numbers.',
  status: 'enabled',
  is_available: true,
  bypass_when_unavailable: null,
  input_schema: { type: 'object' },
  total_calls: 120,
  total_errors: 3,
  success_rate: 0.975,
  avg_response_time_ms: 14.2,
  last_called: exampleTime,
  created_at: exampleTime,
  updated_at: exampleTime,
}
