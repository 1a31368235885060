/** What differs between two values, field by field: by dotted paths, in their order. Lists count as one value: the third member of one means nothing alone. */
import { canonicalJson } from './canonical-json.ts'
import type { Json } from './ports/json.ts'

export type FieldChange = Readonly<{ field: string; from: Json | undefined; to: Json | undefined }>

export function diffValues(from: object, to: object): readonly FieldChange[] {
  const before = leavesOf(from)
  const after = leavesOf(to)
  const fields = [...new Set([...before.keys(), ...after.keys()])].sort()
  return fields.flatMap((field): FieldChange[] => {
    const change = { field, from: before.get(field), to: after.get(field) }
    return isSame(change.from, change.to) ? [] : [change]
  })
}

const isSame = (a: Json | undefined, b: Json | undefined): boolean =>
  a === undefined || b === undefined ? a === b : canonicalJson(a) === canonicalJson(b)

function leavesOf(root: object): ReadonlyMap<string, Json> {
  const leaves = new Map<string, Json>()
  const walk = (value: unknown, path: readonly string[]): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [name, member] of Object.entries(value)) walk(member, [...path, name])
      if (Object.keys(value).length === 0 && path.length > 0) leaves.set(path.join('.'), {})
    } else if (isJson(value)) leaves.set(path.join('.'), value)
  }
  walk(root, [])
  return leaves
}

const isJson = (value: unknown): value is Json =>
  value === null ||
  ['string', 'number', 'boolean'].includes(typeof value) ||
  (Array.isArray(value) ? value.every(isJson) : typeof value === 'object' && Object.values(value).every(isJson))
