/** One fault file: text to `Fault`, or every problem in it with its line. */
import { isNode, LineCounter, parseDocument } from 'yaml'
import type { Fault } from '../../domain/catalogue/fault.ts'
import type { FaultProblem } from './fault-problem.ts'
import { suggestion } from './fault-problem.ts'
import { faultFile, knownKeys } from './fault-schema.ts'

export type ParsedFault = Readonly<{
  fault: Fault | undefined
  problems: readonly FaultProblem[]
  /** Line of a field, for rules that are checked later. */
  lineOf: (path: readonly PropertyKey[]) => number
}>

export function parseFaultFile(file: string, text: string): ParsedFault {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, strict: true, uniqueKeys: true, version: '1.2' })
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true)
      if (isNode(node) && node.range) return lineCounter.linePos(node.range[0]).line
    }
    return 1
  }
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => ({
      file,
      line: error.linePos?.[0].line ?? 1,
      field: 'file',
      rule: `is not YAML: ${error.message.split('\n')[0]}`,
    }))
    return { fault: undefined, problems, lineOf }
  }
  const result = faultFile.safeParse(document.toJS({ maxAliasCount: 0 }))
  if (result.success) return { fault: result.data, problems: [], lineOf }
  return { fault: undefined, problems: result.error.issues.flatMap((issue) => describe(issue, file, lineOf, text)), lineOf }
}

type Issue = Readonly<{ code?: string | undefined; path: readonly PropertyKey[]; message: string; keys?: unknown; params?: unknown }>

function describe(issue: Issue, file: string, lineOf: ParsedFault['lineOf'], text: string): readonly FaultProblem[] {
  const keys = unknownKeys(issue)
  if (keys.length === 0) return [{ file, line: lineOf(issue.path), field: fieldName(issue.path), rule: issue.message }]
  return keys.map((key) => ({
    file,
    line: lineOfKey(text, key, lineOf(issue.path)),
    field: fieldName([...issue.path, key]),
    rule: `is not a key that is known here${suggestion(key, knownKeys)}`,
  }))
}

function unknownKeys({ keys, params }: Issue): readonly string[] {
  const found = keys ?? (typeof params === 'object' && params !== null && 'keys' in params ? params.keys : [])
  return Array.isArray(found) ? found.filter((key) => typeof key === 'string') : []
}

/** The node of an unknown key is its value, which may stand lines below; the key itself is looked for in the text. */
function lineOfKey(text: string, key: string, from: number): number {
  const at = text.split('\n').findIndex((line, index) => index >= from - 1 && line.includes(`${key}:`))
  return at === -1 ? from : at + 1
}

const fieldName = (path: readonly PropertyKey[]): string =>
  path.length === 0
    ? 'file'
    : path.reduce<string>(
        (name, key) => (typeof key === 'number' ? `${name}[${key}]` : name === '' ? String(key) : `${name}.${String(key)}`),
        '',
      )
