/** Incidents: the workflows that answer anomalies. People acknowledge, close, ask again, and settle what nobody could prove. */
import { z } from 'zod'
import { services } from '../../domain/catalogue/action.ts'
import { severities } from '../../domain/severity.ts'
import { incidentStates } from '../../projections/incident-row.ts'
import { defineRoute } from '../define-route.ts'
import { aCommandOnOne, aList, aPageOf, aThing } from '../route-shapes.ts'
import {
  accepted,
  exampleOutcome,
  flag,
  found,
  id,
  listOptions,
  listQuery,
  outcome,
  pageJson,
  readOptions,
  reason,
  time,
  withReason,
} from '../schemas/common.ts'
import {
  exampleIncident,
  exampleIncidentSummary,
  incident,
  incidentJson,
  incidentSummary,
  incidentSummaryJson,
} from '../schemas/incident.ts'

const example = { ...exampleOutcome, id: exampleIncident.id }

export const listIncidents = defineRoute({
  ...aList,
  path: '/api/v1/incidents',
  operation: 'incidents.list',
  tag: 'incidents',
  summary: 'List incidents',
  permission: 'incidents:view',
  query: listQuery.extend({
    target_id: id.optional(),
    host_id: id.optional(),
    service: z.enum(services).optional(),
    severity: z.enum(severities).optional(),
    state: z.enum(incidentStates).optional(),
    open: flag.optional().describe('true: those without an end.'),
    from: time.optional(),
    until: time.optional(),
  }),
  answer: aPageOf(incidentSummary, exampleIncidentSummary),
  async handle({ query }, { queries }) {
    const { target_id: targetId, host_id: hostId, service, severity, state, open, from, until } = query
    const page = await queries.incidents.list({ ...listOptions(query), targetId, hostId, service, severity, state, open, from, until })
    return { json: pageJson(page, incidentSummaryJson) }
  },
})

export const showIncident = defineRoute({
  ...aThing,
  path: '/api/v1/incidents/{id}',
  operation: 'incidents.show',
  tag: 'incidents',
  summary: 'Show an incident with timeline, evidence, plan and outcome',
  permission: 'incidents:view',
  answer: { status: 200, schema: incident, example: exampleIncident },
  handle: async ({ params, query }, { queries }) => found(await queries.incidents.show(params.id, readOptions(query)), incidentJson),
})

export const acknowledgeIncident = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/incidents/{id}/acknowledge',
  operation: 'incidents.acknowledge',
  tag: 'incidents',
  summary: 'Acknowledge an incident',
  permission: 'incidents:manage',
  answer: { status: 200, schema: outcome, example },
  refusals: ['incident-not-found', 'incident-ended'],
  handle: async ({ params: { id }, meta }, { commands }) => accepted(await commands.acknowledgeIncident({ id, meta })),
})

export const closeIncident = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/incidents/{id}/close',
  operation: 'incidents.close',
  tag: 'incidents',
  summary: 'Close an incident',
  permission: 'incidents:manage',
  body: withReason.partial(),
  answer: { status: 200, schema: outcome, example },
  refusals: ['incident-not-found', 'incident-ended', 'incident-is-executing', 'outcome-not-declared'],
  handle: async ({ params: { id }, body: { reason = 'closed' }, meta }, { commands }) =>
    accepted(await commands.closeIncident({ id, reason, meta })),
})

export const resolveIncident = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/incidents/{id}/resolve',
  operation: 'incidents.resolve',
  tag: 'incidents',
  summary: 'Say what became of an unknown outcome',
  description: 'A person looked at the host. `done`: the fix took effect; `not-done`: it did not.',
  permission: 'remediation:execute',
  body: z.strictObject({ outcome: z.enum(['done', 'not-done']), reason }),
  answer: { status: 200, schema: outcome, example },
  refusals: ['incident-not-found', 'incident-ended', 'outcome-not-undetermined'],
  handle: async ({ params: { id }, body: { outcome, reason }, meta }, { commands }) =>
    accepted(await commands.resolveIncident({ id, outcome, reason, meta })),
})

export const reanalyseIncident = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/incidents/{id}/reanalyse',
  operation: 'incidents.reanalyse',
  tag: 'incidents',
  summary: 'Look at the host again and analyse anew',
  permission: 'incidents:manage',
  rateClass: 'costly',
  answer: { status: 202, schema: outcome, example },
  refusals: ['incident-not-found', 'incident-ended', 'incident-is-executing', 'outcome-not-declared'],
  handle: async ({ params: { id }, meta }, { commands }) => accepted(await commands.reanalyseIncident({ id, meta })),
})

export const incidentRoutes = [listIncidents, showIncident, acknowledgeIncident, closeIncident, resolveIncident, reanalyseIncident]
