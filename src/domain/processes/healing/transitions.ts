/** The small moves that every phase shares: ask for an effect, wait for a timer, call a person, end. */
import type { EscalationReason, IncidentOutcome } from '../../incident/events.ts'
import type { DerivedId } from '../process-manager.ts'
import type { After, Case, Healing, Planned } from './state.ts'

/** A state that waits for an effect gets the id of a new one. */
export function withEffect<const State extends Case>(
  state: State,
  derivedId: DerivedId,
): State & Readonly<{ turn: number; effectId: string }> {
  const turn = state.turn + 1
  return { ...state, turn, effectId: derivedId('effect', String(turn)) }
}

export function withTimer<const State extends Case>(
  state: State,
  derivedId: DerivedId,
): State & Readonly<{ turn: number; timerId: string }> {
  const turn = state.turn + 1
  return { ...state, turn, timerId: derivedId('timer', String(turn)) }
}

export const escalate = (state: Case, reason: EscalationReason, says: string, after: After = {}): Healing => ({
  ...theCase(state),
  phase: 'escalated',
  reason,
  says,
  after,
})

export const end = (state: Case, outcome: IncidentOutcome | 'closed', says: string, after: After = {}): Healing => ({
  ...theCase(state),
  phase: 'ended',
  outcome,
  says,
  after,
})

/** What stays the same from phase to phase; everything else is the phase's own. */
export const theCase = ({ origin, evidence, turn, drifts }: Case): Case => ({ origin, evidence, turn, drifts })

export const planOf = (state: Planned): Planned => {
  const { remedy, plan, authority, actionsPerHostPerHour } = state
  return { ...theCase(state), remedy, plan, authority, actionsPerHostPerHour }
}
