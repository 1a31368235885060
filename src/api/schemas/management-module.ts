/** Servers, their events and results of commands in the words of the management module: seconds, `config`, `metrics`. */
import { z } from 'zod'
import { elapsedMs, type Instant, instant } from '../../domain/instant.ts'
import { categoryOfEvent, eventCategories, eventSeverities, messageOfEvent, severityOfEvent } from '../../domain/server/event-words.ts'
import { serverStates } from '../../domain/server/lifecycle.ts'
import type { ServerMetrics } from '../../projections/queries/usage-answers.ts'
import { exampleId, exampleTime, timeText } from './common.ts'
import type { event } from './event.ts'
import type { server } from './server.ts'

type ServerJson = z.input<typeof server>

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
    metrics: z
      .object({
        uptime_seconds: z.number().describe('Of this run; 0 while it does not run.'),
        request_count: z.int().describe('Calls of the last ninety days.'),
        error_count: z.int(),
        success_rate: z.number().min(0).max(1).describe('1 without calls.'),
        avg_response_time_ms: z.number().nullable().describe('Null without calls.'),
      })
      .describe('Memory, which the document marks as optional, is told with the health of the server.'),
    created_at: timeText,
    updated_at: timeText,
  })
  .meta({ id: 'McpServer' })

type CallFigures = Pick<ServerMetrics, 'calls' | 'errors' | 'successRate' | 'averageMs'>

export function mcpServerJson(
  json: ServerJson,
  { figures = noCalls, now }: Readonly<{ figures?: CallFigures | undefined; now: Instant }>,
): z.input<typeof mcpServer> {
  const { config, healthFacts, run } = json
  return {
    id: json.id,
    name: json.name,
    type: json.transport,
    transport: json.transport,
    status: json.statusWords.management,
    state: json.state,
    enabled: json.enabled,
    config: mcpConfigJson(config),
    health: {
      is_healthy: json.health === 'healthy',
      last_check: json.healthSince,
      error_count: json.failures,
      consecutive_failures: json.failedStarts,
      response_time_ms: healthFacts?.responseMs ?? null,
    },
    metrics: {
      uptime_seconds: json.state === 'running' && run?.runningSince ? Math.max(0, elapsedMs(instant(run.runningSince), now)) / 1_000 : 0,
      request_count: figures.calls,
      error_count: figures.errors,
      success_rate: figures.successRate,
      avg_response_time_ms: figures.averageMs,
    },
    created_at: json.registeredAt,
    updated_at: json.changedAt,
  }
}

const noCalls: CallFigures = { calls: 0, errors: 0, successRate: 1, averageMs: null }

export const mcpConfigJson = (config: ServerJson['config']): z.input<typeof mcpServer>['config'] => ({
  ...transportOfDocuments(config.transport),
  timeout: config.callTimeoutMs / 1_000,
  retry_attempts: config.restartBudget,
  health_check_interval: config.healthEveryMs / 1_000,
})

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
  metrics: { uptime_seconds: 3_600, request_count: 120, error_count: 3, success_rate: 0.975, avg_response_time_ms: 14.2 },
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
    details: z.record(z.string(), z.unknown()).describe('What was recorded.'),
    error_code: z.string().nullable(),
    error_message: z.string().nullable().describe('Text from outside.'),
    stack_trace: z
      .string()
      .nullable()
      .describe('The end of what the server wrote before it failed. Text from outside. Null for a key that may not read logs.'),
    user_id: z.string(),
    session_id: z.null().describe('Events of a server belong to no session.'),
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
    ...failureOf(json.data),
    user_id: json.metadata.actor,
    session_id: null,
    correlation_id: json.metadata.correlationId,
    timestamp: json.recordedAt,
  })

/** Of a failure: its reason, what is said of it, and the end of what the server wrote. */
function failureOf(data: z.input<typeof event>['data']) {
  const { reason, says, stderrTail } = failure.safeParse(data).data ?? {}
  return { error_code: reason ?? null, error_message: says?.text ?? null, stack_trace: stderrTail?.text || null }
}

const text = z.object({ text: z.string() })
const failure = z.object({ reason: z.string(), says: text, stderrTail: text.optional() })

export const exampleMcpEvent: z.input<typeof mcpEvent> = {
  id: exampleId,
  server_id: exampleId,
  server_name: 'files',
  event_type: 'ServerFailed',
  severity: 'error',
  category: 'server_lifecycle',
  message: 'server failed',
  details: { reason: 'exited' },
  error_code: 'exited',
  error_message: 'it ended with code 1',
  stack_trace: 'Error: no such directory',
  user_id: 'steward',
  session_id: null,
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
    error_details: z.record(z.string(), z.unknown()).nullable(),
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
  error_details: null,
  execution_time_ms: 8,
  timestamp: exampleTime,
  correlation_id: exampleId,
  command_id: exampleId,
}
