/** From a schema to the rules in it. Each subschema becomes one rule, made when it is first referred to, so that a schema may refer to itself. */
import type { Json, JsonObject } from '../../domain/ports/json.ts'
import { UnusableSchema } from '../../domain/ports/schema-check.ts'
import type { Compiler } from './compiler.ts'
import { arrayRules } from './rules/arrays.ts'
import { combiningRules } from './rules/combining.ts'
import { objectRules } from './rules/objects.ts'
import { valueRules } from './rules/values.ts'
import { type Rule, Seen } from './run.ts'
import { indexSchema, isObject, member } from './schema-index.ts'

/** @throws UnusableSchema */
export function compileSchema(root: JsonObject): Rule {
  const dialect = member(root, '$schema')
  const isOld = typeof dialect === 'string' && /draft-0[3-7]/.test(dialect)
  const index = indexSchema(root)
  const made = new Map<JsonObject, Rule>()
  const open: JsonObject[] = []
  /** Which schemas look at the very same value: a circle of them would never come to an end. */
  const sameValue = new Map<JsonObject, JsonObject[]>()

  const compiler: Compiler = {
    isOld,
    below(schema, keyword) {
      if (typeof schema === 'boolean') return schema ? always : never
      if (!isObject(schema)) throw new UnusableSchema(`${keyword} must be a schema`)
      return ruleOf(schema)
    },
    inPlace(from, schema, keyword) {
      if (isObject(schema)) sameValue.set(from, [...(sameValue.get(from) ?? []), schema])
      return compiler.below(schema, keyword)
    },
    refer: (from, reference, isDynamic) =>
      compiler.inPlace(from, isDynamic ? index.resolveDynamic(from, reference) : index.resolve(from, reference), '$ref'),
  }

  function ruleOf(schema: JsonObject): Rule {
    const known = made.get(schema)
    if (known !== undefined) return known
    let rules: readonly Rule[] = []
    const late: Rule = (value, run, at, seen) => evaluate(rules, value, run, at, seen)
    made.set(schema, late)
    open.push(schema)
    if (open.length > MOST_OPEN) throw new UnusableSchema('it refers from one place to the next too often')
    rules = rulesOf(schema, compiler)
    open.pop()
    return late
  }

  const rule = ruleOf(root)
  refuseCircles(sameValue)
  return rule
}

/** Each takes some frames of the stack. */
const MOST_OPEN = 200

const evaluate = (
  rules: readonly Rule[],
  value: Json,
  run: Parameters<Rule>[1],
  at: Parameters<Rule>[2],
  seen: Seen | undefined,
): boolean => {
  run.enter()
  let fits = true
  for (const rule of rules) {
    if (rule(value, run, at, seen)) continue
    fits = false
    if (run.isEnough) break
  }
  run.leave()
  return fits
}

function rulesOf(schema: JsonObject, compiler: Compiler): readonly Rule[] {
  const combining = combiningRules(schema, compiler)
  if (compiler.isOld && Object.hasOwn(schema, '$ref')) return combining
  const leftOver = [...objectRules.leftOver(schema, compiler), ...arrayRules.leftOver(schema, compiler)]
  const rules = [...valueRules(schema), ...objectRules.own(schema, compiler), ...arrayRules.own(schema, compiler), ...combining]
  if (leftOver.length === 0) return rules
  // What is left over is left over by all of the others, so they are looked at together and first.
  return [
    (value, run, at, outer) => {
      const seen = new Seen()
      const fits = evaluate(rules, value, run, at, seen) && evaluate(leftOver, value, run, at, seen)
      if (fits) outer?.add(seen)
      return fits
    },
  ]
}

const always: Rule = () => true
const never: Rule = (_value, run, at) => run.fail(at, 'is not allowed here')

/** @throws UnusableSchema */
function refuseCircles(edges: ReadonlyMap<JsonObject, readonly JsonObject[]>): void {
  const done = new Set<JsonObject>()
  const trail = new Set<JsonObject>()
  const visit = (schema: JsonObject): void => {
    if (trail.has(schema)) throw new UnusableSchema('it refers to itself without ever looking at a part of the value')
    if (done.has(schema)) return
    trail.add(schema)
    for (const next of edges.get(schema) ?? []) visit(next)
    trail.delete(schema)
    done.add(schema)
  }
  for (const schema of edges.keys()) visit(schema)
}
