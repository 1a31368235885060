/** The rules of an anomaly: detected once, counted by byte range, judged by people along the allowed moves. */
import { accept, type Decider, type Decision, refuse, unreachable } from '../decider.ts'
import type { Instant } from '../instant.ts'
import type { AnomalyEvent, AnomalyStatus, Detection, Repetition } from './events.ts'

export type Anomaly =
  | Readonly<{ situation: 'absent' }>
  | Readonly<{ situation: 'detected'; detection: Detection; status: AnomalyStatus; count: number; countedTo: ReadonlyMap<string, number> }>

export type AnomalyCommand =
  | Readonly<{ type: 'DetectAnomaly'; data: Detection }>
  | Readonly<{ type: 'CountRepetition'; data: Omit<Repetition, 'anomalyId' | 'fingerprintId'> }>
  | Readonly<{ type: 'ChangeAnomalyStatus'; data: Readonly<{ status: AnomalyStatus; by: string; now: Instant }> }>

/** Which judgement may follow which. */
const allowedMoves: Readonly<Record<AnomalyStatus, readonly AnomalyStatus[]>> = {
  new: ['investigating', 'resolved', 'false_positive', 'ignored', 'escalated'],
  investigating: ['resolved', 'false_positive', 'ignored', 'escalated'],
  escalated: ['investigating', 'resolved', 'false_positive'],
  resolved: ['investigating'],
  false_positive: ['investigating'],
  ignored: ['investigating'],
}

export const anomaly: Decider<Anomaly, AnomalyCommand, AnomalyEvent> = { initialState: { situation: 'absent' }, evolve, decide }

function evolve(state: Anomaly, event: AnomalyEvent): Anomaly {
  if (event.type === 'AnomalyDetected') {
    return state.situation === 'absent'
      ? { situation: 'detected', detection: event.data, status: 'new', count: 1, countedTo: new Map() }
      : state
  }
  if (state.situation === 'absent') return state
  switch (event.type) {
    case 'AnomalyRepeated': {
      const { count, generation, toOffset } = event.data
      return { ...state, count: state.count + count, countedTo: new Map(state.countedTo).set(generation, toOffset) }
    }
    case 'AnomalyStatusChanged':
      return { ...state, status: event.data.status }
    default:
      return unreachable(event)
  }
}

function decide(state: Anomaly, command: AnomalyCommand): Decision<AnomalyEvent> {
  if (command.type === 'DetectAnomaly') {
    // The same line read again has the same id: already known, nothing to record.
    return state.situation === 'absent' ? accept({ type: 'AnomalyDetected', data: command.data }) : accept()
  }
  if (state.situation === 'absent') return refuse('anomaly-not-found')
  const { anomalyId, fingerprintId } = state.detection
  switch (command.type) {
    case 'CountRepetition': {
      const { generation, fromOffset } = command.data
      const countedTo = state.countedTo.get(generation)
      if (countedTo !== undefined && fromOffset < countedTo) return accept()
      return accept({ type: 'AnomalyRepeated', data: { anomalyId, fingerprintId, ...command.data } })
    }
    case 'ChangeAnomalyStatus': {
      const { status, by, now } = command.data
      if (status === state.status) return accept()
      const allowed = allowedMoves[state.status]
      if (!allowed.includes(status))
        return refuse('anomaly-move-not-allowed', { from: state.status, to: status, allowed: allowed.join(', ') })
      return accept({ type: 'AnomalyStatusChanged', data: { anomalyId, status, by, at: now } })
    }
    default:
      return unreachable(command)
  }
}
