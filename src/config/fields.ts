/** The kinds of values that settings have, each with the rule that is told when it is broken. */
import { z } from 'zod'

/** A string that a function understands, or breaks the rule. */
export function text<Value>(rule: string, parse: (value: string) => Value | undefined) {
  return z.string(rule).transform((value, context): Value => {
    const parsed = parse(value.trim())
    if (parsed !== undefined) return parsed
    context.addIssue({ code: 'custom', message: rule })
    return z.NEVER
  })
}

/** A YAML boolean, or the word in a variable. */
export function flag() {
  const rule = 'must be true or false'
  return z.union([z.boolean(), z.enum(['true', 'false']).transform((word) => word === 'true')], rule)
}

export function notEmpty(value: string): string | undefined {
  return value === '' || value.includes('\0') ? undefined : value
}
