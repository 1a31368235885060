/** What looks alike on one target: its open incident, its quiet time, and the breaker that leaves it to people after failed fixes. */
import { unreachable } from '../domain/decider.ts'
import type { Instant } from '../domain/instant.ts'
import { defineProjection } from './projection.ts'

export type FingerprintRow = Readonly<{
  fingerprintId: string
  fingerprint: string
  targetId: string
  title: string
  openIncident: string | null
  incidents: number
  /** Detections that were added to an open incident, or came in a quiet time. */
  repeats: number
  quietUntil: Instant | null
  /** Fixes that failed since the last one that worked. */
  failures: number
  breaker: 'closed' | 'open'
  breakerChangedBy: string | null
  breakerChangedAt: Instant | null
  lastSeenAt: Instant
  revision: bigint
}>

export const fingerprints = defineProjection({
  name: 'fingerprints',
  version: 1,
  table: 'fingerprints',
  columns: {
    fingerprintId: 'text',
    fingerprint: 'text',
    targetId: 'text',
    title: 'text',
    openIncident: 'text',
    incidents: 'integer',
    repeats: 'integer',
    quietUntil: 'timestamptz',
    failures: 'integer',
    breaker: 'text',
    breakerChangedBy: 'text',
    breakerChangedAt: 'timestamptz',
    lastSeenAt: 'timestamptz',
    revision: 'bigint',
  },
  primaryKey: 'fingerprintId',
  nullable: ['openIncident', 'quietUntil', 'breakerChangedBy', 'breakerChangedAt'],
  indexes: [{ columns: ['targetId'] }],
  eventTypes: [
    'FingerprintOpened',
    'FingerprintSeenAgain',
    'FingerprintQuieted',
    'FingerprintClosed',
    'FixFailed',
    'FixWorked',
    'BreakerOpened',
    'BreakerReset',
  ],
  keys: (event) => [event.data.fingerprintId],
  fold(row: FingerprintRow | undefined, event): FingerprintRow | 'none' {
    const { revision } = event
    if (event.type === 'FingerprintOpened') {
      const { fingerprintId, origin, at } = event.data
      const { fingerprint, targetId, title } = origin
      const known = row ?? { ...unseen, fingerprintId, fingerprint, targetId, title }
      return {
        ...known,
        title,
        openIncident: origin.incidentId,
        incidents: known.incidents + 1,
        quietUntil: null,
        lastSeenAt: at,
        revision,
      }
    }
    if (!row) return 'none'
    switch (event.type) {
      case 'FingerprintSeenAgain':
      case 'FingerprintQuieted':
        return { ...row, repeats: row.repeats + 1, lastSeenAt: event.data.at, revision }
      case 'FingerprintClosed':
        return row.openIncident === event.data.incidentId
          ? { ...row, openIncident: null, quietUntil: event.data.quietUntil, revision }
          : { ...row, revision }
      case 'FixFailed':
        return { ...row, failures: row.failures + 1, revision }
      case 'FixWorked':
        return { ...row, failures: 0, revision }
      case 'BreakerOpened':
        return { ...row, breaker: 'open', breakerChangedBy: null, breakerChangedAt: event.data.at, revision }
      case 'BreakerReset': {
        const { by, at } = event.data
        return { ...row, breaker: 'closed', failures: 0, breakerChangedBy: by, breakerChangedAt: at, revision }
      }
      default:
        return unreachable(event)
    }
  },
})

const unseen = {
  openIncident: null,
  incidents: 0,
  repeats: 0,
  quietUntil: null,
  failures: 0,
  breaker: 'closed',
  breakerChangedBy: null,
  breakerChangedAt: null,
} as const
