/** The health body of the enhanced servers' document, for each managed server: snake case, megabytes, and one word for the whole. */
import { z } from 'zod'
import { type serverHealth, showServerHealth } from '../../routes/server-health.ts'
import { exampleTime, none, timeText } from '../../schemas/common.ts'
import { defineAlias } from '../define-alias.ts'
import { byId, serverParam } from '../named-server.ts'
import { MCP_SERVERS } from './servers.ts'

const level = z.enum(['healthy', 'degraded', 'unhealthy'])
type Level = z.output<typeof level>

/** As the document has it: more than a tenth of the calls failed. */
const DEGRADED_ABOVE = 0.1

const dependency = z.object({ status: level })

const body = z.object({
  status: level.describe(
    'unhealthy: it does not run, or does not answer. degraded: it lists nothing, or more than 0.1 of the calls failed.',
  ),
  server_name: z.string(),
  version: z.string().nullable().describe('Text from outside.'),
  timestamp: timeText,
  uptime_seconds: z.number(),
  metrics: z.object({
    memory_usage_mb: z.number().nullable(),
    active_connections: z.int().nullable(),
    request_count: z.int().describe('Of the last hour.'),
    error_count: z.int(),
    error_rate: z.number().min(0).max(1),
    average_response_time_ms: z.number().nullable(),
    circuit_breaker_state: z.enum(['closed', 'open', 'half_open']).nullable(),
  }),
  dependencies: z.object({ process: dependency, protocol: dependency, tools: dependency }),
})

type Health = z.input<typeof serverHealth>

/** Before the first probe, a server that runs has agreed on the protocol and listed its tools: that is what running means. */
function dependenciesOf({ state, facts }: Health): Readonly<Record<'process' | 'protocol' | 'tools', Readonly<{ status: Level }>>> {
  const runs = state === 'running'
  const word = (holds: boolean): { status: Level } => ({ status: runs && holds ? 'healthy' : 'unhealthy' })
  return { process: word(facts?.live ?? true), protocol: word(facts?.ready ?? true), tools: word(facts?.capable ?? true) }
}

function breakerWord({ metrics: { breaker } }: Health): z.input<typeof body>['metrics']['circuit_breaker_state'] {
  return breaker === 'half-open' ? 'half_open' : breaker
}

function levelOf(health: Health): Level {
  const { process, protocol, tools } = dependenciesOf(health)
  if (process.status === 'unhealthy' || protocol.status === 'unhealthy') return 'unhealthy'
  return tools.status === 'unhealthy' || health.metrics.errorRate > DEGRADED_ABOVE ? 'degraded' : 'healthy'
}

export const healthAlias = defineAlias(showServerHealth, {
  path: `${MCP_SERVERS}/{id}/health`,
  operation: 'documents.servers.health',
  tag: 'aliases',
  summary: 'Show how a server is, in the shape of the document on enhanced servers',
  params: serverParam,
  query: none,
  body: none,
  answer: {
    status: 200,
    schema: body,
    example: {
      status: 'healthy',
      server_name: 'files',
      version: '0.2.0',
      timestamp: exampleTime,
      uptime_seconds: 3_600,
      metrics: {
        memory_usage_mb: 52.4,
        active_connections: 2,
        request_count: 120,
        error_count: 3,
        error_rate: 0.025,
        average_response_time_ms: 14.2,
        circuit_breaker_state: 'closed',
      },
      dependencies: { process: { status: 'healthy' }, protocol: { status: 'healthy' }, tools: { status: 'healthy' } },
    },
  },
  request: async (request, context) => ({ ...(await byId(request, context)), query: {} }),
  reply: (health) => ({
    status: levelOf(health),
    server_name: health.name,
    version: health.version,
    timestamp: health.at,
    uptime_seconds: health.uptimeSeconds,
    metrics: {
      memory_usage_mb: health.metrics.memoryBytes === null ? null : Math.round(health.metrics.memoryBytes / 100_000) / 10,
      active_connections: health.metrics.clients,
      request_count: health.metrics.calls,
      error_count: health.metrics.errors,
      error_rate: health.metrics.errorRate,
      average_response_time_ms: health.metrics.averageMs,
      circuit_breaker_state: breakerWord(health),
    },
    dependencies: dependenciesOf(health),
  }),
})
