/** Targets as they stand: what may be done to them, whether they can be seen, and when something was last found on them. */
import type { Service } from '../domain/catalogue/action.ts'
import type { ServiceSettings } from '../domain/catalogue/inventory.ts'
import { unreachable } from '../domain/decider.ts'
import type { Recorded } from '../domain/events.ts'
import type { Instant } from '../domain/instant.ts'
import type { Mode, TargetEvent, TargetRegistration } from '../domain/target/events.ts'
import { defineProjection } from './projection.ts'

export type TargetRow = Readonly<{
  targetId: string
  name: string
  hostId: string
  service: Service
  logPaths: readonly string[]
  configPaths: readonly string[]
  stateDir: string
  connection: ServiceSettings | null
  mode: Mode
  state: 'registered' | 'retired'
  paused: boolean
  pausedBy: string | null
  pausedReason: string | null
  frozen: boolean
  /** The incident that froze it. */
  frozenBy: string | null
  frozenReason: string | null
  visibility: 'unknown' | 'visible' | 'unseen'
  unseenReason: string | null
  seenAt: Instant | null
  baselineEntries: number
  baselineAt: Instant | null
  anomalies: number
  lastAnomalyId: string | null
  lastAnomalyAt: Instant | null
  logGaps: number
  lastLogGapAt: Instant | null
  registeredBy: string
  registeredAt: Instant
  retiredBy: string | null
  retiredReason: string | null
  retiredAt: Instant | null
  revision: bigint
}>

export const targets = defineProjection({
  name: 'targets',
  version: 1,
  table: 'targets',
  columns: {
    targetId: 'text',
    name: 'text',
    hostId: 'text',
    service: 'text',
    logPaths: 'text[]',
    configPaths: 'text[]',
    stateDir: 'text',
    connection: 'json',
    mode: 'text',
    state: 'text',
    paused: 'boolean',
    pausedBy: 'text',
    pausedReason: 'text',
    frozen: 'boolean',
    frozenBy: 'text',
    frozenReason: 'text',
    visibility: 'text',
    unseenReason: 'text',
    seenAt: 'timestamptz',
    baselineEntries: 'integer',
    baselineAt: 'timestamptz',
    anomalies: 'integer',
    lastAnomalyId: 'text',
    lastAnomalyAt: 'timestamptz',
    logGaps: 'integer',
    lastLogGapAt: 'timestamptz',
    registeredBy: 'text',
    registeredAt: 'timestamptz',
    retiredBy: 'text',
    retiredReason: 'text',
    retiredAt: 'timestamptz',
    revision: 'bigint',
  },
  primaryKey: 'targetId',
  nullable: [
    'connection',
    'pausedBy',
    'pausedReason',
    'frozenBy',
    'frozenReason',
    'unseenReason',
    'seenAt',
    'baselineAt',
    'lastAnomalyId',
    'lastAnomalyAt',
    'lastLogGapAt',
    'retiredBy',
    'retiredReason',
    'retiredAt',
  ],
  indexes: [{ columns: ['hostId'] }],
  eventTypes: [
    'TargetRegistered',
    'TargetModeChanged',
    'TargetPaused',
    'TargetResumed',
    'TargetFrozen',
    'TargetUnfrozen',
    'TargetSeen',
    'TargetUnseen',
    'BaselineRecorded',
    'LogGapDetected',
    'TargetRetired',
    'AnomalyDetected',
  ],
  keys: (event) => [event.data.targetId],
  fold(row: TargetRow | undefined, event): TargetRow | 'none' {
    if (event.type === 'TargetRegistered') return registered(event.data, event.revision)
    if (!row) return 'none'
    if (event.type === 'AnomalyDetected') {
      const { anomalyId, at } = event.data
      return { ...row, anomalies: row.anomalies + 1, lastAnomalyId: anomalyId, lastAnomalyAt: at }
    }
    return { ...changed(row, event), revision: event.revision }
  },
})

function registered(data: TargetRegistration, revision: bigint): TargetRow {
  const { targetId, name, hostId, service, logPaths, configPaths, stateDir, connection, mode, by, at } = data
  return {
    targetId,
    name,
    hostId,
    service,
    logPaths,
    configPaths,
    stateDir,
    connection: connection ?? null,
    mode,
    state: 'registered',
    paused: false,
    pausedBy: null,
    pausedReason: null,
    frozen: false,
    frozenBy: null,
    frozenReason: null,
    visibility: 'unknown',
    unseenReason: null,
    seenAt: null,
    baselineEntries: 0,
    baselineAt: null,
    anomalies: 0,
    lastAnomalyId: null,
    lastAnomalyAt: null,
    logGaps: 0,
    lastLogGapAt: null,
    registeredBy: by,
    registeredAt: at,
    retiredBy: null,
    retiredReason: null,
    retiredAt: null,
    revision,
  }
}

function changed(row: TargetRow, event: Exclude<Recorded<TargetEvent>, { type: 'TargetRegistered' }>): TargetRow {
  switch (event.type) {
    case 'TargetModeChanged':
      return { ...row, mode: event.data.mode }
    case 'TargetPaused':
      return { ...row, paused: true, pausedBy: event.data.by, pausedReason: event.data.reason }
    case 'TargetResumed':
      return { ...row, paused: false, pausedBy: null, pausedReason: null }
    case 'TargetFrozen':
      return { ...row, frozen: true, frozenBy: event.data.incidentId, frozenReason: event.data.reason }
    case 'TargetUnfrozen':
      return { ...row, frozen: false, frozenBy: null, frozenReason: null }
    case 'TargetSeen':
      return { ...row, visibility: 'visible', unseenReason: null, seenAt: event.data.at }
    case 'TargetUnseen':
      return { ...row, visibility: 'unseen', unseenReason: event.data.reason }
    case 'BaselineRecorded':
      // A change of ours renews entries that are there already.
      return event.data.reason === 'verified-change'
        ? { ...row, baselineAt: event.data.at }
        : { ...row, baselineEntries: event.data.entries.length, baselineAt: event.data.at }
    case 'LogGapDetected':
      return { ...row, logGaps: row.logGaps + 1, lastLogGapAt: event.data.at }
    case 'TargetRetired': {
      const { by, reason, at } = event.data
      return { ...row, state: 'retired', retiredBy: by, retiredReason: reason, retiredAt: at }
    }
    default:
      return unreachable(event)
  }
}
