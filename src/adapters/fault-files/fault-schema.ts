/** The form of a fault file, and its translation into the domain's `Fault`. Strict: an unknown key is a mistake, not a comment. */
import { z } from 'zod'
import { services } from '../../domain/catalogue/action.ts'
import { type Fault, REPORT } from '../../domain/catalogue/fault.ts'
import { supervisorSights } from '../../domain/catalogue/supervisor-sights.ts'
import type { Json } from '../../domain/ports/json.ts'
import { severities } from '../../domain/severity.ts'

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `500ms`, `15s`, `5m`, `1h`, `1d`, as milliseconds. */
const duration = z
  .string({ error: 'must be a duration such as 15s, 5m or 1h' })
  .regex(/^[1-9]\d{0,6}(?:ms|s|m|h|d)$/, 'must be a duration such as 15s, 5m or 1h')
  .transform((text) => Number.parseInt(text, 10) * (UNITS_MS[text.replace(/^\d+/, '')] ?? 0))

const faultId = z.custom<Fault['id']>(
  (value) => typeof value === 'string' && /^[a-z]+\.[a-z0-9]+(?:-[a-z0-9]+)*$/.test(value),
  'must be <service>.<name-in-kebab-case>',
)

const line = z.string().min(1).max(65_536)

const pattern = z
  .string()
  .min(1)
  .max(2_000)
  .startsWith('^', 'must be anchored with ^: what a client wrote never stands at the beginning of a line')
const examples = z.array(line).min(1, 'needs at least one real line that it matches')
const nearMisses = z.array(line).min(1, 'needs at least one line that looks alike and that it does not match')

const logDetection = z
  .strictObject({
    log: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/, 'must be the name of a log')
      .refine((name) => name !== REPORT, 'must be the name of a log; for reports write report: <pattern>'),
    level: z.array(z.string().min(1)).min(1),
    match: pattern,
    examples,
    near_misses: nearMisses,
  })
  .transform(({ near_misses, ...rest }) => ({ kind: 'log' as const, ...rest, nearMisses: near_misses }))

/** What a client saw, told by `POST /errors`: it may be wrapped in words of the client's own, so it needs no frame and no level. */
const reportDetection = z
  .strictObject({
    report: pattern,
    examples,
    near_misses: nearMisses,
  })
  .transform(({ report, near_misses, ...rest }) => ({
    kind: 'log' as const,
    log: REPORT,
    level: [],
    match: report,
    ...rest,
    nearMisses: near_misses,
  }))

const pollDetection = z.strictObject({ poll: z.string().min(1) }).transform(({ poll }) => ({ kind: 'poll' as const, probe: poll }))

const supervisorDetection = z
  .strictObject({ supervisor: z.enum(supervisorSights, `must be one of ${supervisorSights.join(', ')}`) })
  .transform(({ supervisor }) => ({ kind: 'supervisor' as const, saw: supervisor }))

type Detected = z.output<typeof logDetection> | z.output<typeof pollDetection> | z.output<typeof supervisorDetection>

/** Decided by the key that is there, so that a mistake is reported for the form that was meant. */
const detection = z.unknown().transform((value, context): Detected => {
  const has = (key: string): boolean => typeof value === 'object' && value !== null && key in value
  const result = has('poll')
    ? pollDetection.safeParse(value)
    : has('report')
      ? reportDetection.safeParse(value)
      : has('supervisor')
        ? supervisorDetection.safeParse(value)
        : logDetection.safeParse(value)
  if (result.success) return result.data
  for (const issue of result.error.issues)
    context.addIssue({ ...issue, code: 'custom', message: messageOf(issue), params: { keys: keysOf(issue) } })
  return z.NEVER
})

/** zod reports unknown keys in a field of its own; kept, because the suggestion is made from them. */
const keysOf = (issue: z.core.$ZodIssue): readonly string[] => (issue.code === 'unrecognized_keys' ? issue.keys : [])
const messageOf = (issue: z.core.$ZodIssue): string => (issue.code === 'unrecognized_keys' ? 'unknown key' : issue.message)

const json: z.ZodType<Json> = z.json()

export const faultFile = z
  .strictObject({
    fault: faultId,
    title: z.string().min(1).max(200),
    service: z.enum(services),
    severity: z.enum(severities),
    cooldown: duration,
    detect: z.array(detection).min(1),
    diagnosis: z.string().trim().min(1),
    remedies: z.array(z.strictObject({ action: z.string(), params: z.record(z.string(), json).default({}) })),
    report_only: z.string().min(1).optional(),
    unremedied: z.string().trim().min(1).optional(),
    runbook: z.string().min(1),
  })
  .transform(
    ({ fault, cooldown, report_only, unremedied, ...rest }): Fault => ({
      id: fault,
      ...rest,
      cooldownMs: cooldown,
      ...(report_only === undefined ? {} : { reportOnly: report_only }),
      ...(unremedied === undefined ? {} : { unremedied }),
    }),
  )

/** Every key of the form, for suggestions. */
export const knownKeys: readonly string[] = [
  'fault',
  'title',
  'service',
  'severity',
  'cooldown',
  'detect',
  'diagnosis',
  'remedies',
  'report_only',
  'runbook',
  'log',
  'level',
  'match',
  'examples',
  'near_misses',
  'poll',
  'report',
  'supervisor',
  'unremedied',
  'action',
  'params',
]
