/** Events of operations, as they are in the log. */
import { z } from 'zod'
import type { OperationEvent } from '../../../domain/operation/events.ts'
import { instant, jsonObject, type SchemasOf, text } from './common.ts'

export const operationSchemas = {
  OperationStarted: z.strictObject({
    operationId: text,
    kind: z.enum(['projection-rebuild', 'projection-verify']),
    subject: text,
    by: text,
    at: instant,
  }),
  OperationSucceeded: z.strictObject({ operationId: text, result: jsonObject, at: instant }),
  OperationFailed: z.strictObject({ operationId: text, rule: text, says: text, at: instant }),
} satisfies SchemasOf<OperationEvent>
