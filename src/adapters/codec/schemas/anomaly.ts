/** Events of anomalies, as they are in the log. */
import { z } from 'zod'
import { type AnomalyEvent, anomalyStatuses } from '../../../domain/anomaly/events.ts'
import { supervisorSights } from '../../../domain/catalogue/supervisor-sights.ts'
import { count, instant, protectedText, type SchemasOf, service, severity, text } from './common.ts'

const source = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('log'), path: text, generation: text, offset: count }),
  z.strictObject({ kind: z.literal('poll'), probe: text }),
  z.strictObject({ kind: z.literal('report'), by: text }),
  z.strictObject({ kind: z.literal('supervisor'), event: text, saw: z.enum(supervisorSights) }),
])

export const anomalySchemas = {
  AnomalyDetected: z.strictObject({
    anomalyId: text,
    targetId: text,
    hostId: text,
    service,
    faultId: text.exactOptional(),
    title: text,
    severity,
    fingerprint: text,
    fingerprintId: text,
    groupedBy: text,
    cooldownMs: z.number(),
    source,
    excerpt: protectedText,
    hints: z.record(text, protectedText),
    at: instant,
  }),
  AnomalyRepeated: z.strictObject({
    anomalyId: text,
    fingerprintId: text,
    count,
    path: text,
    generation: text,
    fromOffset: count,
    toOffset: count,
    seenAt: instant,
    at: instant,
  }),
  AnomalyStatusChanged: z.strictObject({ anomalyId: text, status: z.enum(anomalyStatuses), by: text, at: instant }),
} satisfies SchemasOf<AnomalyEvent>
