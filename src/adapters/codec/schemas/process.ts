/** What process managers and effects record, as it is in the log. */
import { z } from 'zod'
import { type AnyCommand, aggregates } from '../../../domain/aggregates.ts'
import type { EffectEvent, HandledInput, ProcessEvent } from '../../../domain/process/events.ts'
import { type EffectKind, effectModes } from '../../../domain/processes/effects.ts'
import { processNames } from '../../../domain/processes/process-name.ts'
import { count, instant, isObject, jsonObject, protectedText, type SchemasOf, text } from './common.ts'
import { effectRequest, effectResults } from './effect.ts'

const process = z.enum(processNames)
const instance = { process, instance: text }
const timer = { ...instance, timerId: text, name: text }

const effectKind = z.custom<EffectKind>(
  (value) => typeof value === 'string' && Object.hasOwn(effectModes, value),
  'must be a kind of effect',
)
const effect = { ...instance, effectId: text, kind: effectKind, at: instant }

/** The address is checked here; the command itself was made by our own process, and is decided upon by the aggregate it names. */
const command = z.custom<AnyCommand>(
  (value) =>
    isObject(value) &&
    typeof value['aggregate'] === 'string' &&
    Object.hasOwn(aggregates, value['aggregate']) &&
    typeof value['id'] === 'string' &&
    isObject(value['command']) &&
    typeof value['command']['type'] === 'string' &&
    isObject(value['command']['data']),
  'must be {aggregate, id, command: {type, data}} with a known aggregate',
)

/** Read like any event by whoever folds the process. */
const input = z.strictObject({ type: text, schemaVersion: count, data: jsonObject }) satisfies z.ZodType<HandledInput>

const succeeded = <const Kind extends EffectKind>(kind: Kind) =>
  z.strictObject({ ...effect, kind: z.literal(kind), result: effectResults[kind] })

export const processSchemas = {
  ProcessIntroduced: z.strictObject({ process, from: text, at: instant }),
  InputHandled: z.strictObject({ ...instance, position: text, eventId: text, input, at: instant }),
  CommandIssued: z.strictObject({ ...instance, commandId: text, command }),
  CommandRefused: z.strictObject({ ...instance, commandId: text, command: text, rule: text, facts: jsonObject, at: instant }),
  EffectRequested: z.strictObject({ ...instance, effectId: text, request: effectRequest, at: instant }),
  TimeoutScheduled: z.strictObject({ ...timer, dueAt: instant }),
  TimeoutElapsed: z.strictObject({ ...timer, at: instant }),
  TimeoutCancelled: z.strictObject(timer),
  InstanceParked: z.strictObject({ ...instance, position: text, eventId: text, cause: protectedText, at: instant }),
  InstanceUnparked: z.strictObject({ ...instance, way: z.enum(['retry', 'skip']), by: text, reason: text, at: instant }),
} satisfies SchemasOf<ProcessEvent>

export const effectSchemas = {
  EffectStarted: z.strictObject({ ...effect, attempt: count, runnerId: text, deadlineAt: instant }),
  EffectSucceeded: z.discriminatedUnion('kind', [
    succeeded('clean-up'),
    succeeded('survey'),
    succeeded('investigate'),
    succeeded('analyse'),
    succeeded('draft'),
    succeeded('prepare'),
    succeeded('run-step'),
    succeeded('settle'),
    succeeded('verify'),
    succeeded('prove'),
  ]),
  EffectFailed: z.strictObject({ ...effect, rule: text, says: protectedText }),
  EffectOutcomeUnknown: z.strictObject({ ...effect, says: protectedText }),
} satisfies SchemasOf<EffectEvent>
