/**
 * JSON Schema (2020-12, and what draft-07 does otherwise) for schemas that strangers wrote. It interprets: no code is made from a schema. Patterns run
 * in linear time, references stay inside the schema, and every check has a fixed amount of work that it may do; what would take more is refused.
 */
import type { Json, JsonObject } from '../../domain/ports/json.ts'
import { type CheckArguments, type SchemaCheck, UnusableSchema } from '../../domain/ports/schema-check.ts'
import { compileSchema } from './compile.ts'
import { CheckEnded, pointerOf, Run } from './run.ts'
import { measure } from './schema-index.ts'

export type SchemaCheckOptions = Readonly<{
  /** Largest schema, in characters of its JSON. Default 256 Ki. */
  mostCharacters?: number
  /** Deepest nesting of a schema. Default 64. */
  mostDepth?: number
  /** Subschemas evaluated in one check, where a long text or a comparison counts for more. Default 1 000 000: some tens of milliseconds. */
  mostSteps?: number
  /** Broken rules that one check names. Default 10. */
  mostProblems?: number
}>

export function createSchemaCheck({
  mostCharacters = 256 * 1024,
  mostDepth = 64,
  mostSteps = 1_000_000,
  mostProblems = 10,
}: SchemaCheckOptions = {}): SchemaCheck {
  return {
    compile(schema: JsonObject): CheckArguments {
      const { characters, depth } = measure(schema, { mostCharacters, mostDepth })
      if (characters > mostCharacters) throw new UnusableSchema(`it has more than ${mostCharacters} characters`)
      if (depth > mostDepth) throw new UnusableSchema(`it is nested deeper than ${mostDepth} levels`)
      const check = compileSchema(schema)
      return (args: Json) => {
        const run = new Run(mostSteps, mostProblems)
        try {
          check(args, run, undefined, undefined)
        } catch (error) {
          if (!(error instanceof CheckEnded)) throw error
          return [{ path: '', says: error.message }]
        }
        return run.problems.map(({ at, says }) => ({ path: pointerOf(at), says }))
      }
    },
  }
}
