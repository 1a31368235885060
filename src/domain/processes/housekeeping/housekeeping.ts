/**
 * The process manager that has rows dropped which are past their time, once a day by a durable timer: a day that Steward was away for is made up for at
 * its next start, and a crash in between leaves a request that is carried out again. What went is told by the outcome of the effect, in the log.
 */
import { unreachable } from '../../decider.ts'
import type { EventOf } from '../../events.ts'
import { effect, timeout } from '../outputs.ts'
import type { DerivedId, Output, ProcessManager, ReactContext } from '../process-manager.ts'

const inputs = ['LogCreated', 'EffectSucceeded', 'EffectFailed', 'TimeoutElapsed'] as const
type InputType = (typeof inputs)[number]
type Input = EventOf<InputType>

export type Housekeeping =
  | Readonly<{ phase: 'absent' }>
  | Readonly<{ phase: 'cleaning'; turn: number; effectId: string }>
  | Readonly<{ phase: 'waiting'; turn: number; timerId: string; forMs: number }>

/** There is one for the whole log. */
const INSTANCE = 'log'

const CLEAN_UP_EVERY_MS = 86_400_000
/** A clean-up that failed: the database is away, most likely. */
const CLEAN_UP_AGAIN_MS = 3_600_000
/** The first one after a long time has much to drop. What it did not get to, the next one does. */
const CLEAN_UP_TIMEOUT_MS = 900_000

export const housekeeping: ProcessManager<Housekeeping, InputType> = {
  name: 'housekeeping',
  introducedFrom: 'start',
  inputs,
  correlate(input) {
    if (input.type === 'LogCreated') return INSTANCE
    return input.data.process === 'housekeeping' ? input.data.instance : undefined
  },
  initialState: { phase: 'absent' },
  evolve,
  react,
}

function evolve(state: Housekeeping, input: Input, derivedId: DerivedId): Housekeeping {
  const clean = (turn: number): Housekeeping => ({ phase: 'cleaning', turn, effectId: derivedId('effect', String(turn)) })
  const wait = (turn: number, forMs: number): Housekeeping => ({ phase: 'waiting', turn, timerId: derivedId('timer', String(turn)), forMs })
  switch (input.type) {
    case 'LogCreated':
      return state.phase === 'absent' ? clean(1) : state
    case 'EffectSucceeded':
    case 'EffectFailed': {
      if (state.phase !== 'cleaning' || input.data.effectId !== state.effectId) return state
      return wait(state.turn, input.type === 'EffectSucceeded' ? CLEAN_UP_EVERY_MS : CLEAN_UP_AGAIN_MS)
    }
    case 'TimeoutElapsed':
      return state.phase === 'waiting' && input.data.timerId === state.timerId ? clean(state.turn + 1) : state
    default:
      return unreachable(input)
  }
}

function react(state: Housekeeping, _input: Input, { now }: ReactContext): readonly Output[] {
  switch (state.phase) {
    case 'absent':
      return []
    case 'cleaning':
      return [effect(state.effectId, { kind: 'clean-up', params: { asOf: now }, timeoutMs: CLEAN_UP_TIMEOUT_MS })]
    case 'waiting':
      return [timeout(state.timerId, 'clean-up', state.forMs, { now })]
    default:
      return unreachable(state)
  }
}
