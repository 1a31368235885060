/** The small moves that every phase shares: ask for an effect, wait for a timer, call a person, end. */

import { unreachable } from '../../decider.ts'
import type { EscalationReason, IncidentOutcome, WaitReason } from '../../incident/events.ts'
import type { DerivedId } from '../process-manager.ts'
import {
  type After,
  type Approved,
  type Case,
  type Healing,
  heldBackMs,
  type Leaving,
  LOOK_AGAIN,
  lookAgainMs,
  type Next,
  type Planned,
} from './state.ts'

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

/** Begins what was put off. */
export function begin(state: Case, next: Next, derivedId: DerivedId): Healing {
  switch (next.kind) {
    case 'investigate':
      return withEffect({ ...theCase(state), phase: 'investigating', chosen: next.chosen }, derivedId)
    case 'draft':
      return withEffect({ ...theCase(state), phase: 'drafting', remedy: next.remedy, approved: next.approved }, derivedId)
    default:
      return unreachable(next)
  }
}

/** Nothing can be seen: tries again after a while, a few times, then calls a person. */
export function tryAgainWhenSeen(state: Case, next: Next, reason: string, after: After, derivedId: DerivedId): Healing {
  const unseen = state.setbacks.unseen + 1
  if (unseen >= LOOK_AGAIN.attempts) return escalate(state, 'cannot-see', reason, after)
  const waiting = { ...theCase(state), setbacks: { ...state.setbacks, unseen }, leaving: leavingOf(after) }
  return withTimer({ ...waiting, phase: 'waiting', until: 'visibility', waitMs: lookAgainMs(unseen), next }, derivedId)
}

/** Something that is known holds it back: tries again for as long as that lasts. */
export function tryAgainWhenFree(state: Case, until: WaitReason, next: Next, leaving: Leaving, derivedId: DerivedId): Healing {
  const heldBack = state.setbacks.heldBack + 1
  const waiting = { ...theCase(state), setbacks: { ...state.setbacks, heldBack }, leaving }
  return withTimer({ ...waiting, phase: 'waiting', until, waitMs: heldBackMs(heldBack), next }, derivedId)
}

const leavingOf = ({ executionId, approvalId }: After): Leaving => ({
  ...(executionId === undefined ? {} : { executionId }),
  ...(approvalId === undefined ? {} : { approvalId }),
})

/** A grant that is given up, so that nobody finds it open later. */
export const unused = (approved: Approved | null): Leaving => (approved ? { approvalId: approved.approvalId } : {})

/** What stays the same from phase to phase; everything else is the phase's own. */
export const theCase = ({ origin, evidence, turn, setbacks }: Case): Case => ({ origin, evidence, turn, setbacks, leaving: {} })

export const planOf = (state: Planned): Planned => {
  const { remedy, plan, authority, actionsPerHostPerHour } = state
  return { ...theCase(state), remedy, plan, authority, actionsPerHostPerHour }
}
