/** Long work as it is shown: asked for, under way item by item, ended. */
import { z } from 'zod'
import { operationKinds } from '../../domain/operation/events.ts'
import { type OperationRow, operationStates } from '../../projections/operations.ts'
import { exampleId, exampleTime, listOf, positionText, timeText } from './common.ts'

const progress = z.object({
  total: z.int(),
  completed: z.int().describe('Came to an end, whichever.'),
  succeeded: z.int(),
  failed: z.int(),
  unknown: z.int().describe('Asked for, and nobody can say yet what became of it.'),
  current: listOf(z.string()).describe('Names of what is under way.'),
})

export const operationSummary = z
  .object({
    id: z.string(),
    kind: z.enum(operationKinds),
    subject: z.string(),
    state: z.enum(operationStates).describe('`partly`: some did, some did not. Only what was proven counts as succeeded.'),
    startedBy: z.string(),
    reason: z.string().nullable(),
    startedAt: timeText,
    endedAt: timeText.nullable(),
    progress: progress.nullable().describe('Null: it has no items.'),
    cancelledBy: z.string().nullable(),
    result: z.record(z.string(), z.unknown()).nullable(),
    rule: z.string().nullable().describe('Why it failed.'),
    says: z.string().nullable(),
    revision: positionText,
  })
  .meta({ id: 'OperationSummary' })

const item = z.object({
  id: z.string(),
  name: z.string().nullable().describe('Null: there was none of that id.'),
  state: z.enum(['waiting', 'running', 'succeeded', 'failed', 'unknown', 'skipped']),
  commandId: z.string().nullable().describe('The command on this item; undo it to take back what it did.'),
  rule: z.string().nullable(),
  says: z.string().nullable(),
  startedAt: timeText.nullable(),
  endedAt: timeText.nullable(),
})

export const operation = operationSummary.extend({ items: listOf(item).nullable() }).meta({ id: 'Operation' })

export const exampleOperationSummary: z.input<typeof operationSummary> = {
  id: exampleId,
  kind: 'projection-verify',
  subject: 'incidents',
  state: 'succeeded',
  startedBy: 'admin-key',
  reason: null,
  startedAt: exampleTime,
  endedAt: exampleTime,
  progress: null,
  cancelledBy: null,
  result: { equal: true, rows: 12 },
  rule: null,
  says: null,
  revision: '1',
}
export const exampleOperation: z.input<typeof operation> = { ...exampleOperationSummary, items: null }

export const operationSummaryJson = (row: OperationRow): z.input<typeof operationSummary> => ({
  id: row.operationId,
  kind: row.kind,
  subject: row.subject,
  state: row.state,
  startedBy: row.startedBy,
  reason: row.reason,
  startedAt: row.startedAt,
  endedAt: row.endedAt,
  progress: row.progress,
  cancelledBy: row.cancelledBy,
  result: row.result,
  rule: row.rule,
  says: row.says,
  revision: String(row.revision),
})

export const operationJson = (row: OperationRow): z.input<typeof operation> => ({ ...operationSummaryJson(row), items: row.items })
