/** Events of a host's lanes, as they are in the log. */
import { z } from 'zod'
import type { LanesEvent } from '../../../domain/lanes/events.ts'
import { instant, resource, type SchemasOf, text } from './common.ts'

const ref = { hostId: text, incidentId: text, executionId: text, at: instant }
const claim = { ...ref, targetId: text, actionId: text, resources: z.array(resource) }

export const lanesSchemas = {
  LanesAcquired: z.strictObject(claim),
  LanesQueued: z.strictObject({ ...claim, heldBy: text }),
  LanesReleased: z.strictObject(ref),
  LanesOffered: z.strictObject(ref),
  LanesLeft: z.strictObject({ hostId: text, targetId: text, at: instant }),
} satisfies SchemasOf<LanesEvent>
