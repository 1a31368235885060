/** Arguments of a call as they may be kept: without what looks like a secret, cut to length. The work is bounded by the length, not by the arguments. */
import { isSecretName, REDACTED } from '../analysis/redact.ts'
import type { Json, JsonObject } from '../ports/json.ts'
import { type Protected, protect } from '../protected.ts'

/** Longest excerpt that is kept, in UTF-16 code units. */
export const ARGUMENTS_LIMIT = 2_000

export function argumentsExcerpt(args: JsonObject): Protected {
  // Names and texts are cut before they are looked through: ten megabytes of argument cost no more than two kilobytes of it.
  let left = 2 * ARGUMENTS_LIMIT
  const clip = (text: string): string => {
    const kept = text.length > left ? `${text.slice(0, Math.max(0, left))}…` : text
    left -= kept.length
    return kept
  }
  const walk = (value: Json, depth: number): Json => {
    left -= 4
    if (typeof value === 'string') return clip(value)
    if (value === null || typeof value !== 'object') return value
    if (depth > DEEPEST || left <= 0) return '…'
    if (isList(value)) return takeWhileRoom(value, (item) => walk(item, depth + 1))
    const members: [string, Json][] = []
    for (const name in value) {
      if (left <= 0) break
      const member = value[name]
      if (member !== undefined) members.push([clip(name), isSecretName(name) ? REDACTED : walk(member, depth + 1)])
    }
    // Not an assignment: a member of the name __proto__ is a member like any other.
    return Object.fromEntries(members)
  }
  const takeWhileRoom = (items: readonly Json[], take: (item: Json) => Json): Json[] => {
    const taken: Json[] = []
    for (const item of items) {
      if (left <= 0) break
      taken.push(take(item))
    }
    return taken
  }
  return protect(JSON.stringify(walk(args, 0)), ARGUMENTS_LIMIT)
}

const DEEPEST = 32
const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
