/** Executions that have come so far: each history goes on where the one before it ended. */

import type { HealingInput } from '../../../../src/domain/processes/healing/state.ts'
import { confirmed, drafted, EXECUTION, lanesAcquired, opened, plan, preparedWith, result, running, stepEnded } from './incident.ts'
import { fix1, fix2, restore1, restore2 } from './outputs.ts'

export const secondStep = [...running, stepEnded(4, EXECUTION, fix1)]
export const verifying = [...secondStep, stepEnded(5, EXECUTION, fix2)]
export const holds = (turn: number) => result('verify', turn, { kind: 'holds', probes: 5 })
export const doesNotHold = (turn: number) => result('verify', turn, { kind: 'does-not-hold', facts: {}, says: 'still full' })
export const rollingBack = [...verifying, doesNotHold(6)]
export const secondRestore = [...rollingBack, stepEnded(7, EXECUTION, restore1)]
export const proving = [...secondRestore, stepEnded(8, EXECUTION, restore2)]
export const cause = 'the cure could not be proven: still full'

/** An action that cannot be undone: ending sessions, say. */
const compensable = { ...plan, reversibility: 'compensable' } as const
export const runningForGood: readonly HealingInput[] = [
  opened,
  confirmed(),
  drafted(2, { kind: 'policy', rule: 'redis' }, compensable),
  lanesAcquired(EXECUTION),
  preparedWith(3, []),
]
