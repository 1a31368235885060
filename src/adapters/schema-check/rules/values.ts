/** Keywords about a value by itself: type, enum, const; numbers; texts. */
import type { Json, JsonObject } from '../../../domain/ports/json.ts'
import { UnusableSchema } from '../../../domain/ports/schema-check.ts'
import { compilePattern } from '../pattern.ts'
import { quoted, type Rule, type Run } from '../run.ts'
import { isList, isObject, member } from '../schema-index.ts'

export function valueRules(schema: JsonObject): readonly Rule[] {
  return [...typeRules(schema), ...enumRules(schema), ...numberRules(schema), ...textRules(schema)]
}

function typeRules(schema: JsonObject): readonly Rule[] {
  const type = member(schema, 'type')
  if (type === undefined) return []
  const names = isList(type) ? type : [type]
  const isOne = names.map((name) => (typeof name === 'string' ? TYPES.get(name) : undefined))
  const [only] = isOne
  if (isOne.length === 0 || isOne.some((test) => test === undefined)) throw new UnusableSchema('type must name types of JSON')
  const says = `must be ${names.map(String).join(' or ')}`
  if (isOne.length === 1 && only !== undefined) return [(value, run, at) => only(value) || run.fail(at, says)]
  return [(value, run, at) => isOne.some((test) => test?.(value)) || run.fail(at, says)]
}

const TYPES: ReadonlyMap<string, (value: Json) => boolean> = new Map([
  ['null', (value: Json) => value === null],
  ['boolean', (value: Json) => typeof value === 'boolean'],
  ['object', (value: Json) => isObject(value)],
  ['array', (value: Json) => isList(value)],
  ['number', (value: Json) => typeof value === 'number'],
  ['integer', (value: Json) => Number.isInteger(value)],
  ['string', (value: Json) => typeof value === 'string'],
])

function enumRules(schema: JsonObject): readonly Rule[] {
  const list = member(schema, 'enum')
  if (list !== undefined && !isList(list)) throw new UnusableSchema('enum must be a list')
  const rules = list === undefined ? [] : [oneOfValues(list)]
  return Object.hasOwn(schema, 'const') ? [...rules, oneOfValues([schema['const'] ?? null])] : rules
}

const SHOWN = 12

function oneOfValues(allowed: readonly Json[]): Rule {
  const shown = allowed.slice(0, SHOWN).map(quoted).join(', ')
  const says = allowed.length === 1 ? `must be ${shown}` : `must be one of ${shown}${allowed.length > SHOWN ? ', …' : ''}`
  const plain = new Set(allowed.filter((value) => typeof value !== 'object' || value === null))
  const nested = new Set(allowed.filter((value) => typeof value === 'object' && value !== null).map((value) => identityOf(value)))
  return (value, run, at) => {
    const isThere = typeof value === 'object' && value !== null ? nested.size > 0 && nested.has(identityOf(value, run)) : plain.has(value)
    return isThere || run.fail(at, says)
  }
}

/** Equal values have the same, others another one. Takes as much time as there is to write. */
export function identityOf(value: Json, run?: Run): string {
  if (typeof value !== 'object' || value === null) {
    run?.spend(typeof value === 'string' ? 1 + value.length / 64 : 1)
    // -0 and 0 are one number.
    return JSON.stringify(value === 0 ? 0 : value)
  }
  run?.enter()
  const parts = isList(value)
    ? value.map((item) => identityOf(item, run))
    : Object.keys(value)
        .sort()
        .map((name) => `${JSON.stringify(name)}:${identityOf(value[name] ?? null, run)}`)
  run?.leave()
  return isList(value) ? `[${parts.join()}]` : `{${parts.join()}}`
}

function numberRules(schema: JsonObject): readonly Rule[] {
  const rule = (keyword: string, says: (limit: number) => string, keeps: (value: number, limit: number) => boolean): Rule[] => {
    const limit = member(schema, keyword)
    // Draft-04 had true and false here: not a limit of its own.
    if (typeof limit !== 'number') return []
    return [(value, run, at) => typeof value !== 'number' || keeps(value, limit) || run.fail(at, says(limit))]
  }
  return [
    ...rule(
      'minimum',
      (limit) => `must be at least ${limit}`,
      (value, limit) => value >= limit,
    ),
    ...rule(
      'maximum',
      (limit) => `must be at most ${limit}`,
      (value, limit) => value <= limit,
    ),
    ...rule(
      'exclusiveMinimum',
      (limit) => `must be more than ${limit}`,
      (value, limit) => value > limit,
    ),
    ...rule(
      'exclusiveMaximum',
      (limit) => `must be less than ${limit}`,
      (value, limit) => value < limit,
    ),
    ...rule('multipleOf', (step) => `must be a multiple of ${step}`, isMultiple),
  ]
}

/** 0.3 is three times 0.1, though not in binary fractions. */
function isMultiple(value: number, step: number): boolean {
  if (value % step === 0) return true
  const times = value / step
  return Math.abs(times - Math.round(times)) <= 1e-9 * Math.max(1, Math.abs(times)) && Number.isFinite(times) && Math.abs(times) < 1e9
}

function textRules(schema: JsonObject): readonly Rule[] {
  const rules: Rule[] = []
  const [least, most, pattern] = [member(schema, 'minLength'), member(schema, 'maxLength'), member(schema, 'pattern')]
  if (typeof least === 'number') {
    rules.push(
      (value, run, at) =>
        typeof value !== 'string' || hasAtLeast(value, least, run) || run.fail(at, `must have at least ${least} characters`),
    )
  }
  if (typeof most === 'number') {
    rules.push(
      (value, run, at) =>
        typeof value !== 'string' || !hasAtLeast(value, Math.floor(most) + 1, run) || run.fail(at, `must have at most ${most} characters`),
    )
  }
  if (typeof pattern === 'string') {
    const matches = compilePattern(pattern)
    rules.push(
      (value, run, at) => typeof value !== 'string' || matches(value, run) || run.fail(at, `must match the pattern ${quoted(pattern)}`),
    )
  }
  return rules
}

/** Characters are code points; counting ends where the answer is known. */
function hasAtLeast(text: string, count: number, run: Run): boolean {
  if (text.length < count) return false
  if (text.length >= 2 * count) return true
  run.spend(text.length / 64)
  let characters = 0
  for (const _ of text) {
    characters += 1
    if (characters >= count) return true
  }
  return characters >= count
}
