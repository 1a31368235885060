/**
 * What the source documents say that answers look like, written down from them and not from our schemas: a field that they name and we do not
 * answer, or answer as something else, is found here. What we answer besides is ours.
 */
import { z } from 'zod'

const time = z.iso.datetime()
/** The documents' optional fields may also be null. */
const maybe = <Schema extends z.ZodType>(schema: Schema) => schema.nullish()

// The management module, sections 3.1 and 3.2.

const status = z.enum(['running', 'stopped', 'error', 'starting', 'stopping'])
const config = z.object({
  host: maybe(z.string()),
  port: maybe(z.number()),
  command: maybe(z.string()),
  args: maybe(z.array(z.string())),
  environment: maybe(z.record(z.string(), z.string())),
  timeout: z.number(),
  retry_attempts: z.number(),
  health_check_interval: z.number(),
})
export const mcpServer = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  transport: z.string(),
  status,
  state: z.enum(['stopped', 'starting', 'running', 'stopping', 'error', 'maintenance']),
  config,
  health: z.object({
    is_healthy: z.boolean(),
    // Nobody has looked yet.
    last_check: time.nullable(),
    error_count: z.number(),
    consecutive_failures: z.number(),
    response_time_ms: z.number().nullable(),
  }),
  metrics: z.object({
    uptime_seconds: z.number(),
    request_count: z.number(),
    error_count: z.number(),
    success_rate: z.number(),
    avg_response_time_ms: z.number().nullable(),
    memory_usage_mb: maybe(z.number()),
    cpu_usage_percent: maybe(z.number()),
  }),
  created_at: time,
  updated_at: time,
})
export const mcpEvent = z.object({
  id: z.string(),
  server_id: z.string(),
  server_name: z.string(),
  event_type: z.string(),
  severity: z.enum(['info', 'warning', 'error', 'critical']),
  category: z.enum(['server_lifecycle', 'communication', 'configuration', 'health_check', 'security', 'performance']),
  message: z.string(),
  details: z.record(z.string(), z.unknown()),
  error_code: maybe(z.string()),
  error_message: maybe(z.string()),
  stack_trace: maybe(z.string()),
  user_id: maybe(z.string()),
  session_id: maybe(z.string()),
  correlation_id: maybe(z.string()),
  timestamp: time,
})
export const commandResult = z.object({
  success: z.boolean(),
  server_id: z.string(),
  server_name: z.string(),
  command_type: z.string(),
  message: z.string(),
  error_code: maybe(z.string()),
  error_details: maybe(z.record(z.string(), z.unknown())),
  execution_time_ms: z.number(),
  timestamp: time,
  correlation_id: z.string(),
})
const page = { total: z.number(), page: z.number(), page_size: z.number() }
export const mcpServerList = z.object({ servers: z.array(mcpServer), ...page })
export const mcpServerDetail = z.object({
  server: mcpServer,
  events: z.array(mcpEvent),
  logs: z.array(z.string()),
  config_history: z.array(z.object({ changed_by: z.string(), changed_at: time, diff: z.array(z.unknown()) })),
})
export const mcpEventList = z.object({ events: z.array(mcpEvent), ...page })
export const mcpBulk = z.object({
  results: z.array(commandResult),
  summary: z.object({ total: z.number(), successful: z.number(), failed: z.number(), errors: z.array(z.string()) }),
})

/** Of the document on enhanced servers, which asks for it at every server. */
export const enhancedHealth = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  server_name: z.string(),
  version: maybe(z.string()),
  timestamp: time,
  uptime_seconds: z.number(),
  metrics: z.object({
    memory_usage_mb: maybe(z.number()),
    active_connections: maybe(z.number()),
    request_count: z.number(),
    error_count: z.number(),
    error_rate: z.number(),
    average_response_time_ms: maybe(z.number()),
    circuit_breaker_state: maybe(z.string()),
  }),
  dependencies: z.record(z.string(), z.object({ status: z.string() })),
})

