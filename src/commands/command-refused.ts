/** A command that a rule of the domain forbids. Carries the rule and its facts; only the API knows what that means in HTTP. */
import type { Refusal } from '../domain/decider.ts'

export class CommandRefused extends Error {
  override readonly name = 'CommandRefused'
  readonly rule: string
  readonly facts: Refusal['facts']
  constructor({ rule, facts }: Refusal) {
    super(`refused: ${rule}`)
    this.rule = rule
    this.facts = facts
  }
}
