/**
 * The parts that events share, as they are in the log. Shapes only: a rule that was tightened later must not make old events unreadable, so
 * what a path or a name may look like is checked where it enters, not here.
 */
import { z } from 'zod'
import { type ActionId, type Resource, services } from '../../../domain/catalogue/action.ts'
import { type Program, type ServerRequest, serverIntents } from '../../../domain/catalogue/program.ts'
import type { DomainEvent } from '../../../domain/events.ts'
import { type Instant, instant as parseInstant } from '../../../domain/instant.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import type { SecretReference } from '../../../domain/ports/secrets.ts'
import type { Protected } from '../../../domain/protected.ts'
import { severities } from '../../../domain/severity.ts'

/** A schema for the data of every event of a union: one that is forgotten does not compile. */
export type SchemasOf<Event extends DomainEvent> = Readonly<{
  [Type in Event['type']]: z.ZodType<Extract<Event, { type: Type }>['data']>
}>

export const text = z.string()
export const count = z.int()
export const flag = z.boolean()

export const instant = z.custom<Instant>(isInstant, 'must be a moment in the form 2026-11-21T10:30:00.000Z')

function isInstant(value: unknown): boolean {
  if (typeof value !== 'string') return false
  try {
    parseInstant(value)
    return true
  } catch {
    return false
  }
}

/** The one place where text from outside leaves the log and enters the program. Encryption per subject will be undone here. */
export const protectedText = z.strictObject({ text }) satisfies z.ZodType<Protected>

/** It was JSON in the log, so every part of it is JSON. */
export const jsonObject = z.custom<JsonObject>(isObject, 'must be an object')

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export const service = z.enum(services)
export const severity = z.enum(severities)
export const risk = z.enum(['low', 'medium', 'high'])
export const reversibility = z.enum(['reversible', 'compensable', 'irreversible'])

export const actionId = z.custom<ActionId>((value) => typeof value === 'string' && value.includes('.'), 'must be <service>.<action>')
export const resource = z.custom<Resource>(
  (value) => typeof value === 'string' && /^(?:service|unit|file|filesystem|server):/.test(value),
  'must begin with service:, unit:, file:, filesystem: or server:',
)
export const secretReference = z.custom<SecretReference>(
  (value) => typeof value === 'string' && /^(?:file|env):/.test(value),
  'must begin with file: or env:',
)
const scriptName = z.custom<`${string}.sh`>((value) => typeof value === 'string' && value.endsWith('.sh'), 'must end with .sh')

const serverRequest = z.discriminatedUnion('verb', [
  z.strictObject({ verb: z.literal('look'), try: z.array(z.enum(['present', 'last-good'])) }),
  z.strictObject({ verb: z.literal('print-configuration'), sha256: text }),
  z.strictObject({ verb: z.literal('configure'), from: text, to: text }),
  z.strictObject({ verb: z.literal('limit-memory'), bytes: count }),
  z.strictObject({ verb: z.literal('want'), intent: z.enum(serverIntents) }),
]) satisfies z.ZodType<ServerRequest>

export const program = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('exec'), argv: z.tuple([text], text) }),
  z.strictObject({ kind: z.literal('script'), script: scriptName, args: z.array(text) }),
  z.strictObject({ kind: z.literal('sql'), text, values: z.array(z.union([text, z.number(), flag])) }),
  z.strictObject({ kind: z.literal('redis'), command: z.tuple([text], text) }),
  z.strictObject({ kind: z.literal('server'), request: serverRequest }),
]) satisfies z.ZodType<Program>

export const refusal = z.strictObject({ rule: text, facts: z.record(text, z.union([text, z.number(), flag])) })
