/** Keywords about the items of an array. */
import type { Json, JsonObject } from '../../../domain/ports/json.ts'
import type { Compiler } from '../compiler.ts'
import type { Place, Rule, Run, Seen } from '../run.ts'
import { isList, member } from '../schema-index.ts'
import { identityOf } from './values.ts'

/** As in objects.ts. */
export const arrayRules = { own, leftOver }

function own(schema: JsonObject, compiler: Compiler): readonly Rule[] {
  return [...countRules(schema), ...itemRules(schema, compiler), ...containsRules(schema, compiler)]
}

function leftOver(schema: JsonObject, { below }: Compiler): readonly Rule[] {
  const rest = member(schema, 'unevaluatedItems')
  if (rest === undefined) return []
  const rule = below(rest, 'unevaluatedItems')
  return [
    (value, run, at, seen) => {
      if (!isList(value)) return true
      const fits = every(
        value,
        seen?.upTo ?? 0,
        run,
        (item, index) => seen?.indexes.has(index) || rule(item, run, { up: at, token: index }, undefined),
      )
      if (seen) seen.upTo = value.length
      return fits
    },
  ]
}

function every(items: readonly Json[], from: number, run: Run, keeps: (item: Json, index: number) => boolean | undefined): boolean {
  let all = true
  for (let index = from; index < items.length; index += 1) {
    run.spend(1)
    if (keeps(items[index] ?? null, index)) continue
    all = false
    if (run.isEnough) break
  }
  return all
}

function countRules(schema: JsonObject): readonly Rule[] {
  const [least, most] = [member(schema, 'minItems'), member(schema, 'maxItems')]
  const rules: Rule[] = []
  if (typeof least === 'number') {
    rules.push((value, run, at) => !isList(value) || value.length >= least || run.fail(at, `must have at least ${least} items`))
  }
  if (typeof most === 'number') {
    rules.push((value, run, at) => !isList(value) || value.length <= most || run.fail(at, `must have at most ${most} items`))
  }
  if (member(schema, 'uniqueItems') === true) rules.push(uniqueItems)
  return rules
}

/** By identity, not each with each: that would take the square of the time. */
const uniqueItems: Rule = (value, run, at) => {
  if (!isList(value)) return true
  const seen = new Set<string>()
  return every(value, 0, run, (item, index) => {
    const identity = identityOf(item, run)
    if (seen.has(identity)) return run.fail({ up: at, token: index }, 'must not repeat an item before it')
    seen.add(identity)
    return true
  })
}

function itemRules(schema: JsonObject, { below }: Compiler): readonly Rule[] {
  const [prefix, items] = [member(schema, 'prefixItems'), member(schema, 'items')]
  // Until 2019-09 the list was called `items`, and what follows it `additionalItems`.
  const list = isList(prefix) ? prefix : isList(items) ? items : []
  const after = isList(items) ? member(schema, 'additionalItems') : items
  const first = list.map((part) => below(part, 'items'))
  const rest = after === undefined ? undefined : below(after, 'items')
  if (first.length === 0 && rest === undefined) return []
  return [
    (value, run, at, seen) => {
      if (!isList(value)) return true
      const checked = rest === undefined ? value.slice(0, first.length) : value
      const fits = every(checked, 0, run, (item, index) => (first[index] ?? rest)?.(item, run, { up: at, token: index }, undefined))
      if (seen) seen.upTo = Math.max(seen.upTo, checked.length)
      return fits
    },
  ]
}

function containsRules(schema: JsonObject, { below }: Compiler): readonly Rule[] {
  const wanted = member(schema, 'contains')
  if (wanted === undefined) return []
  const rule = below(wanted, 'contains')
  const [min, max] = [member(schema, 'minContains'), member(schema, 'maxContains')]
  const [least, most] = [typeof min === 'number' ? min : 1, typeof max === 'number' ? max : Number.POSITIVE_INFINITY]
  return [
    (value, run, at, seen) => {
      if (!isList(value)) return true
      const found = countFitting(rule, value, run, at, seen)
      if (found < least) return run.fail(at, `must contain at least ${least} of the items described`)
      return found <= most || run.fail(at, `must contain at most ${most} of the items described`)
    },
  ]
}

function countFitting(rule: Rule, items: readonly Json[], run: Run, at: Place, seen: Seen | undefined): number {
  let found = 0
  for (const [index, item] of items.entries()) {
    run.spend(1)
    if (!run.fits(rule, item, { up: at, token: index }, undefined)) continue
    found += 1
    seen?.indexes.add(index)
  }
  return found
}
