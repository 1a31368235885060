/** Servers and tools in the words of the source documents: the management module (seconds, `config`) and the tool servers (`env`, `max_failures`). */
import { z } from 'zod'
import { categoryOfEvent, eventCategories, eventSeverities, messageOfEvent, severityOfEvent } from '../../domain/server/event-words.ts'
import { serverStates } from '../../domain/server/lifecycle.ts'
import { exampleId, exampleTime, timeText } from './common.ts'
import type { event } from './event.ts'
import type { server } from './server.ts'
import type { serverTool } from './server-tool.ts'

type ServerJson = z.input<typeof server>
type ToolJson = z.input<typeof serverTool>

const values = z.record(z.string(), z.unknown()).describe('Secrets are references.')

export const mcpServer = z
  .object({
    id: z.string(),
    name: z.string(),
    type: z.enum(['stdio', 'http']),
    transport: z.enum(['stdio', 'http']),
    status: z.enum(['running', 'stopped', 'error', 'starting', 'stopping']),
    state: z.enum(serverStates),
    enabled: z.boolean(),
    config: z.object({
      host: z.string().optional(),
      port: z.int().optional(),
      url: z.string().optional(),
      command: z.string().optional(),
      args: z.array(z.unknown()).readonly().optional(),
      environment: values.optional(),
      timeout: z.number().describe('Seconds.'),
      retry_attempts: z.int(),
      health_check_interval: z.number().describe('Seconds.'),
    }),
    health: z.object({
      is_healthy: z.boolean(),
      last_check: timeText.nullable(),
      error_count: z.int(),
      consecutive_failures: z.int(),
      response_time_ms: z.number().nullable(),
    }),
    created_at: timeText,
    updated_at: timeText,
  })
  .meta({ id: 'McpServer' })

export function mcpServerJson(json: ServerJson): z.input<typeof mcpServer> {
  const { config, healthFacts } = json
  return {
    id: json.id,
    name: json.name,
    type: json.transport,
    transport: json.transport,
    status: json.statusWords.management,
    state: json.state,
    enabled: json.enabled,
    config: {
      ...transportOfDocuments(config.transport),
      timeout: config.callTimeoutMs / 1_000,
      retry_attempts: config.restartBudget,
      health_check_interval: config.healthEveryMs / 1_000,
    },
    health: {
      is_healthy: json.health === 'healthy',
      last_check: json.healthSince,
      error_count: json.failures,
      consecutive_failures: json.failedStarts,
      response_time_ms: healthFacts?.responseMs ?? null,
    },
    created_at: json.registeredAt,
    updated_at: json.changedAt,
  }
}

function transportOfDocuments(transport: ServerJson['config']['transport']) {
  if (transport.kind === 'stdio') return { command: transport.command, args: transport.args, environment: transport.env }
  const { hostname, port, protocol } = new URL(transport.url)
  return { url: transport.url, host: hostname, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) }
}

export const exampleMcpServer: z.input<typeof mcpServer> = {
  id: exampleId,
  name: 'files',
  type: 'stdio',
  transport: 'stdio',
  status: 'running',
  state: 'running',
  enabled: true,
  config: {
    command: 'npx',
    args: ['-y', '@modelcontextprotocol/server-filesystem@2026.7.10', '/srv/files'],
    environment: {},
    timeout: 30,
    retry_attempts: 10,
    health_check_interval: 60,
  },
  health: { is_healthy: true, last_check: exampleTime, error_count: 0, consecutive_failures: 0, response_time_ms: 3 },
  created_at: exampleTime,
  updated_at: exampleTime,
}

export const mcpEvent = z
  .object({
    id: z.string(),
    server_id: z.string(),
    server_name: z.string(),
    event_type: z.string(),
    severity: z.enum(eventSeverities),
    category: z.enum(eventCategories),
    message: z.string(),
    details: z.record(z.string(), z.unknown()),
    user_id: z.string(),
    correlation_id: z.string(),
    timestamp: timeText,
  })
  .meta({ id: 'McpEvent' })

export const mcpEventJson =
  ({ id, name }: Readonly<{ id: string; name: string }>) =>
  (json: z.input<typeof event>): z.input<typeof mcpEvent> => ({
    id: json.id,
    server_id: id,
    server_name: name,
    event_type: json.type,
    severity: severityOfEvent(json),
    category: categoryOfEvent(json),
    message: messageOfEvent(json),
    details: json.data,
    user_id: json.metadata.actor,
    correlation_id: json.metadata.correlationId,
    timestamp: json.recordedAt,
  })

export const exampleMcpEvent: z.input<typeof mcpEvent> = {
  id: exampleId,
  server_id: exampleId,
  server_name: 'files',
  event_type: 'ServerFailed',
  severity: 'error',
  category: 'server_lifecycle',
  message: 'server failed',
  details: { reason: 'exited' },
  user_id: 'steward',
  correlation_id: exampleId,
  timestamp: exampleTime,
}

export const commandResult = z
  .object({
    success: z.boolean(),
    server_id: z.string(),
    server_name: z.string(),
    command_type: z.string(),
    message: z.string(),
    error_code: z.string().nullable(),
    execution_time_ms: z.number(),
    timestamp: timeText,
    correlation_id: z.string(),
    command_id: z.string().nullable().describe('By which it may be undone.'),
  })
  .meta({ id: 'CommandResult', description: 'A refusal has the error envelope and its status instead.' })

export const exampleCommandResult: z.input<typeof commandResult> = {
  success: true,
  server_id: exampleId,
  server_name: 'files',
  command_type: 'start',
  message: 'start was recorded; the status tells when it is so',
  error_code: null,
  execution_time_ms: 8,
  timestamp: exampleTime,
  correlation_id: exampleId,
  command_id: exampleId,
}

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
}
