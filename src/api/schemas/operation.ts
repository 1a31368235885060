/** Long work as it is shown: asked for, running, ended. */
import { z } from 'zod'
import type { OperationRow } from '../../projections/operations.ts'
import { exampleId, exampleTime, positionText, timeText } from './common.ts'

export const operation = z
  .object({
    id: z.string(),
    kind: z.enum(['projection-rebuild', 'projection-verify']),
    subject: z.string(),
    state: z.enum(['running', 'succeeded', 'failed']),
    startedBy: z.string(),
    startedAt: timeText,
    endedAt: timeText.nullable(),
    result: z.record(z.string(), z.unknown()).nullable(),
    rule: z.string().nullable().describe('Why it failed.'),
    says: z.string().nullable(),
    revision: positionText,
  })
  .meta({ id: 'Operation' })

export const exampleOperation: z.input<typeof operation> = {
  id: exampleId,
  kind: 'projection-verify',
  subject: 'incidents',
  state: 'succeeded',
  startedBy: 'admin-key',
  startedAt: exampleTime,
  endedAt: exampleTime,
  result: { equal: true, rows: 12 },
  rule: null,
  says: null,
  revision: '1',
}

export const operationJson = (row: OperationRow): z.input<typeof operation> => ({
  id: row.operationId,
  kind: row.kind,
  subject: row.subject,
  state: row.state,
  startedBy: row.startedBy,
  startedAt: row.startedAt,
  endedAt: row.endedAt,
  result: row.result,
  rule: row.rule,
  says: row.says,
  revision: String(row.revision),
})
