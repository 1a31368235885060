/** Effects that were requested and have no outcome yet. A hint where to look: the streams decide. */
import { unreachable } from '../domain/decider.ts'
import type { Instant } from '../domain/instant.ts'
import type { EffectKind } from '../domain/processes/effects.ts'
import type { ProcessName } from '../domain/processes/process-name.ts'
import { defineProjection } from './projection.ts'

export type OpenEffectRow = Readonly<{
  effectId: string
  process: ProcessName
  instance: string
  kind: EffectKind
  /** Of the request: oldest first. */
  position: bigint
  requestedAt: Instant
  attempt: number
  runnerId: string | null
  deadlineAt: Instant | null
}>

export const openEffects = defineProjection({
  name: 'open-effects',
  version: 1,
  table: 'open_effects',
  columns: {
    effectId: 'text',
    process: 'text',
    instance: 'text',
    kind: 'text',
    position: 'bigint',
    requestedAt: 'timestamptz',
    attempt: 'integer',
    runnerId: 'text',
    deadlineAt: 'timestamptz',
  },
  primaryKey: 'effectId',
  nullable: ['runnerId', 'deadlineAt'],
  indexes: [{ columns: ['position'] }],
  eventTypes: ['EffectRequested', 'EffectStarted', 'EffectSucceeded', 'EffectFailed', 'EffectOutcomeUnknown'],
  keys: (event) => [event.data.effectId],
  fold(row: OpenEffectRow | undefined, event): OpenEffectRow | 'none' {
    switch (event.type) {
      case 'EffectRequested': {
        const { effectId, process, instance, request, at } = event.data
        const { position } = event
        return { effectId, process, instance, kind: request.kind, position, requestedAt: at, attempt: 0, runnerId: null, deadlineAt: null }
      }
      case 'EffectStarted': {
        if (!row) return 'none'
        const { attempt, runnerId, deadlineAt } = event.data
        return { ...row, attempt, runnerId, deadlineAt }
      }
      case 'EffectSucceeded':
      case 'EffectFailed':
      case 'EffectOutcomeUnknown':
        return 'none'
      default:
        return unreachable(event)
    }
  },
})
