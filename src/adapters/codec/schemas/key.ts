/** Events of API keys, as they are in the log. */
import { z } from 'zod'
import { type KeyEvent, roles } from '../../../domain/key/events.ts'
import { instant, type SchemasOf, text } from './common.ts'

export const keySchemas = {
  ApiKeyCreated: z.strictObject({
    keyId: text,
    name: text,
    role: z.enum(roles),
    owner: text,
    sha256: text,
    expiresAt: instant.exactOptional(),
    by: text,
    at: instant,
  }),
  ApiKeyRevoked: z.strictObject({ keyId: text, by: text, reason: text, at: instant }),
} satisfies SchemasOf<KeyEvent>
