import type { JsonObject } from './json.ts'

/** Checks arguments against JSON Schemas that servers wrote. A schema from outside may not reach anywhere, nor take long. */
export interface SchemaCheck {
  /** @throws UnusableSchema it refers to another place, is too large, or holds a pattern that is not linear in time. */
  compile(schema: JsonObject): CheckArguments
}

/** The rules that the arguments break, the first of them first; none: they fit. */
export type CheckArguments = (args: JsonObject) => readonly Readonly<{ path: string; says: string }>[]

export class UnusableSchema extends Error {
  override readonly name = 'UnusableSchema'
}
