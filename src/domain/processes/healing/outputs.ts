/** The outputs of a process, made short: a command, an effect, a timer. */
import type { AnyCommand } from '../../aggregates.ts'
import { later } from '../../instant.ts'
import type { EffectKind, EffectParams, EffectRequest } from '../effects.ts'
import type { Output, ReactContext } from '../process-manager.ts'

export const command = (addressed: AnyCommand): Output => ({ kind: 'command', command: addressed })

export const effect = <Kind extends EffectKind>(effectId: string, kind: Kind, params: EffectParams[Kind], timeoutMs: number): Output => ({
  kind: 'effect',
  effectId,
  request: request(kind, params, timeoutMs),
})

const request = <Kind extends EffectKind>(
  kind: Kind,
  params: EffectParams[Kind],
  timeoutMs: number,
): Extract<EffectRequest, { kind: Kind }> => ({ kind, params, timeoutMs }) as Extract<EffectRequest, { kind: Kind }>

export const timeout = (timerId: string, name: string, ms: number, { now }: ReactContext): Output => ({
  kind: 'timeout',
  timerId,
  name,
  dueAt: later(now, ms),
})