// The tool servers: fields of the examples and models.

export const toolServer = z.object({
  id: z.string(),
  name: z.string(),
  display_name: z.string(),
  description: z.string(),
  command: z.string(),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  status: z.enum(['enabled', 'disabled', 'error', 'starting', 'stopping']),
  auto_start: z.boolean(),
  auto_update: z.boolean(),
  max_failures: z.number(),
  is_builtin: z.boolean(),
  last_health_check: maybe(time),
  last_startup_success: maybe(time),
  last_startup_error: maybe(z.string()),
  created_by: z.string(),
  created_at: time,
  updated_at: time,
})
export const toolServerList = z.object({ servers: z.array(toolServer), total: z.number() })
export const serverTools = z.object({
  tools: z.array(
    z.object({
      id: z.string(),
      server_id: z.string(),
      name: z.string(),
      display_name: z.string(),
      description: maybe(z.string()),
      status: z.enum(['enabled', 'disabled', 'unavailable', 'error']),
      is_available: z.boolean(),
      bypass_when_unavailable: maybe(z.boolean()),
      input_schema: z.record(z.string(), z.unknown()),
      total_calls: z.number(),
      total_errors: z.number(),
      avg_response_time_ms: maybe(z.number()),
      last_called: maybe(time),
    }),
  ),
})
export const toolServerDone = z.object({ success: z.literal(true), message: z.string() })
const toolServerMetrics = z.object({
  server_id: z.string(),
  server_name: z.string(),
  status: z.string(),
  total_tools: z.number(),
  enabled_tools: z.number(),
  total_calls: z.number(),
  total_errors: z.number(),
  success_rate: z.number().min(0).max(1),
  avg_response_time_ms: maybe(z.number()),
  last_activity: maybe(time),
  uptime_percentage: maybe(z.number().min(0).max(100)),
})
const toolMetrics = z.object({
  tool_id: z.string(),
  tool_name: z.string(),
  server_name: z.string(),
  status: z.string(),
  total_calls: z.number(),
  total_errors: z.number(),
  success_rate: z.number(),
  avg_response_time_ms: maybe(z.number()),
  last_called: maybe(time),
  calls_last_24h: z.number(),
  errors_last_24h: z.number(),
})
const perDay = z.record(z.iso.date(), z.number())
export const toolServerAnalytics = z.object({
  total_servers: z.number(),
  active_servers: z.number(),
  total_tools: z.number(),
  enabled_tools: z.number(),
  total_calls_today: z.number(),
  total_calls_week: z.number(),
  total_calls_month: z.number(),
  total_errors_today: z.number(),
  overall_success_rate: z.number(),
  avg_response_time_ms: maybe(z.number()),
  p95_response_time_ms: maybe(z.number()),
  server_metrics: z.array(toolServerMetrics),
  top_tools: z.array(toolMetrics),
  failing_tools: z.array(toolMetrics),
  daily_usage: perDay,
  daily_errors: perDay,
  generated_at: time,
})
export const toolServerHealth = z.object({
  server_id: z.string(),
  server_name: z.string(),
  status: z.string(),
  is_running: z.boolean(),
  is_responsive: z.boolean(),
  tools_count: z.number(),
  last_check: maybe(time),
  error_message: maybe(z.string()),
})
export const toolServerBulk = z.object({
  total_requested: z.number(),
  successful: z.number(),
  failed: z.number(),
  results: z.array(z.object({ server_id: z.string(), success: z.boolean(), message: z.string() })),
  errors: z.array(z.string()),
})
export { toolServerMetrics }

/** Every error, of every path. */
export const errorEnvelope = z.object({
  error: z.object({
    code: z.string().regex(/^[A-Z_]+$/),
    message: z.string(),
    details: maybe(z.record(z.string(), z.unknown())),
    timestamp: time,
    request_id: z.string().min(1),
    correlation_id: z.string().min(1),
  }),
})
