/**
 * The paths of the documents about monitoring: clients, errors, anomalies, status. (`GET /health` has their shape itself and stands with the
 * system's routes.)
 */
import { z } from 'zod'
import { hostServices } from '../../domain/catalogue/action.ts'
import { absolutePath, serviceSettings } from '../../domain/catalogue/inventory.ts'
import { modes } from '../../domain/target/events.ts'
import type { Route } from '../define-route.ts'
import { changeAnomalyStatus, listAnomalies, reportAnomaly, showAnomaly, type targetIdOf } from '../routes/anomalies.ts'
import { showStatus } from '../routes/system.ts'
import { listTargets, registerTarget, retireTarget, showTarget, showTargetStatus } from '../routes/targets.ts'
import { exampleOutcome, exampleTime, line, listOf, name, none, pageQuery, positionText, timeText } from '../schemas/common.ts'
import {
  client,
  clientJson,
  exampleClient,
  exampleReportedError,
  hostIdOf,
  reportedError,
  reportedErrorJson,
} from '../schemas/documents.ts'
import { defineAlias } from './define-alias.ts'

const clientParam = z.strictObject({ id: z.string().min(1).max(128).describe('client_id, or the id of the target.') })
const pageOfDocuments = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: listOf(item), total: z.int(), page: z.int(), page_size: z.int() })

const documentPage = <Item, Json>(
  { items, total }: Readonly<{ items: readonly Item[]; total?: number | undefined }>,
  { page, page_size }: Readonly<{ page: number; page_size: number }>,
  json: (item: Item) => Json,
) => ({ items: items.map(json), total: total ?? items.length, page, page_size })

/** Where each service writes its errors on Debian, for a client that names no file. */
const usualLogs: Readonly<Partial<Record<(typeof hostServices)[number], readonly string[]>>> = {
  nginx: ['/var/log/nginx/error.log'],
  redis: ['/var/log/redis/redis-server.log'],
}

const registerClient = defineAlias(registerTarget, {
  path: '/clients',
  operation: 'clients.register',
  tag: 'aliases',
  summary: 'Register a client: a target in the words of the documents',
  params: none,
  query: none,
  body: z
    .strictObject({
      client_id: name,
      host: line(253).describe('Name, address or id of a registered host.'),
      service_type: z.enum(hostServices),
      log_paths: z.array(absolutePath).max(16).optional(),
      config_paths: z.array(absolutePath).max(32).default([]),
      connection: serviceSettings.optional(),
      mode: z.enum(modes).default('propose'),
    })
    .refine(({ service_type, log_paths }) => log_paths !== undefined || usualLogs[service_type] !== undefined, {
      path: ['log_paths'],
      message: 'is needed: this service has no usual place for its log',
    }),
  answer: {
    status: 201,
    schema: z.object({
      client_id: z.string(),
      id: z.string(),
      status: z.literal('registered'),
      position: positionText,
      command_id: z.string(),
    }),
    example: { client_id: 'web-01', id: exampleOutcome.id, status: 'registered', position: '4711', command_id: exampleOutcome.commandId },
  },
  async request({ body, ...rest }, context) {
    const { client_id, host, service_type, log_paths, config_paths, connection, mode } = body
    return {
      ...rest,
      body: {
        name: client_id,
        hostId: await hostIdOf(host, context),
        service: service_type,
        logPaths: [...(log_paths ?? usualLogs[service_type] ?? [])],
        configPaths: config_paths,
        ...(connection === undefined ? {} : { connection }),
        mode,
      },
    }
  },
  reply: ({ id, position, commandId }, { body }) => ({
    client_id: body.client_id,
    id,
    status: 'registered' as const,
    position,
    command_id: commandId,
  }),
})

const listClients = defineAlias(listTargets, {
  path: '/clients',
  operation: 'clients.list',
  tag: 'aliases',
  summary: 'List clients',
  params: none,
  query: pageQuery,
  body: none,
  answer: {
    status: 200,
    schema: pageOfDocuments(client),
    example: { items: [exampleClient], total: 1, page: 1, page_size: 20 },
  },
  request: async ({ query, ...rest }) => ({ ...rest, query: { ...query, state: 'registered' as const, limit: query.page_size } }),
  reply: (page, { query }) => documentPage(page, query, clientJson),
})

const showClient = defineAlias(showTarget, {
  path: '/clients/{id}',
  operation: 'clients.show',
  tag: 'aliases',
  summary: 'Show a client',
  params: clientParam,
  query: none,
  body: none,
  answer: { status: 200, schema: client, example: exampleClient },
  request: async ({ params, ...rest }, context) => ({ ...rest, params: { id: await clientIdOf(params.id, context) } }),
  reply: clientJson,
})

const showClientStatus = defineAlias(showTargetStatus, {
  path: '/clients/{id}/status',
  operation: 'clients.status',
  tag: 'aliases',
  summary: 'Show how a client is',
  params: clientParam,
  query: none,
  body: none,
  answer: {
    status: 200,
    schema: z.object({
      client_id: z.string(),
      status: z.string(),
      because: z.string().nullable(),
      open_errors: z.int(),
      last_error_at: timeText.nullable(),
      last_seen_at: timeText.nullable(),
    }),
    example: { client_id: 'web-01', status: 'healthy', because: null, open_errors: 0, last_error_at: null, last_seen_at: exampleTime },
  },
  request: async ({ params, ...rest }, context) => ({ ...rest, params: { id: await clientIdOf(params.id, context) } }),
  reply: ({ name, status, because, openIncidents, lastAnomalyAt, seenAt }) => ({
    client_id: name,
    status,
    because,
    open_errors: openIncidents,
    last_error_at: lastAnomalyAt,
    last_seen_at: seenAt,
  }),
})

