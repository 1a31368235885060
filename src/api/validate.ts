/** Checks what came from outside against its schema. Every broken rule is named with its field; what was sent is not repeated. */
import type { z } from 'zod'
import { ApiError } from './api-error.ts'

export type Place = 'path' | 'query' | 'body'

/** @throws ApiError `validation-failed`; `not-found` for a path that no object can have. */
export function checked<Schema extends z.ZodType>(place: Place, schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: false })
  if (result.success) return result.data
  // An id that cannot exist is an object that does not exist.
  if (place === 'path') throw new ApiError('not-found')
  throw new ApiError('validation-failed', {
    details: { issues: result.error.issues.flatMap((issue) => issuesOf(place, issue)).slice(0, 20) },
  })
}

/** @throws ApiError `validation-failed` for a parameter that is given twice: nobody can say which one counts. */
export function once(query: URLSearchParams): Readonly<Record<string, string>> {
  const names = [...query.keys()]
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw brokenParameter(twice, 'may be given once')
  return Object.fromEntries(query)
}

/**
 * No name and no filter holds a NUL, and no database can be asked for one.
 * @throws ApiError `not-found` for a path, `validation-failed` for a query.
 */
export function withoutNul(params: Readonly<Record<string, string>>, query: Readonly<Record<string, string>>): void {
  if (Object.values(params).some(hasNul)) throw new ApiError('not-found')
  const broken = Object.keys(query).find((name) => hasNul(query[name] ?? ''))
  if (broken !== undefined) throw brokenParameter(broken, 'must not hold NUL')
}

const hasNul = (text: string): boolean => text.includes('\0')

const brokenParameter = (name: string, rule: string): ApiError =>
  new ApiError('validation-failed', { details: { issues: [{ field: `query.${printable(name)}`, rule }] } })

/** What zod says of a union whose schema says nothing itself. */
const WITHOUT_WORDS = 'Invalid input'

type Issue = { field: string; rule: string }

function issuesOf(place: Place, issue: z.core.$ZodIssue): Issue[] {
  const field = [place, ...issue.path.map((part) => (typeof part === 'number' ? String(part) : printable(String(part))))].join('.')
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ field: `${field}.${printable(key)}`, rule: 'is not a known field' }))
  // A union with words of its own says what all its branches are.
  if (issue.code === 'invalid_union' && issue.errors.length > 0 && issue.message === WITHOUT_WORDS) {
    // The branch that came closest says most.
    const closest = issue.errors.toSorted((a, b) => a.length - b.length)[0] ?? []
    return closest.flatMap((inner) => issuesOf(place, { ...inner, path: [...issue.path, ...inner.path] }))
  }
  return [{ field, rule: issue.message }]
}

/** Names of fields are the caller's own text: only those that look like names are shown. */
const printable = (name: string): string => (/^[A-Za-z][A-Za-z0-9_]{0,39}$/.test(name) ? name : '?')
