/** Keywords that put the same value before other schemas: references, all, any, one, none, and conditions. */
import type { Json, JsonObject } from '../../../domain/ports/json.ts'
import { UnusableSchema } from '../../../domain/ports/schema-check.ts'
import type { Compiler } from '../compiler.ts'
import { quoted, type Rule, Seen } from '../run.ts'
import { isList, isObject, isSchema, member } from '../schema-index.ts'

export function combiningRules(schema: JsonObject, compiler: Compiler): readonly Rule[] {
  const references = ['$ref', '$dynamicRef', '$recursiveRef'].flatMap((keyword) => {
    const reference = member(schema, keyword)
    return typeof reference === 'string' ? [compiler.refer(schema, reference, keyword === '$dynamicRef')] : []
  })
  if (compiler.isOld && references.length > 0) return references
  return [
    ...references,
    ...parts(schema, 'allOf', compiler),
    ...anyRules(schema, compiler),
    ...oneRules(schema, compiler),
    ...notRules(schema, compiler),
    ...conditionRules(schema, compiler),
    ...dependentRules(schema, compiler),
  ]
}

function parts(schema: JsonObject, keyword: string, { inPlace }: Compiler): readonly Rule[] {
  const list = member(schema, keyword)
  if (list === undefined) return []
  if (!isList(list) || list.length === 0) throw new UnusableSchema(`${keyword} must be a list of schemas`)
  return list.map((part) => inPlace(schema, part, keyword))
}

function anyRules(schema: JsonObject, compiler: Compiler): readonly Rule[] {
  const rules = parts(schema, 'anyOf', compiler)
  const [only] = rules
  if (only === undefined) return []
  // Of a single one, its own words say more.
  if (rules.length === 1) return [only]
  return [
    (value, run, at, seen) => {
      let any = false
      for (const rule of rules) {
        const own = seen && new Seen()
        if (!run.fits(rule, value, at, own)) continue
        any = true
        // What else fits matters only to whom the members matter.
        if (seen === undefined) break
        if (own) seen.add(own)
      }
      return any || run.fail(at, `must fit one of the ${rules.length} alternatives of the schema, and fits none`)
    },
  ]
}

function oneRules(schema: JsonObject, compiler: Compiler): readonly Rule[] {
  const rules = parts(schema, 'oneOf', compiler)
  const [only] = rules
  if (only === undefined) return []
  if (rules.length === 1) return [only]
  return [
    (value, run, at, seen) => {
      let found = 0
      for (const rule of rules) {
        const own = seen && new Seen()
        if (!run.fits(rule, value, at, own)) continue
        found += 1
        if (found > 1) return run.fail(at, `must fit exactly one of the ${rules.length} alternatives of the schema, and fits several`)
        if (own) seen?.add(own)
      }
      return found === 1 || run.fail(at, `must fit one of the ${rules.length} alternatives of the schema, and fits none`)
    },
  ]
}

function notRules(schema: JsonObject, { inPlace }: Compiler): readonly Rule[] {
  const not = member(schema, 'not')
  if (not === undefined) return []
  const rule = inPlace(schema, not, 'not')
  return [(value, run, at) => !run.fits(rule, value, at, undefined) || run.fail(at, 'must not be what the schema excludes')]
}

function conditionRules(schema: JsonObject, { inPlace }: Compiler): readonly Rule[] {
  const condition = member(schema, 'if')
  if (condition === undefined) return []
  const holds = inPlace(schema, condition, 'if')
  const of = (keyword: string): Rule | undefined => {
    const part = member(schema, keyword)
    return part === undefined ? undefined : inPlace(schema, part, keyword)
  }
  const [then, otherwise] = [of('then'), of('else')]
  return [
    (value, run, at, seen) => {
      const own = seen && new Seen()
      if (!run.fits(holds, value, at, own)) return otherwise?.(value, run, at, seen) ?? true
      if (own) seen?.add(own)
      return then?.(value, run, at, seen) ?? true
    },
  ]
}

function dependentRules(schema: JsonObject, { inPlace }: Compiler): readonly Rule[] {
  return ['dependentSchemas', 'dependencies'].flatMap((keyword) => {
    const dependent = member(schema, keyword)
    if (!isObject(dependent)) return []
    return Object.entries(dependent).flatMap(([name, part]: [string, Json]) => {
      if (!isSchema(part)) {
        if (keyword === 'dependencies' && isList(part)) return []
        throw new UnusableSchema(`${keyword} of ${quoted(name)} must be a schema`)
      }
      const rule = inPlace(schema, part, keyword)
      return [((value, run, at, seen) => !isObject(value) || !Object.hasOwn(value, name) || rule(value, run, at, seen)) satisfies Rule]
    })
  })
}
