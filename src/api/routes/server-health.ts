/** How a managed server is, in the words of a health check: three facts, what it was asked within the last hour, and what its supervisor sees of it. */
import { z } from 'zod'
import type { ServerVitals } from '../../commands/fleet/fleet-figures.ts'
import { HEALTH_SAMPLE_RETENTION_DAYS } from '../../domain/ports/health-samples.ts'
import { healthWords, serverStates } from '../../domain/server/lifecycle.ts'
import { ApiError } from '../api-error.ts'
import { defineRoute } from '../define-route.ts'
import { aQuery, aThing } from '../route-shapes.ts'
import { exampleId, exampleTime, limitUpTo, listOf, none, readOptions, time, timeText } from '../schemas/common.ts'
import { exampleServer, healthFacts } from '../schemas/server.ts'

/** Long enough to hold some calls, short enough that an error of yesterday is none of today. */
const PERIOD = '1h' as const

const bySupervisor = 'Null: another instance supervises it, or the machine does not tell.'

const vitals = {
  clients: z.int().nullable().describe(`Sessions of clients. ${bySupervisor}`),
  memoryBytes: z.number().nullable().describe(`Resident, of its process group. ${bySupervisor}`),
  cpuSeconds: z.number().nullable().describe(`Processor time since this instance supervises it. ${bySupervisor}`),
  cpuPercent: z.number().nullable().describe(`Of one processor, since it was last asked for, so the first answer is null. ${bySupervisor}`),
  breaker: z.enum(['closed', 'open', 'half-open']).nullable().describe(bySupervisor),
}

export const serverHealth = z
  .object({
    id: z.string(),
    name: z.string(),
    at: timeText,
    status: z.enum(['ok', 'unhealthy', 'error', 'unknown']),
    state: z.enum(serverStates),
    health: z.enum(healthWords),
    version: z.string().nullable().describe('As the server names it. Text from outside.'),
    uptimeSeconds: z.number().describe('Since it runs; 0 when it does not.'),
    facts: healthFacts.nullable(),
    since: timeText.nullable().describe('Since when it is as it is.'),
    tools: z.int().describe('That it offers.'),
    failedStarts: z.int(),
    crashes: z.int(),
    error: z.string().nullable().describe('Text from outside.'),
    metrics: z.object({
      period: z.literal(PERIOD).describe('What the calls are of.'),
      calls: z.int(),
      errors: z.int(),
      errorRate: z.number().min(0).max(1).describe('0 without calls.'),
      averageMs: z.number().nullable(),
      ...vitals,
    }),
  })
  .meta({ id: 'ServerHealth' })

const NO_VITALS: Readonly<Record<keyof ServerVitals, null>> = {
  breaker: null,
  clients: null,
  memoryBytes: null,
  cpuSeconds: null,
  cpuPercent: null,
}

const exampleVitals = { clients: 2, memoryBytes: 52_428_800, cpuSeconds: 81.4, cpuPercent: 3.2, breaker: 'closed' as const }

