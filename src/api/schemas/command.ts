/** The audit of attempts: who tried what, when, and what came of it. */
import { z } from 'zod'
import type { CommandRow } from '../../projections/commands.ts'
import { exampleId, exampleTime, positionText, timeText } from './common.ts'

export const command = z
  .object({
    id: z.string(),
    name: z.string(),
    subject: z.string(),
    actor: z.string().describe('Id of the key.'),
    owner: z.string().describe('Who answers for the key.'),
    state: z.enum(['received', 'succeeded', 'failed']),
    result: z.record(z.string(), z.unknown()).nullable(),
    refusal: z.object({ rule: z.string(), facts: z.record(z.string(), z.unknown()) }).nullable(),
    durationMs: z.number().nullable(),
    receivedAt: timeText,
    endedAt: timeText.nullable(),
    correlationId: z.string(),
    position: positionText,
  })
  .meta({ id: 'Command' })

export const exampleCommand: z.input<typeof command> = {
  id: exampleId,
  name: 'targets.pause',
  subject: '0199f0a0-0000-7000-8000-000000000005',
  actor: 'admin-key',
  owner: 'admin',
  state: 'succeeded',
  result: { id: '0199f0a0-0000-7000-8000-000000000005', position: '4711' },
  refusal: null,
  durationMs: 4,
  receivedAt: exampleTime,
  endedAt: exampleTime,
  correlationId: '0199f0a0-0000-7000-8000-000000000009',
  position: '4710',
}

export const commandJson = (row: CommandRow): z.input<typeof command> => ({
  id: row.commandId,
  name: row.name,
  subject: row.subject,
  actor: row.actor,
  owner: row.owner,
  state: row.state,
  result: row.result,
  refusal: row.refusal,
  durationMs: row.durationMs,
  receivedAt: row.receivedAt,
  endedAt: row.endedAt,
  correlationId: row.correlationId,
  position: String(row.position),
})
