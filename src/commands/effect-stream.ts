/** What the stream of an effect says: who started it, until when, and how it ended. */
import { unreachable } from '../domain/decider.ts'
import type { EventOf, Recorded } from '../domain/events.ts'
import type { Instant } from '../domain/instant.ts'
import type { StreamName } from '../domain/ports/event-store.ts'

export type EffectState =
  | Readonly<{ kind: 'untouched' }>
  | Readonly<{ kind: 'started'; attempt: number; runnerId: string; deadlineAt: Instant }>
  | Readonly<{ kind: 'ended' }>

export const effectStreamOf = (effectId: string): StreamName => `effect-${effectId}`

export function readEffectStream(events: readonly Recorded[]): EffectState {
  const last = events.findLast(isEffectEvent)
  if (!last) return { kind: 'untouched' }
  switch (last.type) {
    case 'EffectStarted': {
      const { attempt, runnerId, deadlineAt } = last.data
      return { kind: 'started', attempt, runnerId, deadlineAt }
    }
    case 'EffectSucceeded':
    case 'EffectFailed':
    case 'EffectOutcomeUnknown':
      return { kind: 'ended' }
    default:
      return unreachable(last)
  }
}

type EffectEventType = 'EffectStarted' | 'EffectSucceeded' | 'EffectFailed' | 'EffectOutcomeUnknown'

const isEffectEvent = (event: Recorded): event is Recorded<EventOf<EffectEventType>> => event.type.startsWith('Effect')
