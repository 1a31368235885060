/** Long work that operators asked for: where it stands and how it ended. */
import { unreachable } from '../domain/decider.ts'
import type { Instant } from '../domain/instant.ts'
import type { OperationKind } from '../domain/operation/events.ts'
import type { JsonObject } from '../domain/ports/json.ts'
import { defineProjection } from './projection.ts'

export type OperationRow = Readonly<{
  operationId: string
  kind: OperationKind
  subject: string
  startedBy: string
  state: 'running' | 'succeeded' | 'failed'
  result: JsonObject | null
  rule: string | null
  says: string | null
  startedAt: Instant
  endedAt: Instant | null
  revision: bigint
}>

export const operations = defineProjection({
  name: 'operations',
  version: 1,
  table: 'operations',
  columns: {
    operationId: 'text',
    kind: 'text',
    subject: 'text',
    startedBy: 'text',
    state: 'text',
    result: 'json',
    rule: 'text',
    says: 'text',
    startedAt: 'timestamptz',
    endedAt: 'timestamptz',
    revision: 'bigint',
  },
  primaryKey: 'operationId',
  nullable: ['result', 'rule', 'says', 'endedAt'],
  indexes: [{ columns: ['startedAt'] }],
  eventTypes: ['OperationStarted', 'OperationSucceeded', 'OperationFailed'],
  keys: (event) => [event.data.operationId],
  fold(row: OperationRow | undefined, event): OperationRow | 'none' {
    const { revision } = event
    if (event.type === 'OperationStarted') {
      const { operationId, kind, subject, by, at } = event.data
      return {
        operationId,
        kind,
        subject,
        startedBy: by,
        state: 'running',
        result: null,
        rule: null,
        says: null,
        startedAt: at,
        endedAt: null,
        revision,
      }
    }
    if (!row) return 'none'
    switch (event.type) {
      case 'OperationSucceeded':
        return { ...row, state: 'succeeded', result: event.data.result, endedAt: event.data.at, revision }
      case 'OperationFailed': {
        const { rule, says, at } = event.data
        return { ...row, state: 'failed', rule, says, endedAt: at, revision }
      }
      default:
        return unreachable(event)
    }
  },
})
