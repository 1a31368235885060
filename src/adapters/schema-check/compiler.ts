/** What the rules of a keyword need of the schema around them: the way to the rules of its parts. */
import type { Json, JsonObject } from '../../domain/ports/json.ts'
import type { Rule } from './run.ts'

export type Compiler = Readonly<{
  /** Draft-07 or older: other forms of `items`, and nothing beside a `$ref` counts. */
  isOld: boolean
  /** Of a part of the value. @throws UnusableSchema */
  below: (schema: Json, keyword: string) => Rule
  /** Of the very same value. @throws UnusableSchema */
  inPlace: (from: JsonObject, schema: Json, keyword: string) => Rule
  refer: (from: JsonObject, reference: string, isDynamic: boolean) => Rule
}>
