/** Whether an input is the one thing that a phase waits for: the result of its effect, its failure, or its timer. */
import type { EffectSuccessOf } from '../../process/events.ts'
import type { EffectKind } from '../effects.ts'
import type { HealingInput } from './state.ts'

/** The result of the effect that this state waits for. */
export function resultOf<Kind extends EffectKind>(
  kind: Kind,
  state: Readonly<{ effectId: string }>,
  input: HealingInput,
): EffectSuccessOf<Kind>['result'] | undefined {
  if (input.type !== 'EffectSucceeded' || input.data.effectId !== state.effectId) return undefined
  return [input.data].find((data): data is EffectSuccessOf<Kind> => data.kind === kind)?.result
}

/** What went wrong in the effect that this state waits for; undefined when it did not. */
export function failureOf(state: Readonly<{ effectId: string }>, input: HealingInput): string | undefined {
  if (input.type !== 'EffectFailed' && input.type !== 'EffectOutcomeUnknown') return undefined
  return input.data.effectId === state.effectId ? input.data.says.text : undefined
}

export const elapsed = (state: Readonly<{ timerId: string }>, input: HealingInput): boolean =>
  input.type === 'TimeoutElapsed' && input.data.timerId === state.timerId
