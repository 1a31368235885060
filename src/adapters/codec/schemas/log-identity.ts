/** The first event of a log. */
import { z } from 'zod'
import type { LogIdentityEvent } from '../../../domain/events.ts'
import { type SchemasOf, text } from './common.ts'

export const logIdentitySchemas = {
  LogCreated: z.strictObject({ logId: text, namespace: text }),
} satisfies SchemasOf<LogIdentityEvent>
