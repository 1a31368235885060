/** What Steward may do without a person. Deny by default: what no rule here allows waits for an approval. */
import { type ActionId, type Risk, risks } from './catalogue/action.ts'

export type Policy = Readonly<{
  /** Actions that may run alone on targets in mode `act`, up to a computed risk. `*` stands for every one. */
  auto: readonly AutoRule[]
  /** Which database sessions may be ended without a person. Missing: none. */
  sessions?: SessionPolicy
  /** Highest value that an action may set, by the name the action gives to the limit it raises. */
  ceilings: Readonly<Record<string, number>>
  actionsPerHostPerHour: number
  /** The stabilisation window: every probe in it must prove the cure. */
  windowMs: number
  approversNeeded: 1 | 2
  /** SHA-256 of the canonical form of all of the above; part of every plan hash, so that an approval dies with the policy it was given under. */
  version: string
}>

export type AutoRule = Readonly<{ action: ActionId | '*'; target: string; maxRisk: Risk }>
export type SessionPolicy = Readonly<{ users: readonly string[]; states: readonly string[]; minIdleMs: number; max: number }>

export type PolicyRules = Omit<Policy, 'version'>

/** In force when no policy file is given: nothing runs alone. */
export const denyAll: PolicyRules = { auto: [], ceilings: {}, actionsPerHostPerHour: 6, windowMs: 10_000, approversNeeded: 1 }

/** Whether a rule lets this action run alone on this target. High risk never does, whatever a rule says. */
export const mayRunAlone = (policy: PolicyRules, { action, target, risk }: { action: ActionId; target: string; risk: Risk }): boolean =>
  risk !== 'high' &&
  policy.auto.some(
    (rule) =>
      (rule.action === '*' || rule.action === action) &&
      (rule.target === '*' || rule.target === target) &&
      risks.indexOf(risk) <= risks.indexOf(rule.maxRisk),
  )
