/** What can happen to a fingerprint: everything that looks alike on one target. It decides when a detection opens an incident. */

import type { IncidentOrigin } from '../incident/events.ts'
import type { Instant } from '../instant.ts'

export type FingerprintEvent =
  | Readonly<{
      type: 'FingerprintOpened'
      data: Readonly<{ fingerprintId: string; cooldownMs: number; origin: IncidentOrigin; at: Instant }>
    }>
  | Readonly<{
      type: 'FingerprintSeenAgain'
      data: Readonly<{ fingerprintId: string; incidentId: string; anomalyId: string; at: Instant }>
    }>
  | Readonly<{ type: 'FingerprintQuieted'; data: Readonly<{ fingerprintId: string; anomalyId: string; until: Instant; at: Instant }> }>
  | Readonly<{ type: 'FingerprintClosed'; data: FingerprintClosure }>
  | Readonly<{ type: 'FixFailed'; data: Readonly<{ fingerprintId: string; incidentId: string; executionId: string; at: Instant }> }>
  | Readonly<{ type: 'FixWorked'; data: Readonly<{ fingerprintId: string; incidentId: string; executionId: string; at: Instant }> }>
  | Readonly<{ type: 'BreakerOpened'; data: Readonly<{ fingerprintId: string; failures: number; at: Instant }> }>
  | Readonly<{ type: 'BreakerReset'; data: Readonly<{ fingerprintId: string; by: string; reason: string; at: Instant }> }>

export type FingerprintClosure = Readonly<{
  fingerprintId: string
  incidentId: string
  result: FingerprintResult
  quietUntil: Instant
  at: Instant
}>

/** Only an unconfirmed detection makes the quiet time short. */
export type FingerprintResult = 'answered' | 'not-confirmed'
