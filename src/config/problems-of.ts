/** Turns what zod found into problems that a person can act on: place, field, rule; and for an unknown key the one that was meant. */
import type { z } from 'zod'
import { type ConfigProblem, unknownName } from './problem.ts'

type Issue = z.core.$ZodIssue

export function problemsOf(
  issues: readonly Issue[],
  place: (path: readonly PropertyKey[]) => string,
  { keysAt }: { keysAt: (path: readonly PropertyKey[]) => readonly string[] },
): ConfigProblem[] {
  return issues.flatMap((issue): ConfigProblem[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
        const path = [...issue.path, key]
        return { place: place(path), field: fieldOf(path), rule: unknownName(key, keysAt(issue.path)) }
      })
    }
    const rule =
      issue.code === 'invalid_type' && issue.input === undefined && issue.message.startsWith('Invalid') ? 'is missing' : issue.message
    return [{ place: place(issue.path), field: fieldOf(issue.path), rule }]
  })
}

export const fieldOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (field, step) => (typeof step === 'number' ? `${field}[${step}]` : field === '' ? String(step) : `${field}.${String(step)}`),
    '',
  )
