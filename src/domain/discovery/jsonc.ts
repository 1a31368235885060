/**
 * JSON as editors keep it: with comments and commas before a closing bracket. Comments become blanks of the same length and `JSON.parse` judges the
 * rest, so nothing else is accepted than JSON, and a place in the result is a place in the file. No message repeats text of the file: it may be a secret.
 */
import type { Json } from '../ports/json.ts'

/** `line` and `column` count from 1. */
export type JsoncProblem = Readonly<{ rule: 'not-json' | 'nested-too-deep' | 'member-twice'; line: number; column: number; says: string }>

/** With `member-twice`, the last one counts, as everywhere else; but somebody should know. */
export type Jsonc =
  | Readonly<{ kind: 'value'; value: Json; problems: readonly JsoncProblem[] }>
  | Readonly<{ kind: 'broken'; problem: JsoncProblem }>

/** No configuration of a client needs more than six. Far below what would exhaust the stack of a recursive reader. */
export const MAX_DEPTH = 32

export function parseJsonc(text: string): Jsonc {
  const at = (offset: number) => placeOf(text, offset)
  const cleared = clear(text)
  if (cleared.kind === 'broken') return { kind: 'broken', problem: { ...cleared.fault, ...at(cleared.offset) } }
  const problems = cleared.twice.map(({ offset, depth }): JsoncProblem => {
    const says = `a member stands twice in one object, ${depth} deep; the last one counts`
    return { rule: 'member-twice', ...at(offset), says }
  })
  try {
    const value: Json = JSON.parse(cleared.json)
    return { kind: 'value', value, problems }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    // What the pass before lets through is an escape or a control character within a text. The message quotes the file, so it goes no further.
    return { kind: 'broken', problem: { rule: 'not-json', ...at(0), says: 'holds a text that JSON does not allow' } }
  }
}

type Fault = Pick<JsoncProblem, 'rule' | 'says'>
type Twice = Readonly<{ offset: number; depth: number }>
type Cleared =
  | Readonly<{ kind: 'cleared'; json: string; twice: readonly Twice[] }>
  | Readonly<{ kind: 'broken'; fault: Fault; offset: number }>

type Container = Readonly<{ closedBy: '}' | ']'; members: Set<string> }>
/** What stood before, as far as it decides what may follow. */
type Before = 'nothing' | 'opening' | 'comma' | 'member' | 'colon' | 'value'

/** One pass, and linear: comments and superfluous commas go, depth and repeated members are noticed, and whatever stands in the wrong place. */
function clear(text: string): Cleared {
  const superfluous: Span[] = []
  const twice: Twice[] = []
  const open: Container[] = []
  let before: Before = 'nothing'
  let comma = 0
  const broken = (offset: number, says = 'is not JSON from here on', rule: JsoncProblem['rule'] = 'not-json'): Cleared => ({
    ...{ kind: 'broken', fault: { rule, says }, offset },
  })
  for (let at = 0; at < text.length; ) {
    const char = text[at] ?? ''
    const inside = open.at(-1)
    if (/\s/.test(char)) at++
    else if (isComment(text, at)) {
      const end = endOfComment(text, at)
      if (end === undefined) return broken(at, 'a comment that begins here has no end')
      superfluous.push({ from: at, to: end })
      at = end
    } else if (char === ':') {
      if (before !== 'member') return broken(at)
      before = 'colon'
      at++
    } else if (char === ',') {
      if (before !== 'value' || !inside) return broken(at)
      before = 'comma'
      comma = at++
    } else if (char === '}' || char === ']') {
      if (inside?.closedBy !== char || before === 'member' || before === 'colon') return broken(at)
      if (before === 'comma') superfluous.push({ from: comma, to: comma + 1 })
      open.pop()
      before = 'value'
      at++
    } else {
      const end = char === '"' ? endOfString(text, at) : endOfWord(text, at)
      if (end === undefined) return broken(at, 'a text that begins here has no end on its line')
      const isMember = inside?.closedBy === '}' && before !== 'colon'
      if (isMember ? char !== '"' || before === 'value' || before === 'member' : !mayHoldValue(inside, before)) return broken(at)
      if (isMember) {
        const member = text.slice(at, end)
        if (inside.members.has(member) && twice.length < MOST_TOLD) twice.push({ offset: at, depth: open.length })
        inside.members.add(member)
        before = 'member'
      } else if (char === '{' || char === '[') {
        if (open.length === MAX_DEPTH) return broken(at, `is nested more than ${MAX_DEPTH} deep`, 'nested-too-deep')
        open.push({ closedBy: char === '{' ? '}' : ']', members: new Set() })
        before = 'opening'
      } else {
        if (char !== '"' && !WORD.test(text.slice(at, end))) return broken(at)
        before = 'value'
      }
      at = end
    }
  }
  if (open.length > 0 || before !== 'value') return broken(text.trimEnd().length, 'ends here, in the middle')
  return { kind: 'cleared', json: blanked(text, superfluous), twice }
}

const mayHoldValue = (inside: Container | undefined, before: Before): boolean =>
  inside === undefined ? before === 'nothing' : inside.closedBy === '}' ? before === 'colon' : before === 'opening' || before === 'comma'

const WORD = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/

function endOfWord(text: string, from: number): number {
  if (text[from] === '{' || text[from] === '[') return from + 1
  let at = from + 1
  while (at < text.length && !/[\s,:[\]{}"/]/.test(text[at] ?? '')) at++
  return at
}

type Span = Readonly<{ from: number; to: number }>

/** A file that repeats itself a thousand times has one problem. */
const MOST_TOLD = 20

function blanked(text: string, spans: readonly Span[]): string {
  const parts: string[] = []
  let copiedTo = 0
  // A comma is known to be superfluous only at its bracket, behind the comments that follow it.
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    parts.push(text.slice(copiedTo, from), text.slice(from, to).replace(/[^\r\n]/g, ' '))
    copiedTo = to
  }
  return parts.join('') + text.slice(copiedTo)
}

const isComment = (text: string, at: number): boolean => text[at] === '/' && (text[at + 1] === '/' || text[at + 1] === '*')

/** Behind the closing quotation mark. */
function endOfString(text: string, from: number): number | undefined {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
    else if (text[at] === '\n') return undefined
  }
  return undefined
}

function endOfComment(text: string, from: number): number | undefined {
  const end = text[from + 1] === '*' ? text.indexOf('*/', from + 2) : text.indexOf('\n', from)
  if (end !== -1) return text[from + 1] === '*' ? end + 2 : end
  return text[from + 1] === '*' ? undefined : text.length
}

function placeOf(text: string, offset: number): Pick<JsoncProblem, 'line' | 'column'> {
  const before = text.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: offset - lineStart + 1 }
}
