/**
 * The process manager between detections and incidents: a detection is sighted by its fingerprint, which opens an incident, adds to the open
 * one, or is quiet. Whatever was quiet is sighted again when the quiet time ends, and so is what was only counted after an incident had ended, so
 * that nothing stays hidden behind it.
 */
import type { Detection } from '../../anomaly/events.ts'
import { unreachable } from '../../decider.ts'
import type { EventOf } from '../../events.ts'
import type { IncidentOrigin } from '../../incident/events.ts'
import type { Instant } from '../../instant.ts'
import { command } from '../outputs.ts'
import type { DerivedId, Output, ProcessManager } from '../process-manager.ts'

const inputs = [
  'AnomalyDetected',
  'AnomalyRepeated',
  'FingerprintOpened',
  'FingerprintSeenAgain',
  'FingerprintQuieted',
  'FingerprintClosed',
  'TimeoutElapsed',
] as const
type InputType = (typeof inputs)[number]
type Input = EventOf<InputType>

/** The last detection is sighted again when the quiet time ends; earlier ones looked the same. */
export type Triage = Readonly<{
  turn: number
  last: Detection | undefined
  timerId: string | undefined
  openedAt: Instant | undefined
  /** What is seen later than this, no incident has looked at. Undefined: one is open, or there was none. */
  lookedAt: Instant | undefined
}>

export const triage: ProcessManager<Triage, InputType> = {
  name: 'triage',
  introducedFrom: 'start',
  inputs,
  correlate(input) {
    if (input.type === 'TimeoutElapsed') return input.data.process === 'triage' ? input.data.instance : undefined
    return input.data.fingerprintId
  },
  initialState: { turn: 0, last: undefined, timerId: undefined, openedAt: undefined, lookedAt: undefined },
  evolve,
  react,
}

function evolve(state: Triage, input: Input, derivedId: DerivedId): Triage {
  const turn = state.turn + 1
  switch (input.type) {
    case 'AnomalyDetected':
      return { ...state, turn, last: input.data }
    case 'FingerprintOpened':
      return { ...state, turn, openedAt: input.data.at, lookedAt: undefined }
    case 'FingerprintClosed': {
      const { result, at } = input.data
      // Its only look may have been over before its end: what came in between was seen by nobody.
      return { ...state, turn, lookedAt: result === 'not-confirmed' ? (state.openedAt ?? at) : at }
    }
    case 'AnomalyRepeated':
      // Once is enough: from here an incident looks at it, now or when the quiet time ends.
      return state.lookedAt !== undefined && input.data.seenAt > state.lookedAt ? { ...state, turn, lookedAt: undefined } : state
    case 'FingerprintSeenAgain':
      return { ...state, turn }
    case 'FingerprintQuieted':
      return state.timerId === undefined ? { ...state, turn, timerId: derivedId('timer', String(turn)) } : state
    case 'TimeoutElapsed':
      return state.timerId === input.data.timerId ? { ...state, turn, timerId: undefined } : state
    default:
      return unreachable(input)
  }
}

function react(state: Triage, input: Input, { now, derivedId }: { now: Instant; derivedId: DerivedId }): readonly Output[] {
  switch (input.type) {
    case 'AnomalyDetected':
      return [sight(input.data, derivedId('incident', input.data.anomalyId), now)]
    case 'FingerprintClosed':
      return []
    case 'FingerprintOpened': {
      const { origin } = input.data
      return [command({ aggregate: 'incident', id: origin.incidentId, command: { type: 'OpenIncident', data: { ...origin, now } } })]
    }
    case 'FingerprintSeenAgain': {
      const { incidentId, anomalyId } = input.data
      const report = { type: 'AnomalyAttached', data: { incidentId, anomalyId, at: now } } as const
      return [command({ aggregate: 'incident', id: incidentId, command: { type: 'ReportIncident', data: { report } } })]
    }
    case 'FingerprintQuieted':
      return state.timerId === undefined ? [] : [{ kind: 'timeout', timerId: state.timerId, name: 'quiet', dueAt: input.data.until }]
    case 'AnomalyRepeated':
    case 'TimeoutElapsed': {
      const { last, turn } = state
      return last ? [sight(last, derivedId('incident', last.anomalyId, String(turn)), now)] : []
    }
    default:
      return unreachable(input)
  }
}

function sight(detection: Detection, incidentId: string, now: Instant): Output {
  const { fingerprintId, cooldownMs } = detection
  const data = { fingerprintId, cooldownMs, origin: originOf(detection, incidentId), now }
  return command({ aggregate: 'fingerprint', id: fingerprintId, command: { type: 'SightFingerprint', data } })
}

function originOf(detection: Detection, incidentId: string): IncidentOrigin {
  const { anomalyId, targetId, hostId, service, faultId, title, severity, fingerprint, fingerprintId, excerpt } = detection
  const hints = Object.fromEntries(Object.entries(detection.hints).map(([name, hint]) => [name, hint.text]))
  const fault = faultId === undefined ? {} : { faultId }
  return { incidentId, anomalyId, targetId, hostId, service, ...fault, title, severity, fingerprint, fingerprintId, excerpt, hints }
}