export const showServerHealth = defineRoute({
  ...aThing,
  path: '/api/v1/servers/{id}/health',
  operation: 'servers.health',
  tag: 'servers',
  summary: 'Show how a server is',
  description: 'Three facts, asked apart: a busy server is not a hung one, and a process that lives may not speak.',
  permission: 'mcp:view_servers',
  answer: {
    status: 200,
    schema: serverHealth,
    example: {
      id: exampleServer.id,
      name: 'files',
      at: exampleTime,
      status: 'ok',
      state: 'running',
      health: 'healthy',
      version: '0.2.0',
      uptimeSeconds: 3_600,
      facts: { live: true, ready: true, capable: true, responseMs: 3 },
      since: exampleTime,
      tools: 11,
      failedStarts: 0,
      crashes: 0,
      error: null,
      metrics: {
        ...{ period: PERIOD, calls: 120, errors: 3, errorRate: 0.025, averageMs: 14.2 },
        ...exampleVitals,
      },
    },
  },
  async handle({ params: { id }, query }, { queries, fleet, clock }) {
    const { value: view, position } = await queries.servers.show(id, readOptions(query))
    if (!view) throw new ApiError('not-found')
    const [{ value: usage }, vitals = NO_VITALS] = await Promise.all([queries.usage.server(id, PERIOD), fleet.vitals(id)])
    const { calls = 0, errors = 0, averageMs = null } = usage ?? {}
    const at = clock.now()
    const runningSince = view.state === 'running' ? view.runningSince : null
    return {
      json: {
        id: view.serverId,
        name: view.name,
        at,
        status: view.words.dashboard,
        state: view.state,
        health: view.health,
        version: view.serverVersion,
        uptimeSeconds: runningSince === null ? 0 : Math.max(0, (Date.parse(at) - Date.parse(runningSince)) / 1_000),
        facts: view.healthFacts,
        since: view.healthSince,
        tools: view.tools.offered,
        failedStarts: view.failedStarts,
        crashes: view.crashes,
        error: view.failureSays ?? view.healthFacts?.says ?? null,
        metrics: { period: PERIOD, calls, errors, errorRate: calls === 0 ? 0 : errors / calls, averageMs, ...vitals },
      },
      revision: view.revision,
      position,
    }
  },
})

const MOST_SAMPLES = 1_000

const samplesQuery = z
  .strictObject({
    from: time.optional().describe('The first moment that is asked for.'),
    until: time.optional().describe('The first moment that is not. Of the page before, `at` of the last sample.'),
    limit: limitUpTo(MOST_SAMPLES, 100),
  })
  .refine(({ from, until }) => from === undefined || until === undefined || from < until, {
    path: ['until'],
    error: 'must be later than from',
  })

const healthSample = healthFacts.extend({ at: timeText, runId: z.string() })

export const listHealthSamples = defineRoute({
  ...aThing,
  path: '/api/v1/servers/{id}/health/samples',
  operation: 'servers.health-samples',
  tag: 'servers',
  summary: 'List what the probes of a server answered',
  description: `Newest first; kept for ${HEALTH_SAMPLE_RETENTION_DAYS} days. Those of the last two seconds may not be there yet.`,
  permission: 'mcp:view_servers',
  query: samplesQuery,
  answer: {
    status: 200,
    schema: z.object({ items: listOf(healthSample) }),
    example: { items: [{ at: exampleTime, runId: exampleId, live: true, ready: true, capable: true, responseMs: 3 }] },
  },
  async handle({ params: { id }, query }, { queries, healthSamples }) {
    const { value: view } = await queries.servers.show(id)
    if (!view) throw new ApiError('not-found')
    const samples = await healthSamples.latest(id, query)
    return { json: { items: samples.map(({ at, runId, facts }) => ({ at, runId, ...facts })) } }
  },
})

export const listServerVitals = defineRoute({
  ...aQuery,
  query: none,
  path: '/api/v1/servers/vitals',
  operation: 'servers.vitals',
  tag: 'servers',
  summary: 'Show what all servers take',
  description: 'Memory, processor time, clients and breakers of all servers, in one look at the machine.',
  permission: 'mcp:view_servers',
  answer: {
    status: 200,
    schema: z
      .object({
        at: timeText,
        supervised: z.boolean().describe('Whether the instance that answers supervises the servers. False: it knows nothing of them.'),
        items: listOf(z.object({ id: z.string(), ...vitals })),
      })
      .meta({ id: 'ServerVitals' }),
    example: { at: exampleTime, supervised: true, items: [{ id: exampleServer.id, ...exampleVitals }] },
  },
  async handle(_, { fleet, clock }) {
    const found = await fleet.allVitals()
    const items = [...(found ?? [])].map(([id, each]) => ({ id, ...each }))
    return { json: { at: clock.now(), supervised: found !== undefined, items } }
  },
})

export const serverHealthRoutes = [showServerHealth, listServerVitals, listHealthSamples]
