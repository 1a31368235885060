/** Timers that were scheduled and neither elapsed nor were cancelled. */
import { unreachable } from '../domain/decider.ts'
import type { Instant } from '../domain/instant.ts'
import type { ProcessName } from '../domain/processes/process-name.ts'
import { defineProjection } from './projection.ts'

export type DueTimerRow = Readonly<{ timerId: string; process: ProcessName; instance: string; name: string; dueAt: Instant }>

export const dueTimers = defineProjection({
  name: 'due-timers',
  version: 1,
  table: 'due_timers',
  columns: { timerId: 'text', process: 'text', instance: 'text', name: 'text', dueAt: 'timestamptz' },
  primaryKey: 'timerId',
  nullable: [],
  indexes: [{ columns: ['dueAt'] }],
  eventTypes: ['TimeoutScheduled', 'TimeoutElapsed', 'TimeoutCancelled'],
  keys: (event) => [event.data.timerId],
  fold(_row: DueTimerRow | undefined, event): DueTimerRow | 'none' {
    switch (event.type) {
      case 'TimeoutScheduled': {
        const { timerId, process, instance, name, dueAt } = event.data
        return { timerId, process, instance, name, dueAt }
      }
      case 'TimeoutElapsed':
      case 'TimeoutCancelled':
        return 'none'
      default:
        return unreachable(event)
    }
  },
})