const removeClient = defineAlias(retireTarget, {
  path: '/clients/{id}',
  operation: 'clients.remove',
  tag: 'aliases',
  summary: 'Remove a client: its target is retired',
  // The documents know no ETag.
  ifMatch: 'optional',
  params: clientParam,
  query: none,
  body: none,
  answer: {
    status: 200,
    schema: z.object({ client_id: z.string(), status: z.literal('removed'), position: positionText, command_id: z.string() }),
    example: { client_id: 'web-01', status: 'removed', position: '4711', command_id: exampleOutcome.commandId },
  },
  request: async ({ params, ...rest }, context) => ({
    ...rest,
    params: { id: await clientIdOf(params.id, context) },
    body: { reason: 'removed as a client' },
  }),
  reply: ({ position, commandId }, { params }) => ({ client_id: params.id, status: 'removed' as const, position, command_id: commandId }),
})

/** The documents name a client; an id is accepted too. */
async function clientIdOf(nameOrId: string, context: Parameters<typeof targetIdOf>[1]): Promise<string> {
  const { items } = await context.queries.targets.list({ name: nameOrId, limit: 1 })
  return items[0]?.targetId ?? nameOrId
}

const reportError = defineAlias(reportAnomaly, {
  path: '/errors',
  operation: 'errors.report',
  tag: 'aliases',
  summary: 'Report an error',
  params: none,
  query: none,
  body: reportAnomaly.body,
  answer: reportAnomaly.answer,
  request: async (request) => request,
  reply: (reply) => reply,
})

const listErrors = defineAlias(listAnomalies, {
  path: '/errors',
  operation: 'errors.list',
  tag: 'aliases',
  summary: 'List errors',
  params: none,
  query: pageQuery,
  body: none,
  answer: {
    status: 200,
    schema: pageOfDocuments(reportedError),
    example: { items: [exampleReportedError], total: 1, page: 1, page_size: 20 },
  },
  request: async ({ query, ...rest }) => ({ ...rest, query: { ...query, limit: query.page_size } }),
  reply: (page, { query }) => documentPage(page, query, reportedErrorJson),
})

const showError = defineAlias(showAnomaly, {
  path: '/errors/{id}',
  operation: 'errors.show',
  tag: 'aliases',
  summary: 'Show what became of an error',
  description: 'By the id of the anomaly, or of the incident that it led to.',
  params: clientParam,
  query: none,
  body: none,
  answer: { status: 200, schema: reportedError, example: exampleReportedError },
  async request({ params, ...rest }, { queries }) {
    const incident = await queries.incidents.show(params.id)
    return { ...rest, query: {}, params: { id: incident.value?.anomalyIds[0] ?? params.id } }
  },
  reply: reportedErrorJson,
})

const changeErrorStatus = defineAlias(changeAnomalyStatus, {
  path: '/anomalies/{id}/status',
  operation: 'documents.anomaly-status',
  tag: 'aliases',
  summary: 'Judge an anomaly',
  params: changeAnomalyStatus.params,
  query: none,
  body: changeAnomalyStatus.body,
  answer: {
    status: 200,
    schema: z.object({ status: z.literal('updated'), position: positionText, command_id: z.string() }),
    example: { status: 'updated', position: '4711', command_id: exampleOutcome.commandId },
  },
  request: async (request) => request,
  reply: ({ position, commandId }) => ({ status: 'updated' as const, position, command_id: commandId }),
})

const documentStatus = defineAlias(showStatus, {
  path: '/status',
  operation: 'documents.status',
  tag: 'aliases',
  summary: 'Status in one look, in the words of the documents',
  params: none,
  query: none,
  body: none,
  answer: {
    status: 200,
    schema: z.object({
      status: z.enum(['healthy', 'degraded', 'unhealthy']),
      version: z.string(),
      uptime_seconds: z.number(),
      processing: z.enum(['running', 'paused']),
      clients: z.object({ total: z.int(), paused: z.int(), frozen: z.int(), unseen: z.int() }),
      hosts: z.object({ total: z.int(), lost: z.int() }),
      errors: z.object({ total: z.int(), last_24h: z.int(), open: z.int() }),
      approvals: z.object({ pending: z.int() }),
      checks: listOf(z.object({ name: z.string(), status: z.string(), says: z.string() })),
    }),
    example: {
      status: 'healthy',
      version: '0.1.0',
      uptime_seconds: 3_600,
      processing: 'running',
      clients: { total: 5, paused: 0, frozen: 0, unseen: 0 },
      hosts: { total: 3, lost: 0 },
      errors: { total: 12, last_24h: 2, open: 1 },
      approvals: { pending: 1 },
      checks: [{ name: 'event-store', status: 'healthy', says: 'reachable' }],
    },
  },
  request: async (request) => request,
  reply: ({ status, version, uptimeSeconds, healing, targets, hosts, anomalies, incidents, approvals, checks }) => ({
    status,
    version,
    uptime_seconds: uptimeSeconds,
    processing: healing.stopped ? ('paused' as const) : ('running' as const),
    clients: { total: targets.registered, paused: targets.paused, frozen: targets.frozen, unseen: targets.unseen },
    hosts: { total: hosts.registered, lost: hosts.lost },
    errors: { total: anomalies.total, last_24h: anomalies.last24h, open: incidents.open },
    approvals,
    checks,
  }),
})

export const monitoringAliases: readonly Route[] = [
  registerClient,
  listClients,
  showClient,
  showClientStatus,
  removeClient,
  reportError,
  listErrors,
  showError,
  changeErrorStatus,
  documentStatus,
]
