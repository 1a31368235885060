/** From an incident to a confirmed remedy: the probes on the host decide; what they cannot see is looked at again, then a person is called. */
import { unreachable } from '../../decider.ts'
import type { ChosenRemedy } from '../effects.ts'
import type { DerivedId } from '../process-manager.ts'
import { failureOf, resultOf } from './awaited.ts'
import { ANALYST_ATTEMPTS, ANALYST_PATIENCE_MS, type Case, type Healing, type HealingInput, type Next } from './state.ts'
import { begin, end, escalate, theCase, tryAgainWhenFree, tryAgainWhenSeen, withEffect, withTimer } from './transitions.ts'

type Phase<Name extends Healing['phase']> = Extract<Healing, { phase: Name }>

export function investigated(state: Phase<'investigating'>, input: HealingInput, derivedId: DerivedId): Healing {
  const again: Next = { kind: 'investigate', chosen: state.chosen }
  const failed = failureOf(state, input)
  if (failed !== undefined) return tryAgainWhenSeen(state, again, failed, {}, derivedId)
  const result = resultOf('investigate', state, input)
  if (!result) return state
  const seen: Case = { ...theCase(state), evidence: result.evidence }
  switch (result.kind) {
    case 'confirmed':
      return begin(seen, { kind: 'draft', remedy: result.remedy, approved: null }, derivedId)
    case 'not-confirmed':
      return state.chosen ? unproven(seen, state.chosen) : end(seen, 'not-confirmed', 'No probe on the host found the fault.')
    case 'recovered':
      return end(seen, 'recovered', 'The supervisor has it running again.')
    case 'held-back':
      return tryAgainWhenFree(seen, result.by, again, {}, derivedId)
    case 'unknown':
      return tryAgainWhenSeen(seen, again, result.reason, {}, derivedId)
    case 'report-only':
      return escalate(seen, 'report-only', result.reason)
    case 'unrecognised':
      return withEffect({ ...seen, phase: 'analysing', attempt: 1 }, derivedId)
    default:
      return unreachable(result)
  }
}

export function analysed(state: Phase<'analysing'>, input: HealingInput, derivedId: DerivedId): Healing {
  const failed = failureOf(state, input)
  if (failed !== undefined) return escalate(state, 'analyst-failed', failed)
  const result = resultOf('analyse', state, input)
  if (!result) return state
  switch (result.kind) {
    case 'answered':
      return result.chosen
        ? begin(state, { kind: 'investigate', chosen: result.chosen }, derivedId)
        : escalate(state, 'no-remedy', result.diagnosis.text)
    case 'no-analyst':
      return escalate(state, 'no-analyst', NO_ANALYST)
    case 'failed': {
      const { retryAfterMs } = result
      const goesOn = retryAfterMs !== null && retryAfterMs <= ANALYST_PATIENCE_MS && state.attempt < ANALYST_ATTEMPTS
      if (!goesOn) return escalate(state, 'analyst-failed', result.says.text)
      return withTimer({ ...theCase(state), phase: 'analyst-busy', attempt: state.attempt, waitMs: retryAfterMs }, derivedId)
    }
    default:
      return unreachable(result)
  }
}

/** The probes disprove what the analyst thought, not what was seen: that remains unexplained, so it is not ended like a line that nothing is behind. */
const unproven = (seen: Case, { actionId, diagnosis }: ChosenRemedy): Healing =>
  escalate(
    seen,
    'no-remedy',
    `The analyst proposed ${actionId}, but no probe on the host finds the fault that it removes. It thought: ${diagnosis}`,
  )

const NO_ANALYST =
  'No rule of the catalogue knows this, and no analyst is configured. With ANTHROPIC_API_KEY set, Claude can be asked: look again then.'
