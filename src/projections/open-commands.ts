/** Operators' commands that were received and have no result: they are run again by a retry, or at the next start. */
import { unreachable } from '../domain/decider.ts'
import type { Instant } from '../domain/instant.ts'
import { defineProjection } from './projection.ts'

export type OpenCommandRow = Readonly<{ commandId: string; receivedAt: Instant }>

export const openCommands = defineProjection({
  name: 'open-commands',
  version: 1,
  table: 'open_commands',
  columns: { commandId: 'text', receivedAt: 'timestamptz' },
  primaryKey: 'commandId',
  nullable: [],
  indexes: [{ columns: ['receivedAt'] }],
  eventTypes: ['CommandReceived', 'CommandSucceeded', 'CommandFailed'],
  keys: (event) => [event.data.commandId],
  fold(_row: OpenCommandRow | undefined, event): OpenCommandRow | 'none' {
    switch (event.type) {
      case 'CommandReceived':
        return { commandId: event.data.commandId, receivedAt: event.data.at }
      case 'CommandSucceeded':
      case 'CommandFailed':
        return 'none'
      default:
        return unreachable(event)
    }
  },
})
