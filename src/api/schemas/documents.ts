/** Targets and anomalies in the words of the source documents: clients and errors. */
import { z } from 'zod'
import { ApiError } from '../api-error.ts'
import type { Context } from '../context.ts'
import type { anomaly } from './anomaly.ts'
import { exampleId, exampleTime, timeText } from './common.ts'
import type { target } from './target.ts'

export const client = z
  .object({
    client_id: z.string(),
    id: z.string().describe('Of the target.'),
    host: z.string().describe('Id of the host.'),
    service_type: z.string(),
    status: z.string(),
    mode: z.string(),
    open_errors: z.int(),
    registered_at: timeText,
  })
  .meta({ id: 'Client' })

export const exampleClient: z.input<typeof client> = {
  client_id: 'web-01',
  id: exampleId,
  host: '0199f0a0-0000-7000-8000-000000000003',
  service_type: 'nginx',
  status: 'healthy',
  mode: 'propose',
  open_errors: 0,
  registered_at: exampleTime,
}

export const clientJson = (json: z.input<typeof target>): z.input<typeof client> => ({
  client_id: json.name,
  id: json.id,
  host: json.hostId,
  service_type: json.service,
  status: json.status,
  mode: json.mode,
  open_errors: json.openIncidents,
  registered_at: json.registeredAt,
})

export const reportedError = z
  .object({
    id: z.string().describe('Of the anomaly.'),
    client: z.string().describe('Id of the target.'),
    service_type: z.string(),
    title: z.string(),
    message: z.string().describe('Text from outside. Show it as text only.'),
    severity: z.string(),
    status: z.string(),
    incident_id: z.string().nullable(),
    count: z.int(),
    first_seen: timeText,
    last_seen: timeText,
  })
  .meta({ id: 'ReportedError' })

export const exampleReportedError: z.input<typeof reportedError> = {
  id: exampleId,
  client: '0199f0a0-0000-7000-8000-000000000005',
  service_type: 'redis',
  title: 'reported by a program',
  message: 'OOM command not allowed when used memory > maxmemory',
  severity: 'error',
  status: 'new',
  incident_id: '0199f0a0-0000-7000-8000-000000000004',
  count: 1,
  first_seen: exampleTime,
  last_seen: exampleTime,
}

export const reportedErrorJson = (json: z.input<typeof anomaly>): z.input<typeof reportedError> => ({
  id: json.id,
  client: json.targetId,
  service_type: json.service,
  title: json.title,
  message: json.excerpt,
  severity: json.severity,
  status: json.status,
  incident_id: json.incidentId,
  count: json.count,
  first_seen: json.detectedAt,
  last_seen: json.lastSeenAt,
})

/** A host by its name, its address or its id. @throws ApiError `host-not-registered` */
export async function hostIdOf(host: string, { queries }: Pick<Context, 'queries'>): Promise<string> {
  const byName = await queries.hosts.list({ name: host, limit: 1 })
  const [named] = byName.items
  if (named) return named.hostId
  const byId = await queries.hosts.show(host)
  if (byId.value?.state === 'registered') return byId.value.hostId
  for (let cursor: string | undefined; ; ) {
    const { items, nextCursor } = await queries.hosts.list({ limit: 100, cursor })
    const match = items.find(({ address }) => address === host)
    if (match) return match.hostId
    if (nextCursor === undefined) throw new ApiError('host-not-registered', { details: { field: 'host' } })
    cursor = nextCursor
  }
}
