/** Keywords about the members of an object. */
import type { Json, JsonObject } from '../../../domain/ports/json.ts'
import { UnusableSchema } from '../../../domain/ports/schema-check.ts'
import type { Compiler } from '../compiler.ts'
import { compilePattern } from '../pattern.ts'
import { type Place, quoted, type Rule, type Run, type Seen } from '../run.ts'
import { isList, isObject, member } from '../schema-index.ts'

/** `own`: of the keywords that look at members by themselves. `leftOver`: of those that take what no other has looked at. */
export const objectRules = { own, leftOver }

function own(schema: JsonObject, compiler: Compiler): readonly Rule[] {
  return [...countRules(schema), ...requiredRules(schema), ...memberRules(schema, compiler), ...nameRules(schema, compiler)]
}

function leftOver(schema: JsonObject, { below }: Compiler): readonly Rule[] {
  const rest = member(schema, 'unevaluatedProperties')
  if (rest === undefined) return []
  const rule = below(rest, 'unevaluatedProperties')
  return [
    (value, run, at, seen) => {
      if (!isObject(value) || seen?.allNames) return true
      const fits = every(value, run, (name, part) => seen?.names.has(name) || rule(part, run, { up: at, token: name }, undefined))
      if (seen) seen.allNames = true
      return fits
    },
  ]
}

/** Own members only, in their order; goes on after a broken one as long as somebody wants to hear of the next. */
function every(value: JsonObject, run: Run, keeps: (name: string, part: Json) => boolean | undefined): boolean {
  let all = true
  for (const name in value) {
    run.spend(1)
    if (keeps(name, value[name] ?? null)) continue
    all = false
    if (run.isEnough) break
  }
  return all
}

function countRules(schema: JsonObject): readonly Rule[] {
  const [least, most] = [member(schema, 'minProperties'), member(schema, 'maxProperties')]
  const rules: Rule[] = []
  if (typeof least === 'number') {
    rules.push((value, run, at) => !isObject(value) || sizeOf(value, run) >= least || run.fail(at, `must have at least ${least} members`))
  }
  if (typeof most === 'number') {
    rules.push((value, run, at) => !isObject(value) || sizeOf(value, run) <= most || run.fail(at, `must have at most ${most} members`))
  }
  return rules
}

function sizeOf(value: JsonObject, run: Run): number {
  const { length } = Object.keys(value)
  run.spend(length / 16)
  return length
}

function requiredRules(schema: JsonObject): readonly Rule[] {
  const rules: Rule[] = []
  const required = member(schema, 'required')
  // Draft-03 had true and false here.
  if (isList(required)) rules.push(needs(namesIn(required, 'required'), ''))
  for (const keyword of ['dependentRequired', 'dependencies']) {
    const dependent = member(schema, keyword)
    if (!isObject(dependent)) continue
    for (const [name, others] of Object.entries(dependent)) {
      if (!isList(others)) continue
      const rule = needs(namesIn(others, keyword), `, because it has ${quoted(name)}`)
      rules.push((value, run, at, seen) => !isObject(value) || !Object.hasOwn(value, name) || rule(value, run, at, seen))
    }
  }
  return rules
}

function namesIn(list: readonly Json[], keyword: string): readonly string[] {
  return list.map((name) => {
    if (typeof name !== 'string') throw new UnusableSchema(`${keyword} must be a list of names`)
    return name
  })
}

const needs =
  (names: readonly string[], why: string): Rule =>
  (value, run, at) => {
    if (!isObject(value)) return true
    run.spend(names.length / 4)
    let all = true
    for (const name of names) {
      if (Object.hasOwn(value, name)) continue
      all = run.fail(at, `must have a member ${quoted(name)}${why}`)
      if (run.isEnough) break
    }
    return all
  }

function memberRules(schema: JsonObject, { below }: Compiler): readonly Rule[] {
  const named = new Map(entriesOf(schema, 'properties').map(([name, part]) => [name, below(part, 'properties')]))
  const patterned = entriesOf(schema, 'patternProperties').map(([source, part]) => ({
    matches: compilePattern(source),
    rule: below(part, 'patternProperties'),
  }))
  const others = member(schema, 'additionalProperties')
  const rest = others === undefined ? undefined : others === false ? unknownMember : below(others, 'additionalProperties')
  if (named.size === 0 && patterned.length === 0 && rest === undefined) return []
  const isNamedOnly = patterned.length === 0 && rest === undefined
  return [
    (value, run, at, seen) => {
      if (!isObject(value)) return true
      if (isNamedOnly) return namedMembers(named, value, run, at, seen)
      const fits = every(value, run, (name, part) => {
        const place = { up: at, token: name }
        const byName = named.get(name)
        let [isKnown, keeps] = [byName !== undefined, byName === undefined || byName(part, run, place, undefined)]
        for (const { matches, rule } of patterned) {
          if (!matches(name, run)) continue
          isKnown = true
          keeps = rule(part, run, place, undefined) && keeps
        }
        if (isKnown) seen?.names.add(name)
        return isKnown || rest === undefined ? keeps : rest(part, run, place, undefined)
      })
      if (seen && rest !== undefined) seen.allNames = true
      return fits
    },
  ]
}

/** Whatever else there is does not matter, so it is not looked at: neither costs more than it has to. */
function namedMembers(named: ReadonlyMap<string, Rule>, value: JsonObject, run: Run, at: Place, seen: Seen | undefined): boolean {
  let all = true
  for (const [name, rule] of named) {
    if (!Object.hasOwn(value, name)) continue
    seen?.names.add(name)
    if (rule(value[name] ?? null, run, { up: at, token: name }, undefined)) continue
    all = false
    if (run.isEnough) break
  }
  return all
}

const unknownMember: Rule = (_value, run, at) => run.fail(at, 'is a member that is not allowed')

function nameRules(schema: JsonObject, { below }: Compiler): readonly Rule[] {
  const names = member(schema, 'propertyNames')
  if (names === undefined) return []
  const rule = below(names, 'propertyNames')
  return [
    (value, run, at) =>
      !isObject(value) ||
      every(
        value,
        run,
        (name) => run.fits(rule, name, at, undefined) || run.fail({ up: at, token: name }, 'has a name that is not allowed'),
      ),
  ]
}

function entriesOf(schema: JsonObject, keyword: string): readonly (readonly [string, Json])[] {
  const value = member(schema, keyword)
  if (value === undefined) return []
  if (!isObject(value)) throw new UnusableSchema(`${keyword} must be an object`)
  return Object.entries(value)
}
