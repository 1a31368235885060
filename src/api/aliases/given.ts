/** What the bodies of the documents have in common: values that may be references, fields that may be left out, and rules named by field. */
import { z } from 'zod'
import { ApiError } from '../api-error.ts'

/** A value, or where to find a secret. */
export const reference = z.union([z.string(), z.strictObject({ secret: z.string() })])

type Given<Value> = { [Name in keyof Value]: Exclude<Value[Name], undefined> }

/** Without the fields that were left out: to a change, undefined would be a value. */
export const given = <Value extends object>(value: Value): Given<Value> => JSON.parse(JSON.stringify(value))

export const invalid = (field: string, rule: string) =>
  new ApiError('validation-failed', { details: { issues: [{ field: `body.${field}`, rule }] } })

/** Canonical fields by what the document calls them, e.g. `{ 'transport.env': 'env' }`. */
export type FieldNames = Readonly<Record<string, string>>

/** What a document's body became, checked by the canonical schema. A broken rule is named by the document's field. */
export function asCanonical<Schema extends z.ZodType>(schema: Schema, body: unknown, fields: FieldNames): z.output<Schema> {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const issues = result.error.issues
    .slice(0, 20)
    .map(({ path, message }) => ({ field: `body.${documentField(path.map(String), fields)}`, rule: message }))
  throw new ApiError('validation-failed', { details: { issues } })
}

/** Carries out a canonical command; what it finds wrong with a field is said of the document's field. */
export async function namingFields<Done>(fields: FieldNames, work: () => Promise<Done>): Promise<Done> {
  try {
    return await work()
  } catch (error) {
    const issues = error instanceof ApiError ? error.details?.['issues'] : undefined
    if (!(error instanceof ApiError) || !Array.isArray(issues)) throw error
    const named = issues.map((issue: Readonly<{ field: string }>) => {
      const [, ...path] = issue.field.split('.')
      return { ...issue, field: `body.${documentField(path, fields)}` }
    })
    throw new ApiError(error.rule, { details: { ...error.details, issues: named } })
  }
}

function documentField(path: readonly string[], fields: FieldNames): string {
  for (let length = path.length; length > 0; length--) {
    const known = fields[path.slice(0, length).join('.')]
    if (known !== undefined) return [known, ...path.slice(length)].join('.')
  }
  return path.join('.')
}

export const commandIdOf = (json: object): string => ('commandId' in json && typeof json.commandId === 'string' ? json.commandId : '')
