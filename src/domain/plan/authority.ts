/**
 * Who may let a plan run. Everything that speaks against running alone is collected, so that a person sees all of it; confidence, breakers and
 * failures elsewhere can only lower authority, never raise it.
 */
import type { ActionId, Reversibility, Risk } from '../catalogue/action.ts'
import type { Authority } from '../incident/events.ts'
import { mayRunAlone, type PolicyRules } from '../policy.ts'
import type { Mode } from '../target/events.ts'

export type AuthorityFacts = Readonly<{
  mode: Mode
  targetName: string
  actionId: ActionId
  risk: Risk
  reversibility: Reversibility
  chosenBy: 'catalogue' | 'analyst'
  confidence: number
  breakerOpen: boolean
  /** Hosts where this action failed and nobody has looked at it since. */
  failedOnHosts: number
  policy: PolicyRules
}>

/** Below this nothing runs alone. */
export const CONFIDENCE_TO_RUN_ALONE = 0.7

export function authorityOver(facts: AuthorityFacts): Authority {
  if (facts.mode === 'observe') return { kind: 'observe-only' }
  const { mode, targetName, actionId, risk, reversibility, chosenBy, confidence, breakerOpen, failedOnHosts, policy } = facts
  const objections: readonly (readonly [boolean, string])[] = [
    [mode === 'propose', 'the target is in mode propose'],
    [risk === 'high', 'the risk is high'],
    [reversibility === 'irreversible', 'the action cannot be undone'],
    [chosenBy === 'analyst', 'a model chose the action'],
    [confidence < CONFIDENCE_TO_RUN_ALONE, `confidence ${confidence} is below ${CONFIDENCE_TO_RUN_ALONE}`],
    [breakerOpen, 'fixes for this failed before'],
    [failedOnHosts > 0, 'the action failed on another host'],
    [!mayRunAlone(policy, { action: actionId, target: targetName, risk }), 'no rule of the policy allows it'],
  ]
  const because = objections.filter(([applies]) => applies).map(([, why]) => why)
  if (because.length > 0) return { kind: 'person', because }
  return { kind: 'policy', rule: `${actionId} on ${targetName} up to ${risk} risk` }
}
