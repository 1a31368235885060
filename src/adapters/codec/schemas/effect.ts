/** What effects are asked for and what came back, as it is in the log. */
import { z } from 'zod'
import type { EffectParams, EffectRequest, EffectResults } from '../../../domain/processes/effects.ts'
import { count, flag, instant, jsonObject, program, protectedText, service, text } from './common.ts'
import { evidence, foreignChange } from './incident.ts'
import { actionRef, authority, plan } from './plan.ts'
import { baselineEntry } from './target.ts'

const chosenBy = z.enum(['catalogue', 'analyst'])
const chosenRemedy = z.strictObject({ actionId: text, confidence: z.number(), diagnosis: text })
const confirmedRemedy = z.strictObject({ action: actionRef, chosenBy, confidence: z.number(), diagnosis: text, title: text })
const namedStep = z.strictObject({ name: text, say: text, run: program })
const ranStep = z.strictObject({ executionId: text, step: text, say: text })
const stateVector = z.strictObject({
  files: z.record(text, jsonObject),
  settings: z.record(text, text),
  health: z.enum(['up', 'degraded', 'down', 'unknown']),
  precondition: z.enum(['holds', 'does-not-hold', 'unknown']),
})

const restorable = z.strictObject({ files: z.record(text, jsonObject), settings: z.record(text, text) })
const touched = z.strictObject({ action: actionRef, before: restorable, meant: restorable, seen: restorable.nullable(), lateAt: instant })

const params = {
  'clean-up': z.strictObject({ asOf: instant }),
  survey: z.strictObject({ targetId: text }),
  investigate: z.strictObject({
    incidentId: text,
    targetId: text,
    faultId: text.nullable(),
    hints: z.record(text, text),
    chosen: chosenRemedy.nullable(),
  }),
  analyse: z.strictObject({ incidentId: text, targetId: text, service, excerpt: protectedText, evidence: z.array(evidence) }),
  draft: z.strictObject({ incidentId: text, targetId: text, fingerprintId: text, remedy: confirmedRemedy }),
  prepare: z.strictObject({
    incidentId: text,
    targetId: text,
    fingerprintId: text,
    executionId: text,
    remedy: confirmedRemedy,
    plan,
    authority,
  }),
  'run-step': z.strictObject({
    targetId: text,
    executionId: text,
    step: namedStep,
    timeoutMs: z.number(),
    privileged: z.enum(['fix', 'restore']),
    touched,
  }),
  settle: z.strictObject({ targetId: text, ran: ranStep }),
  verify: z.strictObject({ targetId: text, action: actionRef, windowMs: z.number() }),
  prove: z.strictObject({ targetId: text, before: stateVector, action: actionRef }),
} satisfies { [Kind in keyof EffectParams]: z.ZodType<EffectParams[Kind]> }

const request = <const Kind extends keyof EffectParams>(kind: Kind) =>
  z.strictObject({ kind: z.literal(kind), params: params[kind], timeoutMs: z.number() })

export const effectRequest = z.discriminatedUnion('kind', [
  request('clean-up'),
  request('survey'),
  request('investigate'),
  request('analyse'),
  request('draft'),
  request('prepare'),
  request('run-step'),
  request('settle'),
  request('verify'),
  request('prove'),
]) satisfies z.ZodType<EffectRequest>

const kind = <const Kind extends string>(name: Kind) => ({ kind: z.literal(name) })
const withEvidence = { evidence: z.array(evidence) }
const unknownBecause = z.strictObject({ ...kind('unknown'), reason: text })
const notConfirmed = z.strictObject({ ...kind('not-confirmed'), ...withEvidence })

export const effectResults = {
  'clean-up': z.strictObject({ ...kind('dropped'), rows: z.record(text, count) }),
  survey: z.discriminatedUnion('kind', [
    z.strictObject({ ...kind('seen'), baseline: z.array(baselineEntry), limits: z.record(text, z.number()) }),
    z.strictObject({ ...kind('unseen'), reason: text }),
  ]),
  investigate: z.discriminatedUnion('kind', [
    z.strictObject({ ...kind('confirmed'), remedy: confirmedRemedy, ...withEvidence }),
    notConfirmed,
    z.strictObject({ ...kind('recovered'), ...withEvidence }),
    z.strictObject({ ...kind('held-back'), by: z.literal('supervisor'), ...withEvidence }),
    z.strictObject({ ...kind('unknown'), reason: text, ...withEvidence }),
    z.strictObject({ ...kind('report-only'), reason: text, ...withEvidence }),
    z.strictObject({ ...kind('unrecognised'), ...withEvidence }),
  ]),
  analyse: z.discriminatedUnion('kind', [
    z.strictObject({
      ...kind('answered'),
      diagnosis: protectedText,
      why: protectedText,
      evidenceIds: z.array(text),
      confidence: z.number(),
      chosen: chosenRemedy.nullable(),
      model: text,
    }),
    z.strictObject(kind('no-analyst')),
    z.strictObject({ ...kind('failed'), rule: text, says: protectedText, retryAfterMs: z.number().nullable() }),
  ]),
  draft: z.discriminatedUnion('kind', [
    z.strictObject({ ...kind('drafted'), plan, authority, approversNeeded: z.literal([1, 2]), actionsPerHostPerHour: count }),
    notConfirmed,
    z.strictObject({ ...kind('not-permitted'), rule: text, says: text }),
    unknownBecause,
  ]),
  prepare: z.discriminatedUnion('kind', [
    z.strictObject({
      ...kind('prepared'),
      steps: z.array(namedStep),
      rollback: z.array(namedStep),
      before: stateVector,
      meant: restorable,
    }),
    z.strictObject({ ...kind('drifted'), changed: z.array(text) }),
    notConfirmed,
    z.strictObject({ ...kind('halted'), by: text }),
    z.strictObject({ ...kind('refused'), rule: text, says: text }),
    unknownBecause,
  ]),
  'run-step': z.discriminatedUnion('kind', [
    z.strictObject({ ...kind('ended'), exitCode: count, says: protectedText, left: restorable.nullable(), ran: ranStep }),
    z.strictObject({ ...kind('never-ran'), reason: text, ran: ranStep }),
    z.strictObject({ ...kind('changed-by-others'), changes: z.array(foreignChange), ran: ranStep }),
  ]),
  settle: z.discriminatedUnion('kind', [
    z.strictObject({ ...kind('void'), ran: ranStep }),
    z.strictObject({ ...kind('ended'), exitCode: count, ran: ranStep }),
    z.strictObject({ ...kind('running'), ran: ranStep }),
    z.strictObject({ ...kind('unknown'), rebooted: flag, ran: ranStep }),
  ]),
  verify: z.discriminatedUnion('kind', [
    z.strictObject({ ...kind('holds'), probes: count }),
    z.strictObject({ ...kind('does-not-hold'), facts: jsonObject, says: text }),
    unknownBecause,
  ]),
  prove: z.discriminatedUnion('kind', [
    z.strictObject(kind('same')),
    z.strictObject({ ...kind('different'), differences: z.array(text) }),
    unknownBecause,
  ]),
} satisfies { [Kind in keyof EffectResults]: z.ZodType<EffectResults[Kind]> }
