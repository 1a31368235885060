/** The one switch over all healing, as one row; no row means that nobody ever touched it: healing runs. */
import { HEALING_SWITCH_ID } from '../domain/aggregates.ts'
import { unreachable } from '../domain/decider.ts'
import type { Instant } from '../domain/instant.ts'
import { defineProjection } from './projection.ts'

export type HealingSwitchRow = Readonly<{
  id: string
  stopped: boolean
  by: string
  reason: string | null
  at: Instant
  revision: bigint
}>

export const healingSwitch = defineProjection({
  name: 'healing-switch',
  version: 1,
  table: 'healing_switch',
  columns: { id: 'text', stopped: 'boolean', by: 'text', reason: 'text', at: 'timestamptz', revision: 'bigint' },
  primaryKey: 'id',
  nullable: ['reason'],
  eventTypes: ['HealingStopped', 'HealingResumed'],
  keys: () => [HEALING_SWITCH_ID],
  fold(_row: HealingSwitchRow | undefined, event, id): HealingSwitchRow {
    const { revision } = event
    switch (event.type) {
      case 'HealingStopped':
        return { id, stopped: true, by: event.data.by, reason: event.data.reason, at: event.data.at, revision }
      case 'HealingResumed':
        return { id, stopped: false, by: event.data.by, reason: null, at: event.data.at, revision }
      default:
        return unreachable(event)
    }
  },
})
