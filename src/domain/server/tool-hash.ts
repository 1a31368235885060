/** One hash per tool definition, over all of it that a model reads: the same whatever the order of its members, another for every other word. */
import { canonicalJson } from '../canonical-json.ts'
import type { Hash } from '../ports/hash.ts'
import type { Json } from '../ports/json.ts'
import type { HashedTool, ToolDefinition } from './tool.ts'

export const hashTool = (definition: ToolDefinition, hash: Hash): HashedTool => ({
  hash: hash.sha256(canonicalJson(wellFormed({ ...definition }))),
  definition,
})

/** A lone surrogate has no canonical form; what replaces it is the same every time. */
function wellFormed(value: Json): Json {
  if (typeof value === 'string') return value.toWellFormed()
  if (value === null || typeof value !== 'object') return value
  if (isList(value)) return value.map(wellFormed)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name.toWellFormed(), wellFormed(member)]))
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
