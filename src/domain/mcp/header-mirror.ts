/**
 * Values of a request that stand in HTTP headers as well, in the stateless era. Something on the way may have decided by the header, so a server
 * that decides by the body refuses every request in which the two differ.
 */
import type { Json, JsonObject } from '../ports/json.ts'
import { isObject } from './meta.ts'
import { namedParameter } from './methods.ts'

const PREFIX = '=?base64?'
const SUFFIX = '?='

export function encodeHeader(value: string): string {
  const plain = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/.test(value)
  const looksEncoded = value.startsWith(PREFIX) && value.endsWith(SUFFIX)
  return plain && !looksEncoded ? value : `${PREFIX}${Buffer.from(value, 'utf8').toString('base64')}${SUFFIX}`
}

/** @returns undefined: it holds what no header may hold, or base64 that is none. */
export function decodeHeader(raw: string): string | undefined {
  const value = raw.trim()
  if (!/^[\x20-\x7e\t]*$/.test(value)) return undefined
  if (!value.startsWith(PREFIX) || !value.endsWith(SUFFIX)) return value
  const encoded = value.slice(PREFIX.length, -SUFFIX.length)
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded)) return undefined
  return Buffer.from(encoded, 'base64').toString('utf8')
}

/** Headers of one request to a server of the stateless era. */
export function mirrorHeaders(method: string, params: JsonObject, mirrored: readonly Mirrored[] = []): Record<string, string> {
  const headers: Record<string, string> = { 'mcp-method': method }
  const named = namedParameter(method)
  const name = named === undefined ? undefined : params[named]
  if (typeof name === 'string') headers['mcp-name'] = encodeHeader(name)
  for (const { header, path } of mirrored) {
    const value = textOf(valueAt(params['arguments'], path))
    if (value !== undefined) headers[`mcp-param-${header.toLowerCase()}`] = encodeHeader(value)
  }
  return headers
}

/** A parameter of a tool that is to be mirrored: the header's name, and the property's path below the arguments. */
export type Mirrored = Readonly<{ header: string; path: readonly string[] }>

/** What the schema of a tool wants mirrored. @returns words when its annotations are invalid: such a tool is not listed to HTTP clients. */
export function mirroredBy(inputSchema: JsonObject): readonly Mirrored[] | string {
  const found: Mirrored[] = []
  const problem = collect(inputSchema, [], found, true)
  if (problem !== undefined) return problem
  const names = new Set(found.map(({ header }) => header.toLowerCase()))
  return names.size === found.length ? found : 'names the same header twice in x-mcp-header'
}

/** @returns what differs, in words. */
export function headerMismatch(
  header: (name: string) => string | undefined,
  method: string,
  params: JsonObject,
  mirrored: readonly Mirrored[] = [],
): string | undefined {
  const said = header('mcp-method')
  if (said === undefined) return 'the header Mcp-Method is missing'
  if (said.trim() !== method) return 'the header Mcp-Method is not the method of the body'
  const named = namedParameter(method)
  if (named !== undefined) {
    const raw = header('mcp-name')
    if (raw === undefined) return 'the header Mcp-Name is missing'
    if (decodeHeader(raw) !== params[named]) return `the header Mcp-Name is not params.${named} of the body`
  }
  for (const { header: name, path } of mirrored) {
    const raw = header(`mcp-param-${name.toLowerCase()}`)
    const value = valueAt(params['arguments'], path)
    const wanted = textOf(value)
    if (raw === undefined && wanted === undefined) continue
    if (raw === undefined) return `the header Mcp-Param-${name} is missing`
    const given = decodeHeader(raw)
    const same = given !== undefined && (given === wanted || (typeof value === 'number' && given !== '' && Number(given) === value))
    if (!same) return `the header Mcp-Param-${name} is not the value of the body`
  }
  return undefined
}

const valueAt = (root: Json | undefined, path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>((value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined), root)

function textOf(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'boolean' || typeof value === 'number' ? String(value) : undefined
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const MIRRORABLE: ReadonlySet<Json | undefined> = new Set(['string', 'integer', 'boolean'])

function collect(schema: Json, path: readonly string[], found: Mirrored[], reachable: boolean, depth = 0): string | undefined {
  if (depth > 64) return 'is nested too deeply'
  if (Array.isArray(schema)) {
    for (const item of schema) {
      const problem = collect(item, path, found, false, depth + 1)
      if (problem !== undefined) return problem
    }
    return undefined
  }
  if (!isObject(schema)) return undefined
  const header = schema['x-mcp-header']
  if (header !== undefined && path.length > 0) {
    if (typeof header !== 'string' || !TOKEN.test(header)) return 'has an x-mcp-header that is no name of a header'
    if (!reachable || !MIRRORABLE.has(schema['type'])) return `has x-mcp-header ${header} where a value cannot be mirrored`
    found.push({ header, path })
  }
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties' && isObject(value)) {
      for (const [name, property] of Object.entries(value)) {
        const problem = collect(property, [...path, name], found, reachable, depth + 1)
        if (problem !== undefined) return problem
      }
    } else if (WITH_SCHEMAS.has(key)) {
      const problem = collect(value, [...path, key], found, false, depth + 1)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

const WITH_SCHEMAS: ReadonlySet<string> = new Set([
  'items',
  'prefixItems',
  'contains',
  'additionalProperties',
  'patternProperties',
  'oneOf',
  'anyOf',
  'allOf',
  'not',
  'if',
  'then',
  'else',
  '$defs',
  'definitions',
  'dependentSchemas',
])
