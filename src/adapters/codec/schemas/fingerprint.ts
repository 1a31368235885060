/** Events of fingerprints, as they are in the log. */
import { z } from 'zod'
import type { FingerprintEvent } from '../../../domain/fingerprint/events.ts'
import { count, instant, type SchemasOf, text } from './common.ts'
import { origin } from './incident.ts'

const fix = z.strictObject({ fingerprintId: text, incidentId: text, executionId: text, at: instant })

export const fingerprintSchemas = {
  FingerprintOpened: z.strictObject({ fingerprintId: text, cooldownMs: z.number(), origin: z.strictObject(origin), at: instant }),
  FingerprintSeenAgain: z.strictObject({ fingerprintId: text, incidentId: text, anomalyId: text, at: instant }),
  FingerprintQuieted: z.strictObject({ fingerprintId: text, anomalyId: text, until: instant, at: instant }),
  FingerprintClosed: z.strictObject({
    fingerprintId: text,
    incidentId: text,
    result: z.enum(['answered', 'not-confirmed']),
    quietUntil: instant,
    at: instant,
  }),
  FixFailed: fix,
  FixWorked: fix,
  BreakerOpened: z.strictObject({ fingerprintId: text, failures: count, at: instant }),
  BreakerReset: z.strictObject({ fingerprintId: text, by: text, reason: text, at: instant }),
} satisfies SchemasOf<FingerprintEvent>
