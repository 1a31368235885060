/** Parameters of actions: strict, and refused with the field and the rule by name. */
import type { z } from 'zod'
import type { ActionId } from '../action.ts'

export class ParamsRefused extends Error {
  override readonly name = 'ParamsRefused'
  readonly action: ActionId
  readonly field: string
  readonly rule: string
  constructor(facts: { action: ActionId; field: string; rule: string }) {
    super(`${facts.action}: ${facts.field}: ${facts.rule}`)
    this.action = facts.action
    this.field = facts.field
    this.rule = facts.rule
  }
}

export const parseParams =
  <Params>(action: ActionId, schema: z.ZodType<Params>) =>
  (input: unknown): Params => {
    const result = schema.safeParse(input)
    if (result.success) return result.data
    const issue = result.error.issues[0]
    const field = issue === undefined || issue.path.length === 0 ? 'params' : issue.path.map(String).join('.')
    throw new ParamsRefused({ action, field, rule: issue?.message ?? 'invalid' })
  }

/** Files changed less than this ago: somebody may be working there, so a person decides. */
export const SETTLED_AFTER_SECONDS = 300
