/** How an input moves the healing of an incident on. Anything that the phase does not wait for leaves it as it is. */
import { unreachable } from '../../decider.ts'
import type { DerivedId } from '../process-manager.ts'
import { elapsed } from './awaited.ts'
import { analysed, investigated } from './evolve-analysis.ts'
import { answered, drafted, prepared, queued, redeemed } from './evolve-authority.ts'
import { evolveExecution } from './evolve-execution.ts'
import type { Case, Healing, HealingInput } from './state.ts'
import { end, theCase, withEffect } from './transitions.ts'

export function evolve(state: Healing, input: HealingInput, derivedId: DerivedId): Healing {
  if (input.type === 'IncidentOpened') {
    if (state.phase !== 'absent') return state
    const opened: Case = { origin: input.data, evidence: [], turn: 0, drifts: 0 }
    return withEffect({ ...opened, phase: 'investigating', attempt: 1, chosen: null }, derivedId)
  }
  if (state.phase === 'absent') return state
  if (input.type === 'IncidentClosed') return closed(state)
  if (input.type === 'ReanalysisRequested') return reanalysed(state, derivedId)
  switch (state.phase) {
    case 'investigating':
      return investigated(state, input, derivedId)
    case 'blind':
      return elapsed(state, input)
        ? withEffect({ ...theCase(state), phase: 'investigating', attempt: state.attempt + 1, chosen: state.chosen }, derivedId)
        : state
    case 'analysing':
      return analysed(state, input, derivedId)
    case 'analyst-busy':
      return elapsed(state, input) ? withEffect({ ...theCase(state), phase: 'analysing', attempt: state.attempt + 1 }, derivedId) : state
    case 'drafting':
      return drafted(state, input, derivedId)
    case 'asking':
      return answered(state, input, derivedId)
    case 'queueing':
    case 'queued':
      return queued(state, input, derivedId)
    case 'held-back':
      return elapsed(state, input)
        ? withEffect({ ...theCase(state), phase: 'drafting', remedy: state.remedy, approved: state.approved, leaving: null }, derivedId)
        : state
    case 'redeeming':
      return redeemed(state, input, derivedId)
    case 'preparing':
      return prepared(state, input, derivedId)
    case 'running':
    case 'settling':
    case 'still-running':
    case 'verifying':
    case 'verifying-later':
    case 'rebaselining':
    case 'rolling-back':
    case 'rolling-back-later':
    case 'proving':
    case 'proving-later':
    case 'undetermined':
      return evolveExecution(state, input, derivedId)
    case 'escalated':
    case 'ended':
      return state
    default:
      return unreachable(state)
  }
}

/** A person closed the incident. What already runs on the host is finished first; everything else ends here. */
function closed(state: Exclude<Healing, { phase: 'absent' }>): Healing {
  const says = 'A person closed it.'
  switch (state.phase) {
    case 'running':
    case 'settling':
    case 'still-running':
    case 'verifying':
    case 'verifying-later':
    case 'rebaselining':
    case 'rolling-back':
    case 'rolling-back-later':
    case 'proving':
    case 'proving-later':
    case 'undetermined':
    case 'ended':
      return state
    case 'asking':
      return end(state, 'closed', says, { approvalId: state.approvalId })
    case 'queueing':
    case 'queued':
    case 'held-back':
    case 'redeeming':
    case 'preparing':
      return end(state, 'closed', says, { executionId: state.executionId })
    case 'investigating':
    case 'blind':
    case 'analysing':
    case 'analyst-busy':
    case 'drafting':
    case 'escalated':
      return end(state, 'closed', says)
    default:
      return unreachable(state)
  }
}

/** A person asked to look again. Only where nothing waits for an answer from the host; a plan that waits for approval is rejected first. */
function reanalysed(state: Exclude<Healing, { phase: 'absent' }>, derivedId: DerivedId): Healing {
  if (state.phase !== 'escalated' && state.phase !== 'blind' && state.phase !== 'analyst-busy') return state
  return withEffect({ ...theCase(state), phase: 'investigating', attempt: 1, chosen: null }, derivedId)
}
