/** Events of the healing switch, as they are in the log. */
import { z } from 'zod'
import type { HealingSwitchEvent } from '../../../domain/healing-switch/events.ts'
import { instant, type SchemasOf, text } from './common.ts'

export const healingSwitchSchemas = {
  HealingStopped: z.strictObject({ by: text, reason: text, at: instant }),
  HealingResumed: z.strictObject({ by: text, at: instant }),
  HealingAwaited: z.strictObject({ incidentId: text, at: instant }),
  HealingOffered: z.strictObject({ incidentId: text, at: instant }),
} satisfies SchemasOf<HealingSwitchEvent>
