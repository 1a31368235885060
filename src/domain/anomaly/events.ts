/** What can happen to an anomaly: one detection. It may open an incident; it never authorises an action. */
import type { Service } from '../catalogue/action.ts'
import type { SupervisorSight } from '../catalogue/supervisor-sights.ts'
import type { Instant } from '../instant.ts'
import type { Protected } from '../protected.ts'
import type { Severity } from '../severity.ts'

export type AnomalyEvent =
  | Readonly<{ type: 'AnomalyDetected'; data: Detection }>
  | Readonly<{ type: 'AnomalyRepeated'; data: Repetition }>
  | Readonly<{ type: 'AnomalyStatusChanged'; data: Readonly<{ anomalyId: string; status: AnomalyStatus; by: string; at: Instant }> }>

export type Detection = Readonly<{
  anomalyId: string
  targetId: string
  hostId: string
  service: Service
  /** Undefined when no fault of the catalogue recognises it. */
  faultId?: string
  title: string
  severity: Severity
  /** Groups repetitions: service, template or fault, stable parameters; never times, pids or client addresses. */
  fingerprint: string
  fingerprintId: string
  /** Why these were grouped, for a person. */
  groupedBy: string
  cooldownMs: number
  source: DetectionSource
  excerpt: Protected
  /** Captured from the line. Hints only; a precondition proves them before use. */
  hints: Readonly<Record<string, Protected>>
  at: Instant
}>

export type DetectionSource =
  | Readonly<{ kind: 'log'; path: string; generation: string; offset: number }>
  | Readonly<{ kind: 'poll'; probe: string }>
  | Readonly<{ kind: 'report'; by: string }>
  /** What the supervisor of the managed servers has recorded: `event` is its id. */
  | Readonly<{ kind: 'supervisor'; event: string; saw: SupervisorSight }>

/** Counts lines by their byte range, so that reading a range again counts nothing twice. */
export type Repetition = Readonly<{
  anomalyId: string
  fingerprintId: string
  count: number
  path: string
  generation: string
  fromOffset: number
  toOffset: number
  /** The last of them. */
  seenAt: Instant
  at: Instant
}>

export const anomalyStatuses = ['new', 'investigating', 'resolved', 'false_positive', 'ignored', 'escalated'] as const
export type AnomalyStatus = (typeof anomalyStatuses)[number]
