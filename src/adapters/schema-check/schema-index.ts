/** Where the parts of a schema are: its size before anything else is done with it, and what each reference in it refers to. */
import type { Json, JsonObject } from '../../domain/ports/json.ts'
import { UnusableSchema } from '../../domain/ports/schema-check.ts'
import { quoted } from './run.ts'

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value)
/** A schema is an object, or true or false. */
export const isSchema = (value: Json | undefined): value is JsonObject | boolean => typeof value === 'boolean' || isObject(value)
/** An own member: a schema may be asked for `constructor`. */
export const member = (object: JsonObject, name: string): Json | undefined => (Object.hasOwn(object, name) ? object[name] : undefined)

/** Stops as soon as one of the limits is passed, and never recurses deeper than that. */
export function measure(
  schema: Json,
  { mostCharacters, mostDepth }: Readonly<{ mostCharacters: number; mostDepth: number }>,
): Readonly<{ characters: number; depth: number }> {
  let characters = 0
  let deepest = 0
  const walk = (value: Json, depth: number): void => {
    deepest = Math.max(deepest, depth)
    characters += typeof value === 'string' ? value.length + 2 : 4
    if (characters > mostCharacters || depth > mostDepth || typeof value !== 'object' || value === null) return
    for (const name in value) {
      characters += isList(value) ? 1 : name.length + 3
      const part = isList(value) ? value[Number(name)] : value[name]
      if (part !== undefined) walk(part, depth + 1)
      if (characters > mostCharacters || deepest > mostDepth) return
    }
  }
  walk(schema, 0)
  return { characters, depth: deepest }
}

/** What a keyword holds: one schema, a list of them, or one by name. Elsewhere nothing is a schema, whatever it looks like. */
const SINGLE = ['additionalProperties', 'additionalItems', 'items', 'contains', 'propertyNames', 'not', 'if', 'then', 'else']
const HOLDS_ONE: ReadonlySet<string> = new Set([...SINGLE, 'unevaluatedProperties', 'unevaluatedItems'])
const HOLDS_LIST: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items'])
const HOLDS_NAMED: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
])

export type SchemaIndex = Readonly<{
  /** The schema that a reference in `from` refers to. @throws UnusableSchema */
  resolve: (from: JsonObject, reference: string) => JsonObject | boolean
  /** The same for `$dynamicRef`. @throws UnusableSchema also where it depends on the way by which one came. */
  resolveDynamic: (from: JsonObject, reference: string) => JsonObject | boolean
}>

/** Only names a place: nothing is ever read from there. */
const NOWHERE = 'schema:/root'

export function indexSchema(root: JsonObject): SchemaIndex {
  const resources = new Map<string, JsonObject>()
  const anchors = new Map<string, JsonObject>()
  const bases = new Map<JsonObject, string>()
  const dynamicAnchors = new Map<string, number>()

  const visit = (schema: JsonObject, outer: string): void => {
    const base = baseOf(schema, outer)
    bases.set(schema, base)
    if (base !== outer || schema === root) resources.set(base, schema)
    for (const keyword of ['$anchor', '$dynamicAnchor']) {
      const name = member(schema, keyword)
      if (typeof name !== 'string') continue
      anchors.set(`${base}#${name}`, schema)
      if (keyword === '$dynamicAnchor') dynamicAnchors.set(name, (dynamicAnchors.get(name) ?? 0) + 1)
    }
    const id = member(schema, '$id')
    // Before 2019-09, an anchor was an id that is nothing but a fragment.
    if (typeof id === 'string' && id.startsWith('#')) anchors.set(`${base}${id}`, schema)
    for (const part of subschemasOf(schema)) if (isObject(part)) visit(part, base)
  }
  visit(root, NOWHERE)

  const resolve = (from: JsonObject, reference: string): JsonObject | boolean => {
    const base = bases.get(from) ?? NOWHERE
    const [place = '', fragment = ''] = absolute(reference, base).split('#', 2)
    const resource = resources.get(place)
    if (resource === undefined)
      throw new UnusableSchema(`it refers to ${quoted(reference)}, which is not in it; only references inside a schema are followed`)
    const pointer = decoded(fragment)
    const found = pointer === '' || pointer.startsWith('/') ? follow(resource, pointer) : anchors.get(`${place}#${pointer}`)
    if (!isSchema(found)) throw new UnusableSchema(`it refers to ${quoted(reference)}, where no schema is`)
    if (isObject(found) && !bases.has(found)) bases.set(found, place)
    return found
  }
  return {
    resolve,
    resolveDynamic(from, reference) {
      const name = reference.replace(/^.*#/, '')
      if ((dynamicAnchors.get(name) ?? 0) > 1) throw new UnusableSchema(`it has several anchors for $dynamicRef ${quoted(reference)}`)
      return resolve(from, reference)
    },
  }
}

function baseOf(schema: JsonObject, outer: string): string {
  const id = member(schema, '$id')
  if (typeof id !== 'string' || id.startsWith('#')) return outer
  return absolute(id, outer).replace(/#.*$/, '')
}

function absolute(reference: string, base: string): string {
  if (reference.startsWith('#')) return `${base}${reference}`
  const url = URL.parse(reference, base)
  if (url === null) throw new UnusableSchema(`${quoted(reference)} is no reference`)
  return url.href
}

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}

/** RFC 6901. */
function follow(from: JsonObject, pointer: string): Json | undefined {
  let value: Json | undefined = from
  for (const token of pointer.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~')
    if (isList(value)) value = /^\d{1,9}$/.test(name) ? value[Number(name)] : undefined
    else value = isObject(value) ? member(value, name) : undefined
  }
  return value
}

function subschemasOf(schema: JsonObject): readonly Json[] {
  return Object.entries(schema).flatMap(([keyword, value]) => {
    if (HOLDS_NAMED.has(keyword) && isObject(value)) return Object.values(value)
    if (HOLDS_LIST.has(keyword) && isList(value)) return value
    return HOLDS_ONE.has(keyword) ? [value] : []
  })
}
