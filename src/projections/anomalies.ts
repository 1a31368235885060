/** Every detection: what was seen where, how often, what people judged it to be, and which incident answers it. */

import type { AnomalyStatus, Detection, DetectionSource } from '../domain/anomaly/events.ts'
import type { Service } from '../domain/catalogue/action.ts'
import { unreachable } from '../domain/decider.ts'
import type { Instant } from '../domain/instant.ts'
import type { Severity } from '../domain/severity.ts'
import { defineProjection } from './projection.ts'

export type AnomalyRow = Readonly<{
  anomalyId: string
  targetId: string
  hostId: string
  service: Service
  faultId: string | null
  title: string
  severity: Severity
  fingerprint: string
  fingerprintId: string
  groupedBy: string
  source: DetectionSource
  excerpt: string
  hints: Readonly<Record<string, string>>
  /** How many lines it stands for. */
  count: number
  status: AnomalyStatus
  statusBy: string | null
  statusAt: Instant | null
  incidentId: string | null
  detectedAt: Instant
  lastSeenAt: Instant
  revision: bigint
}>

export const anomalies = defineProjection({
  name: 'anomalies',
  version: 1,
  table: 'anomalies',
  columns: {
    anomalyId: 'text',
    targetId: 'text',
    hostId: 'text',
    service: 'text',
    faultId: 'text',
    title: 'text',
    severity: 'text',
    fingerprint: 'text',
    fingerprintId: 'text',
    groupedBy: 'text',
    source: 'json',
    excerpt: 'text',
    hints: 'json',
    count: 'integer',
    status: 'text',
    statusBy: 'text',
    statusAt: 'timestamptz',
    incidentId: 'text',
    detectedAt: 'timestamptz',
    lastSeenAt: 'timestamptz',
    revision: 'bigint',
  },
  primaryKey: 'anomalyId',
  nullable: ['faultId', 'statusBy', 'statusAt', 'incidentId'],
  indexes: [{ columns: ['detectedAt'] }, { columns: ['targetId', 'detectedAt'] }],
  eventTypes: ['AnomalyDetected', 'AnomalyRepeated', 'AnomalyStatusChanged', 'IncidentOpened', 'AnomalyAttached'],
  keys: (event) => [event.data.anomalyId],
  fold(row: AnomalyRow | undefined, event): AnomalyRow | 'none' {
    if (event.type === 'AnomalyDetected') return detected(event.data, event.revision)
    if (!row) return 'none'
    switch (event.type) {
      case 'AnomalyRepeated':
        return { ...row, count: row.count + event.data.count, lastSeenAt: event.data.seenAt, revision: event.revision }
      case 'AnomalyStatusChanged': {
        const { status, by, at } = event.data
        return { ...row, status, statusBy: by, statusAt: at, revision: event.revision }
      }
      case 'IncidentOpened':
      case 'AnomalyAttached':
        return { ...row, incidentId: event.data.incidentId }
      default:
        return unreachable(event)
    }
  },
})

function detected(data: Detection, revision: bigint): AnomalyRow {
  const { anomalyId, targetId, hostId, service, faultId, title, severity, fingerprint, fingerprintId, groupedBy, source, at } = data
  return {
    anomalyId,
    targetId,
    hostId,
    service,
    faultId: faultId ?? null,
    title,
    severity,
    fingerprint,
    fingerprintId,
    groupedBy,
    source,
    excerpt: data.excerpt.text,
    hints: Object.fromEntries(Object.entries(data.hints).map(([name, hint]) => [name, hint.text])),
    count: 1,
    status: 'new',
    statusBy: null,
    statusAt: null,
    incidentId: null,
    detectedAt: at,
    lastSeenAt: at,
    revision,
  }
}
