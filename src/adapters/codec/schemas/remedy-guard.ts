/** Events of remedy guards, as they are in the log. */
import { z } from 'zod'
import type { RemedyGuardEvent } from '../../../domain/remedy-guard/events.ts'
import { instant, type SchemasOf, text } from './common.ts'

export const remedyGuardSchemas = {
  RemedyFailed: z.strictObject({ actionId: text, hostId: text, incidentId: text, at: instant }),
  RemedyApplied: z.strictObject({ actionId: text, targetId: text, incidentId: text, at: instant }),
  RemedyCleared: z.strictObject({ actionId: text, by: text, reason: text, at: instant }),
} satisfies SchemasOf<RemedyGuardEvent>
