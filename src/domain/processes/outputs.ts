/** The outputs of a process, made short: a command, an effect, a timer. */
import type { AnyCommand } from '../aggregates.ts'
import { later } from '../instant.ts'
import type { EffectRequest } from './effects.ts'
import type { Output, ReactContext } from './process-manager.ts'

export const command = (addressed: AnyCommand): Output => ({ kind: 'command', command: addressed })

export const effect = (effectId: string, request: EffectRequest): Output => ({ kind: 'effect', effectId, request })

/** Due `ms` milliseconds after the input was recorded. */
export const timeout = (timerId: string, name: string, ms: number, { now }: Pick<ReactContext, 'now'>): Output => ({
  kind: 'timeout',
  timerId,
  name,
  dueAt: later(now, ms),
})
