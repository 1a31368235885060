/** A plan and who lets it run, as they are in the log. */
import { z } from 'zod'
import type { Authority } from '../../../domain/incident/events.ts'
import type { Plan } from '../../../domain/plan/plan.ts'
import { actionId, count, jsonObject, program, protectedText, resource, reversibility, risk, service, text } from './common.ts'

export const actionRef = z.strictObject({ id: actionId, version: count, params: jsonObject })

export const plan = z.strictObject({
  incidentId: text,
  targetId: text,
  hostId: text,
  hostKeyFingerprint: text,
  service,
  action: actionRef,
  reversibility,
  risk,
  resources: z.array(resource),
  steps: z.array(text),
  precondition: program,
  postcondition: program,
  snapshot: z.array(text),
  files: z.array(z.strictObject({ path: text, sha256Before: text, sha256After: text })),
  windowMs: z.number(),
  timeoutMs: z.number(),
  catalogueVersion: text,
  policyVersion: text,
  planHash: text,
  title: text,
  diagnosis: text,
  chosenBy: z.enum(['catalogue', 'analyst']),
  confidence: z.number(),
  rollback: text,
  diffs: z.array(z.strictObject({ path: text, diff: protectedText })),
}) satisfies z.ZodType<Plan>

export const authority = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('policy'), rule: text }),
  z.strictObject({ kind: z.literal('person'), because: z.array(text) }),
  z.strictObject({ kind: z.literal('observe-only') }),
]) satisfies z.ZodType<Authority>
