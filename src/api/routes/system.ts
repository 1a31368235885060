/** How Steward itself is: for load balancers, monitors and people. Public answers say how it is, not why: causes need a key. */
import { z } from 'zod'
import type { HealthReport } from '../application.ts'
import { defineRoute, defineStream } from '../define-route.ts'
import { aQuery } from '../route-shapes.ts'
import { exampleTime, listOf, none, positionText, readOptions, readQuery, timeText } from '../schemas/common.ts'
import { stopFile } from '../schemas/stop-file.ts'

const level = z.enum(['healthy', 'degraded', 'unhealthy'])

export const live = defineRoute({
  method: 'GET',
  path: '/livez',
  operation: 'system.live',
  tag: 'system',
  summary: 'Whether the process runs',
  permission: 'public',
  kind: 'query',
  rateClass: 'public',
  params: none,
  query: none,
  body: none,
  answer: { status: 200, schema: z.object({ status: z.literal('alive') }), example: { status: 'alive' } },
  refusals: [],
  handle: async () => ({ json: { status: 'alive' } as const }),
})

export const ready = defineRoute({
  method: 'GET',
  path: '/readyz',
  operation: 'system.ready',
  tag: 'system',
  summary: 'Whether requests can be answered now',
  permission: 'public',
  kind: 'query',
  rateClass: 'public',
  params: none,
  query: none,
  body: none,
  answer: {
    status: 200,
    also: [503],
    schema: z.object({ status: z.enum(['ready', 'not-ready']), missing: listOf(z.string()) }),
    example: { status: 'ready', missing: [] },
  },
  refusals: [],
  async handle(_request, { health, draining }) {
    const { ready, missing } = draining() ? { ready: false, missing: ['stopping'] } : await health.readiness()
    const status = ready ? ('ready' as const) : ('not-ready' as const)
    return { json: { status, missing }, status: ready ? 200 : 503 }
  },
})

export const showHealth = defineRoute({
  method: 'GET',
  path: '/health',
  operation: 'system.health',
  tag: 'system',
  summary: 'Health, in the shape of the source documents',
  description: '200 when healthy or degraded, 503 when not.',
  permission: 'public',
  kind: 'query',
  rateClass: 'public',
  params: none,
  query: none,
  body: none,
  answer: {
    status: 200,
    also: [503],
    schema: z.object({
      status: level,
      timestamp: timeText,
      version: z.string(),
      uptime_seconds: z.number(),
      resources: z.object({ cpu_percent: z.number(), memory_percent: z.number(), memory_used: z.number(), memory_total: z.number() }),
      agents: listOf(z.object({ name: z.string(), status: z.enum(['running', 'stopped']), last_analysis: timeText.nullable() })),
      checks: listOf(z.object({ name: z.string(), status: level })),
    }),
    example: {
      status: 'healthy',
      timestamp: exampleTime,
      version: '0.1.0',
      uptime_seconds: 3_600,
      resources: { cpu_percent: 3.5, memory_percent: 2.1, memory_used: 180_000_000, memory_total: 8_000_000_000 },
      agents: [{ name: 'log-watch', status: 'running', last_analysis: exampleTime }],
      checks: [{ name: 'event-store', status: 'healthy' }],
    },
  },
  refusals: [],
  async handle(_request, { health, clock }) {
    const report = await health.report()
    const now = clock.now()
    const { cpuPercent, memoryPercent, memoryUsedBytes, memoryTotalBytes } = report.resources
    return {
      json: {
        status: report.status,
        timestamp: now,
        version: report.version,
        uptime_seconds: uptimeSeconds(report, now),
        resources: {
          cpu_percent: cpuPercent,
          memory_percent: memoryPercent,
          memory_used: memoryUsedBytes,
          memory_total: memoryTotalBytes,
        },
        agents: report.agents.map(({ name, status, lastAnalysis }) => ({ name, status, last_analysis: lastAnalysis })),
        checks: report.checks.map(({ name, status }) => ({ name, status })),
      },
      status: report.status === 'unhealthy' ? 503 : 200,
    }
  },
})

