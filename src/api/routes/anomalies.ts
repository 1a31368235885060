/** Anomalies: detections. Programs may report errors themselves; a report opens an incident at most, it never authorises an action. */
import { z } from 'zod'
import { anomalyStatuses } from '../../domain/anomaly/events.ts'
import { services } from '../../domain/catalogue/action.ts'
import { fromPriority, severities } from '../../domain/severity.ts'
import { ApiError } from '../api-error.ts'
import type { Context } from '../context.ts'
import { defineRoute } from '../define-route.ts'
import { aCommand, aCommandOnOne, aList, aPageOf, aThing } from '../route-shapes.ts'
import { anomaly, anomalyJson, exampleAnomaly } from '../schemas/anomaly.ts'
import {
  accepted,
  exampleOutcome,
  found,
  id,
  line,
  listOptions,
  outcome,
  outcomeJson,
  pagedListQuery,
  pageJson,
  readOptions,
  time,
} from '../schemas/common.ts'

/** Longest message of a report, in UTF-16 code units. */
const MAX_MESSAGE = 16_000

const severity = z.union([z.enum(severities), z.literal([1, 2, 3, 4]).transform(fromPriority).describe('Priority: 1 critical, 4 low.')])

export const reportAnomaly = defineRoute({
  ...aCommand,
  path: '/api/v1/anomalies',
  operation: 'anomalies.report',
  tag: 'anomalies',
  summary: 'Report an error',
  description: 'Name the target by its id, or by its name as client_id. The report is examined on the host before anything is planned.',
  permission: 'errors:report',
  rateClass: 'report',
  body: z
    .strictObject({
      targetId: id.optional(),
      client_id: line(128).optional(),
      message: z.string().min(1).max(MAX_MESSAGE),
      severity: severity.default('error'),
      occurredAt: time.optional(),
      context: z.json().optional(),
    })
    .refine((body) => (body.targetId === undefined) !== (body.client_id === undefined), {
      path: ['targetId'],
      message: 'give either targetId or client_id',
    }),
  answer: {
    status: 202,
    schema: outcome.extend({ anomalyId: z.string() }),
    example: { ...exampleOutcome, anomalyId: exampleOutcome.id },
  },
  refusals: ['target-not-registered'],
  async handle({ body, meta }, context) {
    const { client_id, message, severity, occurredAt, context: circumstances } = body
    const targetId = body.targetId ?? (await targetIdOf(client_id ?? '', context))
    const result = await context.commands.reportAnomaly({
      targetId,
      message,
      severity,
      ...(occurredAt === undefined ? {} : { occurredAt }),
      ...(circumstances === undefined ? {} : { context: circumstances }),
      meta,
    })
    return { json: { ...outcomeJson(result), anomalyId: result.id } }
  },
})

/** The target of that name. @throws ApiError `target-not-registered` */
export async function targetIdOf(name: string, { queries }: Pick<Context, 'queries'>): Promise<string> {
  const { items } = await queries.targets.list({ name, limit: 1 })
  const [target] = items
  if (!target) throw new ApiError('target-not-registered', { details: { field: 'client_id' } })
  return target.targetId
}

export const listAnomalies = defineRoute({
  ...aList,
  path: '/api/v1/anomalies',
  operation: 'anomalies.list',
  tag: 'anomalies',
  summary: 'List anomalies',
  permission: 'incidents:view',
  query: pagedListQuery.extend({
    target_id: id.optional(),
    incident_id: id.optional(),
    status: z.enum(anomalyStatuses).optional(),
    severity: z.enum(severities).optional(),
    service: z.enum(services).optional(),
    fault_id: id.optional(),
    from: time.optional(),
    until: time.optional(),
  }),
  answer: aPageOf(anomaly, exampleAnomaly),
  async handle({ query }, { queries }) {
    const { target_id: targetId, incident_id: incidentId, fault_id: faultId, status, severity, service, from, until } = query
    const filter = { targetId, incidentId, faultId, status, severity, service, from, until }
    return { json: pageJson(await queries.anomalies.list({ ...listOptions(query), ...filter }), anomalyJson) }
  },
})

export const showAnomaly = defineRoute({
  ...aThing,
  path: '/api/v1/anomalies/{id}',
  operation: 'anomalies.show',
  tag: 'anomalies',
  summary: 'Show an anomaly',
  permission: 'incidents:view',
  answer: { status: 200, schema: anomaly, example: exampleAnomaly },
  handle: async ({ params, query }, { queries }) => found(await queries.anomalies.show(params.id, readOptions(query)), anomalyJson),
})

export const changeAnomalyStatus = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/anomalies/{id}/status',
  operation: 'anomalies.change-status',
  tag: 'anomalies',
  summary: 'Judge an anomaly',
  permission: 'incidents:manage',
  body: z.strictObject({ status: z.enum(anomalyStatuses) }),
  answer: { status: 200, schema: outcome, example: { ...exampleOutcome, id: exampleAnomaly.id } },
  refusals: ['anomaly-not-found', 'anomaly-move-not-allowed'],
  handle: async ({ params: { id }, body: { status }, meta }, { commands }) =>
    accepted(await commands.changeAnomalyStatus({ id, status, meta })),
})

export const anomalyRoutes = [reportAnomaly, listAnomalies, showAnomaly, changeAnomalyStatus]
