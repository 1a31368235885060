/** A YAML file with its lines remembered, so that an error can name the place where a person has to look. */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { ConfigInvalid } from './problem.ts'

export type YamlFile = Readonly<{
  /** The content as plain data; an empty file is an empty object. */
  value: Readonly<Record<string, unknown>>
  /** `file:line` of the key or the item at this path, or of the nearest place above it that exists. */
  place: (path: readonly PropertyKey[]) => string
}>

/** @throws ConfigInvalid for what is no YAML, holds a key twice, or is no mapping. */
export function readYaml(file: string, text: string): YamlFile {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false })
  const lineAt = (offset: number): string => `${file}:${lineCounter.linePos(offset).line}`
  // A warning is a tag that nobody resolves: the value would silently be something else.
  const broken = [...document.errors, ...document.warnings]
  if (broken.length > 0) throw new ConfigInvalid(broken.map(({ pos, message }) => ({ place: lineAt(pos[0]), field: '', rule: message })))
  const value: unknown = document.toJS({ maxAliasCount: 50 }) ?? {}
  if (!isRecord(value)) throw new ConfigInvalid([{ place: `${file}:1`, field: '', rule: 'must be a mapping of names to values' }])
  return { value, place: (path) => lineAt(offsetOf(document.contents, path)) }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function offsetOf(root: Node | null, path: readonly PropertyKey[]): number {
  let node: unknown = root
  let offset = root?.range?.[0] ?? 0
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      if (pair === undefined) return offset
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(step)]
      if (isScalar(item) || isMap(item) || isSeq(item)) offset = item.range?.[0] ?? offset
      node = item
    } else return offset
  }
  return offset
}
