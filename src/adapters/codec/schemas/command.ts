/** Events of operators' commands, as they are in the log. */
import { z } from 'zod'
import type { CommandEvent } from '../../../domain/command/events.ts'
import { instant, jsonObject, refusal, type SchemasOf, text } from './common.ts'

const ended = { commandId: text, durationMs: z.number(), at: instant }

export const commandSchemas = {
  CommandReceived: z.strictObject({
    commandId: text,
    name: text,
    subject: text,
    actor: text,
    owner: text,
    bodyHash: text,
    body: jsonObject,
    expectedRevision: text.exactOptional(),
    at: instant,
  }),
  CommandSucceeded: z.strictObject({ ...ended, result: jsonObject }),
  CommandFailed: z.strictObject({ ...ended, refusal }),
} satisfies SchemasOf<CommandEvent>
