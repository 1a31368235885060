/** An anomaly as it is shown: one detection, and what people made of it. */
import { z } from 'zod'
import { anomalyStatuses } from '../../domain/anomaly/events.ts'
import { services } from '../../domain/catalogue/action.ts'
import { severities } from '../../domain/severity.ts'
import type { AnomalyRow } from '../../projections/anomalies.ts'
import { exampleId, exampleTime, positionText, timeText } from './common.ts'

export const anomaly = z
  .object({
    id: z.string(),
    incidentId: z.string().nullable(),
    targetId: z.string(),
    hostId: z.string(),
    service: z.enum(services),
    faultId: z.string().nullable().describe('Null when no fault of the catalogue recognises it.'),
    title: z.string(),
    severity: z.enum(severities),
    status: z.enum(anomalyStatuses),
    statusBy: z.string().nullable(),
    statusAt: timeText.nullable(),
    fingerprint: z.string(),
    fingerprintId: z.string(),
    groupedBy: z.string().describe('Why repetitions are counted together.'),
    source: z.record(z.string(), z.unknown()),
    excerpt: z.string().describe('Text from outside. Show it as text only.'),
    count: z.int().describe('How many lines it stands for.'),
    detectedAt: timeText,
    lastSeenAt: timeText,
    revision: positionText,
  })
  .meta({ id: 'Anomaly' })

export const exampleAnomaly: z.input<typeof anomaly> = {
  id: exampleId,
  incidentId: '0199f0a0-0000-7000-8000-000000000004',
  targetId: '0199f0a0-0000-7000-8000-000000000005',
  hostId: '0199f0a0-0000-7000-8000-000000000003',
  service: 'nginx',
  faultId: 'nginx.too-many-open-files',
  title: 'nginx has run out of file descriptors',
  severity: 'error',
  status: 'new',
  statusBy: null,
  statusAt: null,
  fingerprint: 'nginx.too-many-open-files',
  fingerprintId: '0199f0a0-0000-5000-8000-000000000006',
  groupedBy: 'fault',
  source: { kind: 'log', path: '/var/log/nginx/error.log', generation: '2049:131', offset: 812 },
  excerpt: 'accept4() failed (24: Too many open files)',
  count: 3,
  detectedAt: exampleTime,
  lastSeenAt: exampleTime,
  revision: '2',
}

export const anomalyJson = (row: AnomalyRow): z.input<typeof anomaly> => ({
  id: row.anomalyId,
  incidentId: row.incidentId,
  targetId: row.targetId,
  hostId: row.hostId,
  service: row.service,
  faultId: row.faultId,
  title: row.title,
  severity: row.severity,
  status: row.status,
  statusBy: row.statusBy,
  statusAt: row.statusAt,
  fingerprint: row.fingerprint,
  fingerprintId: row.fingerprintId,
  groupedBy: row.groupedBy,
  source: row.source,
  excerpt: row.excerpt,
  count: row.count,
  detectedAt: row.detectedAt,
  lastSeenAt: row.lastSeenAt,
  revision: String(row.revision),
})
