/**
 * The rules of a fingerprint: at most one open incident, quiet for a while after it, and after two failed fixes only people act.
 * A quiet time after an unconfirmed detection is short, so that a forged line cannot hide the real fault behind it for long.
 */
import { accept, type Decider, type Decision, refuse, unreachable } from '../decider.ts'
import type { IncidentOrigin } from '../incident/events.ts'
import { type Instant, later } from '../instant.ts'
import type { FingerprintEvent, FingerprintResult } from './events.ts'

export type Fingerprint = Readonly<{
  openIncident: string | undefined
  quietUntil: Instant | undefined
  cooldownMs: number
  /** Since the last fix that worked. */
  failedExecutions: ReadonlySet<string>
  breakerOpen: boolean
}>

export type FingerprintCommand =
  | Readonly<{
      type: 'SightFingerprint'
      data: Readonly<{ fingerprintId: string; cooldownMs: number; origin: IncidentOrigin; now: Instant }>
    }>
  | Readonly<{
      type: 'CloseFingerprint'
      data: Readonly<{ fingerprintId: string; incidentId: string; result: FingerprintResult; now: Instant }>
    }>
  | Readonly<{
      type: 'RecordFixFailure' | 'RecordFixSuccess'
      data: Readonly<{ fingerprintId: string; incidentId: string; executionId: string; now: Instant }>
    }>
  | Readonly<{ type: 'ResetBreaker'; data: Readonly<{ fingerprintId: string; by: string; reason: string; now: Instant }> }>

/** After so many failed fixes in a row, automation stops for this fingerprint. */
export const FAILURES_TO_OPEN_BREAKER = 2

/** Longest quiet time after a detection that no probe confirmed. */
export const UNCONFIRMED_QUIET_MS = 15_000

export const fingerprint: Decider<Fingerprint, FingerprintCommand, FingerprintEvent> = {
  initialState: { openIncident: undefined, quietUntil: undefined, cooldownMs: 0, failedExecutions: new Set(), breakerOpen: false },
  evolve,
  decide,
}

function evolve(state: Fingerprint, event: FingerprintEvent): Fingerprint {
  switch (event.type) {
    case 'FingerprintOpened':
      return { ...state, openIncident: event.data.origin.incidentId, cooldownMs: event.data.cooldownMs, quietUntil: undefined }
    case 'FingerprintSeenAgain':
    case 'FingerprintQuieted':
      return state
    case 'FingerprintClosed': {
      if (state.openIncident !== event.data.incidentId) return state
      return { ...state, openIncident: undefined, quietUntil: event.data.quietUntil }
    }
    case 'FixFailed':
      return { ...state, failedExecutions: new Set([...state.failedExecutions, event.data.executionId]) }
    case 'FixWorked':
      return { ...state, failedExecutions: new Set() }
    case 'BreakerOpened':
      return { ...state, breakerOpen: true }
    case 'BreakerReset':
      return { ...state, breakerOpen: false, failedExecutions: new Set() }
    default:
      return unreachable(event)
  }
}

function decide(state: Fingerprint, command: FingerprintCommand): Decision<FingerprintEvent> {
  const { fingerprintId, now } = command.data
  switch (command.type) {
    case 'SightFingerprint': {
      const { origin, cooldownMs } = command.data
      const { anomalyId } = origin
      if (state.openIncident === origin.incidentId) return accept()
      if (state.openIncident !== undefined) {
        return accept({ type: 'FingerprintSeenAgain', data: { fingerprintId, incidentId: state.openIncident, anomalyId, at: now } })
      }
      if (state.quietUntil !== undefined && now < state.quietUntil) {
        return accept({ type: 'FingerprintQuieted', data: { fingerprintId, anomalyId, until: state.quietUntil, at: now } })
      }
      return accept({ type: 'FingerprintOpened', data: { fingerprintId, cooldownMs, origin, at: now } })
    }
    case 'CloseFingerprint': {
      const { incidentId, result } = command.data
      if (state.openIncident !== incidentId) return accept()
      const quietMs = result === 'not-confirmed' ? Math.min(state.cooldownMs, UNCONFIRMED_QUIET_MS) : state.cooldownMs
      return accept({ type: 'FingerprintClosed', data: { fingerprintId, incidentId, result, quietUntil: later(now, quietMs), at: now } })
    }
    case 'RecordFixFailure': {
      const { incidentId, executionId } = command.data
      if (state.failedExecutions.has(executionId)) return accept()
      const failed = { type: 'FixFailed', data: { fingerprintId, incidentId, executionId, at: now } } as const
      const failures = state.failedExecutions.size + 1
      if (failures < FAILURES_TO_OPEN_BREAKER || state.breakerOpen) return accept(failed)
      return accept<FingerprintEvent>(failed, { type: 'BreakerOpened', data: { fingerprintId, failures, at: now } })
    }
    case 'RecordFixSuccess': {
      const { incidentId, executionId } = command.data
      return accept({ type: 'FixWorked', data: { fingerprintId, incidentId, executionId, at: now } })
    }
    case 'ResetBreaker': {
      const { by, reason } = command.data
      if (!state.breakerOpen) return refuse('breaker-not-open')
      return accept({ type: 'BreakerReset', data: { fingerprintId, by, reason, at: now } })
    }
    default:
      return unreachable(command)
  }
}
