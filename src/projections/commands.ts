/** The history of operators' commands: who asked for what, what came of it, how long it took. Attempts that were refused are in it too. */

import type { Refusal } from '../domain/decider.ts'
import { unreachable } from '../domain/decider.ts'
import type { Instant } from '../domain/instant.ts'
import type { JsonObject } from '../domain/ports/json.ts'
import { defineProjection } from './projection.ts'

export type CommandRow = Readonly<{
  commandId: string
  /** The operation of the API, e.g. 'approvals.approve'. */
  name: string
  subject: string
  actor: string
  owner: string
  state: 'received' | 'succeeded' | 'failed'
  result: JsonObject | null
  refusal: Refusal | null
  durationMs: number | null
  receivedAt: Instant
  endedAt: Instant | null
  correlationId: string
  /** Of the receipt: a stable order of attempts. */
  position: bigint
  revision: bigint
}>

export const commands = defineProjection({
  name: 'commands',
  version: 1,
  table: 'commands',
  columns: {
    commandId: 'text',
    name: 'text',
    subject: 'text',
    actor: 'text',
    owner: 'text',
    state: 'text',
    result: 'json',
    refusal: 'json',
    durationMs: 'double precision',
    receivedAt: 'timestamptz',
    endedAt: 'timestamptz',
    correlationId: 'text',
    position: 'bigint',
    revision: 'bigint',
  },
  primaryKey: 'commandId',
  nullable: ['result', 'refusal', 'durationMs', 'endedAt'],
  indexes: [{ columns: ['position'] }, { columns: ['state', 'receivedAt'] }, { columns: ['owner', 'position'] }],
  eventTypes: ['CommandReceived', 'CommandSucceeded', 'CommandFailed'],
  keys: (event) => [event.data.commandId],
  fold(row: CommandRow | undefined, event): CommandRow | 'none' {
    const { revision } = event
    if (event.type === 'CommandReceived') {
      const { commandId, name, subject, actor, owner, at } = event.data
      return {
        commandId,
        name,
        subject,
        actor,
        owner,
        state: 'received',
        result: null,
        refusal: null,
        durationMs: null,
        receivedAt: at,
        endedAt: null,
        correlationId: event.metadata.correlationId,
        position: event.position,
        revision,
      }
    }
    if (!row) return 'none'
    switch (event.type) {
      case 'CommandSucceeded': {
        const { result, durationMs, at } = event.data
        return { ...row, state: 'succeeded', result, durationMs, endedAt: at, revision }
      }
      case 'CommandFailed': {
        const { refusal, durationMs, at } = event.data
        return { ...row, state: 'failed', refusal, durationMs, endedAt: at, revision }
      }
      default:
        return unreachable(event)
    }
  },
})
