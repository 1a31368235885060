/** The process manager that looks at a target for the first time: records how it is when all is well, or says why it cannot be seen. */
import { unreachable } from '../../decider.ts'
import type { EventOf } from '../../events.ts'
import { command, effect, timeout } from '../outputs.ts'
import type { DerivedId, Output, ProcessManager, ReactContext } from '../process-manager.ts'

const inputs = ['TargetRegistered', 'TargetRetired', 'EffectSucceeded', 'EffectFailed', 'TimeoutElapsed'] as const
type InputType = (typeof inputs)[number]
type Input = EventOf<InputType>

export type Onboarding =
  | Readonly<{ phase: 'absent' }>
  | Readonly<{ phase: 'surveying'; targetId: string; turn: number; effectId: string }>
  | Readonly<{ phase: 'waiting'; targetId: string; turn: number; timerId: string; reason: string }>
  | Readonly<{ phase: 'done'; targetId: string }>

/** A target that stays unseen is looked at less and less often, so that its stream does not grow for nothing. */
export const SURVEY_AGAIN = { firstMs: 15_000, factor: 2, longestMs: 300_000 } as const
export const surveyAgainMs = (turn: number): number =>
  Math.min(SURVEY_AGAIN.firstMs * SURVEY_AGAIN.factor ** (turn - 1), SURVEY_AGAIN.longestMs)

export const onboarding: ProcessManager<Onboarding, InputType> = {
  name: 'onboarding',
  introducedFrom: 'start',
  inputs,
  correlate(input) {
    if (input.type === 'TargetRegistered' || input.type === 'TargetRetired') return input.data.targetId
    return input.data.process === 'onboarding' ? input.data.instance : undefined
  },
  initialState: { phase: 'absent' },
  evolve,
  react,
}

function evolve(state: Onboarding, input: Input, derivedId: DerivedId): Onboarding {
  const survey = (targetId: string, turn: number): Onboarding => ({
    phase: 'surveying',
    targetId,
    turn,
    effectId: derivedId('effect', String(turn)),
  })
  switch (input.type) {
    case 'TargetRegistered':
      return state.phase === 'absent' ? survey(input.data.targetId, 1) : state
    case 'TargetRetired':
      return state.phase === 'absent' || state.phase === 'done' ? state : { phase: 'done', targetId: state.targetId }
    case 'EffectSucceeded': {
      if (state.phase !== 'surveying' || input.data.effectId !== state.effectId || input.data.kind !== 'survey') return state
      const { result } = input.data
      return result.kind === 'seen' ? { phase: 'done', targetId: state.targetId } : wait(state, result.reason, derivedId)
    }
    case 'EffectFailed':
      return state.phase === 'surveying' && input.data.effectId === state.effectId ? wait(state, input.data.says.text, derivedId) : state
    case 'TimeoutElapsed':
      return state.phase === 'waiting' && input.data.timerId === state.timerId ? survey(state.targetId, state.turn + 1) : state
    default:
      return unreachable(input)
  }
}

function wait(state: Extract<Onboarding, { phase: 'surveying' }>, reason: string, derivedId: DerivedId): Onboarding {
  const { targetId, turn } = state
  return { phase: 'waiting', targetId, turn, timerId: derivedId('timer', String(turn)), reason }
}

function react(state: Onboarding, input: Input, { now }: ReactContext): readonly Output[] {
  switch (state.phase) {
    case 'absent':
      return []
    case 'surveying': {
      const { targetId, effectId } = state
      return [effect(effectId, { kind: 'survey', params: { targetId }, timeoutMs: 60_000 })]
    }
    case 'waiting': {
      const { targetId, turn, timerId, reason } = state
      return [
        command({ aggregate: 'target', id: targetId, command: { type: 'ReportTargetUnseen', data: { reason, now } } }),
        timeout(timerId, 'survey-again', surveyAgainMs(turn), { now }),
      ]
    }
    case 'done': {
      const { targetId } = state
      if (input.type !== 'EffectSucceeded' || input.data.kind !== 'survey' || input.data.result.kind !== 'seen') return []
      const data = { entries: input.data.result.baseline, limits: input.data.result.limits, reason: 'registration', at: now } as const
      return [
        command({ aggregate: 'target', id: targetId, command: { type: 'RecordBaseline', data } }),
        command({ aggregate: 'target', id: targetId, command: { type: 'ReportTargetSeen', data: { now } } }),
      ]
    }
    default:
      return unreachable(state)
  }
}