const uptimeSeconds = ({ startedAt }: HealthReport, now: string): number => Math.max(0, (Date.parse(now) - Date.parse(startedAt)) / 1_000)

const counts = z.record(z.string(), z.int())

export const showStatus = defineRoute({
  ...aQuery,
  path: '/api/v1/status',
  operation: 'system.status',
  tag: 'system',
  summary: 'Status in one look',
  permission: 'mcp:view_servers',
  query: readQuery,
  answer: {
    status: 200,
    schema: z.object({
      status: level,
      version: z.string(),
      startedAt: timeText,
      uptimeSeconds: z.number(),
      position: positionText.describe('The read models are complete up to here.'),
      head: positionText.nullable().describe('The end of the log; null when it is empty or cannot be reached.'),
      healing: z.object({ stopped: z.boolean().describe('By the switch.'), stopFile: stopFile.nullable() }),
      hosts: z.object({ registered: z.int(), lost: z.int() }),
      targets: z.object({ registered: z.int(), paused: z.int(), frozen: z.int(), unseen: z.int() }),
      incidents: z.object({ open: z.int(), byState: counts, bySeverity: counts }),
      approvals: z.object({ pending: z.int() }),
      anomalies: z.object({ total: z.int(), last24h: z.int() }),
      checks: listOf(z.object({ name: z.string(), status: level, says: z.string() })),
    }),
    example: {
      status: 'healthy',
      version: '0.1.0',
      startedAt: exampleTime,
      uptimeSeconds: 3_600,
      position: '4711',
      head: '4711',
      healing: { stopped: false, stopFile: null },
      hosts: { registered: 3, lost: 0 },
      targets: { registered: 5, paused: 0, frozen: 0, unseen: 0 },
      incidents: { open: 1, byState: { 'awaiting-approval': 1 }, bySeverity: { error: 1 } },
      approvals: { pending: 1 },
      anomalies: { total: 12, last24h: 2 },
      checks: [{ name: 'event-store', status: 'healthy', says: 'reachable' }],
    },
  },
  async handle({ query }, { health, queries, events, clock, stopFile }) {
    const [report, summary, head, file] = await Promise.all([
      health.report(),
      queries.summary(readOptions(query)),
      // Whoever asks while the log is away wants to hear just that.
      events.head().catch(() => undefined),
      stopFile.present(),
    ])
    const { hosts, targets, incidents, approvals, anomalies, healing } = summary.value
    const { status, version, startedAt, checks } = report
    return {
      json: {
        status,
        version,
        startedAt,
        uptimeSeconds: uptimeSeconds(report, clock.now()),
        position: String(summary.position),
        head: head === undefined ? null : String(head),
        healing: { ...healing, stopFile: file ?? null },
        hosts,
        targets,
        incidents: { ...incidents, byState: { ...incidents.byState }, bySeverity: { ...incidents.bySeverity } },
        approvals,
        anomalies,
        checks,
      },
    }
  },
})

/** Whether a key is needed is a setting: scrapers in a closed network often have none. */
export const metricsRoute = ({ isPublic }: { isPublic: boolean }) =>
  defineStream({
    method: 'GET',
    path: '/metrics',
    operation: 'system.metrics',
    tag: 'system',
    summary: 'Metrics for Prometheus',
    permission: isPublic ? 'public' : 'mcp:view_servers',
    kind: 'query',
    rateClass: isPublic ? 'public' : 'read',
    params: none,
    query: none,
    answer: { status: 200, schema: z.string(), example: 'steward_approvals_pending 1', mediaTypes: ['text/plain'] },
    refusals: [],
    async handle(_request, { metrics }) {
      const { contentType, text } = await metrics()
      return new Response(text, { headers: { 'content-type': contentType, 'cache-control': 'no-store' } })
    },
  })

export const systemRoutes = [live, ready, showHealth, showStatus]
