/** Events of operations, as they are in the log. */
import { z } from 'zod'
import { askedOperations, bulkOutcomes, type OperationEvent, singleOperations } from '../../../domain/operation/events.ts'
import { count, instant, jsonObject, protectedText, type SchemasOf, text } from './common.ts'

const started = { operationId: text, subject: text, by: text, at: instant }
const items = z.array(z.strictObject({ id: text, name: text.nullable() }))
const ofItem = { operationId: text, item: text, at: instant }

export const operationSchemas = {
  OperationStarted: z.discriminatedUnion('kind', [
    z.strictObject({ ...started, kind: z.enum(singleOperations) }),
    z.strictObject({ ...started, kind: z.enum(askedOperations), items, reason: text }),
    z.strictObject({ ...started, kind: z.literal('servers-upgrade'), version: text, digest: text.exactOptional(), items, reason: text }),
  ]),
  OperationSucceeded: z.strictObject({ operationId: text, result: jsonObject, at: instant }),
  OperationFailed: z.strictObject({ operationId: text, rule: text, says: text, at: instant }),
  OperationItemStarted: z.strictObject({ ...ofItem, commandId: text }),
  OperationItemSucceeded: z.strictObject({ ...ofItem, says: text }),
  OperationItemFailed: z.strictObject({ ...ofItem, rule: text, says: protectedText }),
  OperationItemUnknown: z.strictObject({ ...ofItem, says: protectedText }),
  OperationCancelled: z.strictObject({ operationId: text, by: text, reason: text, at: instant }),
  OperationEnded: z.strictObject({
    operationId: text,
    outcome: z.enum(bulkOutcomes),
    succeeded: count,
    failed: count,
    unknown: count,
    skipped: count,
    at: instant,
  }),
} satisfies SchemasOf<OperationEvent>
