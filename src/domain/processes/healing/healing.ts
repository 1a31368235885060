/** The process manager that answers an incident: analyse, plan, ask, fix, verify, roll back. */
import type { ProcessManager } from '../process-manager.ts'
import { evolve } from './evolve.ts'
import { react } from './react.ts'
import { type Healing, type HealingInput, type HealingInputType, healingInputs } from './state.ts'

export const healing: ProcessManager<Healing, HealingInputType> = {
  name: 'healing',
  introducedFrom: 'start',
  inputs: healingInputs,
  correlate,
  initialState: { phase: 'absent' },
  evolve,
  react,
}

function correlate(input: HealingInput): string | undefined {
  switch (input.type) {
    case 'EffectSucceeded':
    case 'EffectFailed':
    case 'EffectOutcomeUnknown':
    case 'TimeoutElapsed':
    case 'CommandRefused':
      return input.data.process === 'healing' ? input.data.instance : undefined
    default:
      return input.data.incidentId
  }
}
