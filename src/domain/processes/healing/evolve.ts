/** How an input moves the healing of an incident on. Anything that the phase does not wait for leaves it as it is. */
import { unreachable } from '../../decider.ts'
import type { DerivedId } from '../process-manager.ts'
import { elapsed } from './awaited.ts'
import { analysed, investigated } from './evolve-analysis.ts'
import { answered, drafted, prepared, queued, redeemed } from './evolve-authority.ts'
import { evolveExecution } from './evolve-execution.ts'
import type { Case, Healing, HealingInput, Leaving, Setbacks } from './state.ts'
import { begin, end, theCase, unused, withEffect } from './transitions.ts'

export function evolve(state: Healing, input: HealingInput, derivedId: DerivedId): Healing {
  if (input.type === 'IncidentOpened') {
    if (state.phase !== 'absent') return state
    const opened: Case = { origin: input.data, evidence: [], turn: 0, setbacks: NO_SETBACKS, leaving: {} }
    return begin(opened, { kind: 'investigate', chosen: null }, derivedId)
  }
  if (state.phase === 'absent') return state
  if (input.type === 'IncidentClosed') return closed(state)
  if (input.type === 'ReanalysisRequested') return reanalysed(state, derivedId)
  switch (state.phase) {
    case 'investigating':
      return investigated(state, input, derivedId)
    case 'waiting':
      return elapsed(state, input) || resumed(state, input) ? begin(state, state.next, derivedId) : state
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

/** The switch that held it back is open again: no need to wait for the timer. */
const resumed = ({ until }: Extract<Healing, { phase: 'waiting' }>, input: HealingInput): boolean =>
  until === 'healing-stopped' && input.type === 'HealingOffered'

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
    default:
      return end(state, 'closed', says, givenUp(state))
  }
}

/** A person asked to look again: everything that waits is given up for it. What is being looked at already, or runs, goes on. */
function reanalysed(state: Exclude<Healing, { phase: 'absent' }>, derivedId: DerivedId): Healing {
  switch (state.phase) {
    case 'waiting':
    case 'analyst-busy':
    case 'asking':
    case 'queueing':
    case 'queued':
    case 'escalated': {
      const afresh: Case = { ...theCase(state), setbacks: NO_SETBACKS, leaving: givenUp(state) }
      return withEffect({ ...afresh, phase: 'investigating', chosen: null }, derivedId)
    }
    default:
      return state
  }
}

/** What an incident holds before it acts. */
function givenUp(state: Exclude<Healing, { phase: 'absent' }>): Leaving {
  switch (state.phase) {
    case 'asking':
      return { approvalId: state.approvalId }
    case 'queueing':
    case 'queued':
    case 'redeeming':
      return { executionId: state.executionId, ...unused(state.approved) }
    case 'preparing':
      return { executionId: state.executionId }
    case 'drafting':
      return unused(state.approved)
    case 'waiting':
      return state.next.kind === 'draft' ? unused(state.next.approved) : {}
    default:
      return {}
  }
}

const NO_SETBACKS: Setbacks = { drifts: 0, unseen: 0, heldBack: 0 }
