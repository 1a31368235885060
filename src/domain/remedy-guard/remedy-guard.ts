/** The rules of a remedy's blast radius: failures stay until a person clears them; the last use on each target is remembered. */
import { accept, type Decider, type Decision, unreachable } from '../decider.ts'
import type { Instant } from '../instant.ts'
import type { RemedyGuardEvent } from './events.ts'

export type RemedyGuard = Readonly<{
  failedOn: ReadonlySet<string>
  /** When it last ran, by target. */
  appliedAt: ReadonlyMap<string, Instant>
}>

export type RemedyGuardCommand =
  | Readonly<{ type: 'RecordRemedyFailure'; data: Readonly<{ actionId: string; hostId: string; incidentId: string; now: Instant }> }>
  | Readonly<{ type: 'RecordRemedyUse'; data: Readonly<{ actionId: string; targetId: string; incidentId: string; now: Instant }> }>
  | Readonly<{ type: 'ClearRemedy'; data: Readonly<{ actionId: string; by: string; reason: string; now: Instant }> }>

export const remedyGuard: Decider<RemedyGuard, RemedyGuardCommand, RemedyGuardEvent> = {
  initialState: { failedOn: new Set(), appliedAt: new Map() },
  evolve(state, event) {
    switch (event.type) {
      case 'RemedyFailed':
        return { ...state, failedOn: new Set([...state.failedOn, event.data.hostId]) }
      case 'RemedyApplied':
        return { ...state, appliedAt: new Map(state.appliedAt).set(event.data.targetId, event.data.at) }
      case 'RemedyCleared':
        return { ...state, failedOn: new Set() }
      default:
        return unreachable(event)
    }
  },
  decide,
}

function decide(state: RemedyGuard, command: RemedyGuardCommand): Decision<RemedyGuardEvent> {
  switch (command.type) {
    case 'RecordRemedyFailure': {
      const { now, ...failure } = command.data
      return state.failedOn.has(failure.hostId) ? accept() : accept({ type: 'RemedyFailed', data: { ...failure, at: now } })
    }
    case 'RecordRemedyUse': {
      const { now, ...use } = command.data
      return accept({ type: 'RemedyApplied', data: { ...use, at: now } })
    }
    case 'ClearRemedy': {
      const { now, ...clearance } = command.data
      return state.failedOn.size === 0 ? accept() : accept({ type: 'RemedyCleared', data: { ...clearance, at: now } })
    }
    default:
      return unreachable(command)
  }
}
