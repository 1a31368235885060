/** What differs between two configurations, field by field. A value that may be a secret is a reference by now, so both sides may be shown. */
import { canonicalJson } from '../canonical-json.ts'
import type { Json } from '../ports/json.ts'
import type { ServerConfig } from './config.ts'

export type FieldChange = Readonly<{ field: string; from: Json | undefined; to: Json | undefined }>

export function diffConfigs(from: ServerConfig, to: ServerConfig): readonly FieldChange[] {
  const before = leavesOf(from)
  const after = leavesOf(to)
  const fields = [...new Set([...before.keys(), ...after.keys()])].sort()
  return fields.flatMap((field): FieldChange[] => {
    const change = { field, from: before.get(field), to: after.get(field) }
    return isSame(change.from, change.to) ? [] : [change]
  })
}

export const changedFields = (from: ServerConfig, to: ServerConfig): readonly string[] => diffConfigs(from, to).map(({ field }) => field)

const isSame = (a: Json | undefined, b: Json | undefined): boolean =>
  a === undefined || b === undefined ? a === b : canonicalJson(a) === canonicalJson(b)

/** Lists count as one value: the third argument means nothing without the others. */
function leavesOf(config: ServerConfig): ReadonlyMap<string, Json> {
  const leaves = new Map<string, Json>()
  const walk = (value: unknown, path: readonly string[]): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [name, member] of Object.entries(value)) walk(member, [...path, name])
      if (Object.keys(value).length === 0 && path.length > 0) leaves.set(path.join('.'), {})
    } else if (isJson(value)) leaves.set(path.join('.'), value)
  }
  walk(config, [])
  return leaves
}

const isJson = (value: unknown): value is Json =>
  value === null ||
  ['string', 'number', 'boolean'].includes(typeof value) ||
  (Array.isArray(value) ? value.every(isJson) : typeof value === 'object' && Object.values(value).every(isJson))
