/** Reads STEWARD_POLICY: what may run without a person. A file that is not understood in every detail is refused as a whole. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson } from '../domain/canonical-json.ts'
import type { ActionId } from '../domain/catalogue/action.ts'
import { denyAll, type Policy, type PolicyRules, type SessionPolicy } from '../domain/policy.ts'
import { DURATION_RULE, parseDuration } from './duration.ts'
import { ConfigInvalid, type ConfigProblem, nearest } from './problem.ts'
import { problemsOf } from './problems-of.ts'
import { readYaml } from './yaml-file.ts'

/**
 * @param knownActions when given, a rule for an action that does not exist is an error: it would look like a permission and be none.
 * @throws ConfigInvalid with file, line, field and rule of everything that is wrong.
 */
export function parsePolicy(file: string, text: string, knownActions?: readonly string[]): Policy {
  const yaml = readYaml(file, text)
  const parsed = policySchema.safeParse(yaml.value)
  if (!parsed.success)
    throw new ConfigInvalid(
      problemsOf(parsed.error.issues, yaml.place, { keysAt: (path) => KEYS.get(path.join('.').replace(/\.\d+/g, '')) ?? [] }),
    )
  const { auto, sessions, ceilings, actionsPerHostPerHour, window: windowMs, approversNeeded } = parsed.data
  const unknown = unknownActions(auto, yaml.place, knownActions)
  if (unknown.length > 0) throw new ConfigInvalid(unknown)
  const rules = { auto, ceilings, actionsPerHostPerHour, windowMs, approversNeeded }
  return versioned(sessions === undefined ? rules : { ...rules, sessions: sessionPolicy(sessions) })
}

/** In force without a file. */
export const policyWithoutFile = (): Policy => versioned(denyAll)

/** The version is the content: the same rules have the same version on every machine, however the file is written. */
function versioned(rules: PolicyRules): Policy {
  const version = createHash('sha256').update(canonicalJson(rules), 'utf8').digest('hex')
  return { ...rules, version }
}

const duration = (minMs: number, maxMs: number, range: string) =>
  z.string(DURATION_RULE).transform((text, context) => {
    const ms = parseDuration(text)
    if (ms === undefined) context.addIssue({ code: 'custom', message: DURATION_RULE })
    else if (ms < minMs || ms > maxMs) context.addIssue({ code: 'custom', message: `must be ${range}` })
    return ms ?? 0
  })

const names = (rule: string) => z.array(z.string(rule).min(1, rule).max(128, rule), rule).min(1, rule)
const whole = (min: number, max: number) => {
  const rule = `must be a whole number from ${min} to ${max}`
  return z.int(rule).min(min, rule).max(max, rule)
}

const isAction = (name: string): name is ActionId | '*' => name === '*' || /^[a-z][a-z0-9]*(?:\.[a-z0-9-]+)+$/.test(name)
const ACTION_RULE = 'must be the id of an action, such as nginx.reload, or *'

const policySchema = z.strictObject({
  auto: z
    .array(
      z.strictObject({
        action: z.string(ACTION_RULE).refine(isAction, ACTION_RULE),
        target: z.string('must be the name of a target, or *').min(1, 'must be the name of a target, or *'),
        maxRisk: z.enum(['low', 'medium', 'high'], 'must be low, medium or high'),
      }),
      'must be a list of rules: action, target, maxRisk',
    )
    .default([]),
  sessions: z
    .strictObject({
      users: names('must be a list of user names'),
      states: names('must be a list of session states, such as idle in transaction'),
      minIdle: duration(0, 604_800_000, 'at most 7d'),
      max: whole(1, 1_000),
    })
    .optional(),
  ceilings: z
    .record(z.string(), z.number('must be a number').positive('must be above 0'), 'must map names of limits to numbers')
    .default({}),
  actionsPerHostPerHour: whole(0, 1_000).default(denyAll.actionsPerHostPerHour),
  window: duration(100, 3_600_000, 'between 100ms and 1h').default(denyAll.windowMs),
  approversNeeded: z.literal([1, 2], 'must be 1 or 2').default(denyAll.approversNeeded),
})

const KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ['', Object.keys(policySchema.shape)],
  ['auto', ['action', 'target', 'maxRisk']],
  ['sessions', ['users', 'states', 'minIdle', 'max']],
])

const sessionPolicy = ({ users, states, minIdle, max }: NonNullable<z.infer<typeof policySchema>['sessions']>): SessionPolicy => ({
  users,
  states,
  minIdleMs: minIdle,
  max,
})

function unknownActions(
  auto: readonly Readonly<{ action: string }>[],
  place: (path: readonly PropertyKey[]) => string,
  known: readonly string[] | undefined,
): ConfigProblem[] {
  if (known === undefined) return []
  return auto.flatMap(({ action }, index) => {
    if (action === '*' || known.includes(action)) return []
    const meant = nearest(action, known)
    const rule = `names the action ${action}, which is not in the catalogue${meant === undefined ? '' : `; did you mean ${meant}?`}`
    return [{ place: place(['auto', index, 'action']), field: `auto[${index}].action`, rule }]
  })
}
