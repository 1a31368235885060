/**
 * Turns a raw line into a template: what varies becomes a typed placeholder, and what is not in the vocabulary becomes `<word>`. The output
 * is made of placeholders, known words and a few signs, and of nothing else, so nothing that an attacker wrote survives in it.
 */
import { vocabulary } from './vocabulary.ts'

export type AbstractOptions = Readonly<{
  /** Figures stay as they are: for facts of our own probes, where they are the point. Default false. */
  keepFigures?: boolean
}>

/** Longest template, in characters; the rest of the line is left out. */
const TEMPLATE_LIMIT = 400
/** Nobody needs more of a line to tell what kind it is, and it bounds the work. */
const LINE_LIMIT = 8_000

export function templateOf(line: string, { keepFigures = false }: AbstractOptions = {}): string {
  let template = ''
  let namesUser = false
  for (const { kind, text } of tokens(line.slice(0, LINE_LIMIT))) {
    const piece = kind === 'blank' ? ' ' : namesUser && NAMEABLE.has(kind) ? '<user>' : pieceOf(kind, text, keepFigures)
    // `for user alice`, `user=alice`, `role "alice"`: what follows the word is a name, even if it is a known word.
    if (kind === 'word') namesUser = USER_WORDS.has(text.toLowerCase())
    else if (NAMEABLE.has(kind) || (kind === 'sign' && !/^[=:]$/.test(text))) namesUser = false
    // Runs of the same placeholder say no more than one of it, and their length would be a channel.
    if (piece === ' ' ? template.endsWith(' ') : PLACEHOLDER.test(piece) && template.trimEnd().endsWith(piece)) continue
    if (template.length + piece.length > TEMPLATE_LIMIT) break
    template += piece
  }
  return template.trim()
}

/** Facts of a probe, `name=value` with commas between: known names and figures stay, everything else is abstracted like a line. */
export const abstractFacts = (facts: string): string =>
  facts
    .slice(0, LINE_LIMIT)
    .split(/[,;\n]/)
    .map((fact) => {
      const [, name, value = ''] = /^\s*([A-Za-z]\w{0,31})\s*=\s*(.*)$/s.exec(fact) ?? []
      return name === undefined ? templateOf(fact, { keepFigures: true }) : `${factName(name)}=${templateOf(value, { keepFigures: true })}`
    })
    .filter((fact) => fact !== '')
    .join(', ')
    .slice(0, TEMPLATE_LIMIT)

/** A comma in a value begins what looks like another fact, so a name is no more to be trusted than a word: `softLimit` by its parts. */
const factName = (name: string): string =>
  name.split(/_|(?<=[a-z0-9])(?=[A-Z])/).every((part) => vocabulary.has(part.toLowerCase())) ? name : '<word>'

type Token = Readonly<{ kind: string; text: string }>

/** In this order: what comes first wins. Each is linear, and bounded where it could meet a long run. */
const KINDS: readonly Readonly<{ kind: string; find: string }>[] = [
  { kind: 'blank', find: String.raw`\s+` },
  // A quote that never ends swallows the rest: better that than to let out what stood in it.
  {
    kind: 'quoted',
    find: String.raw`"(?:[^"\\]|\\[\s\S])*(?:"|$)|${'`'}[^${'`'}]*(?:${'`'}|$)|[\u00ab\u201c\u201e][^\u00bb\u201d\u201c]*(?:[\u00bb\u201d\u201c]|$)`,
  },
  { kind: 'quoted', find: "(?<![A-Za-z0-9])'[^']*(?:'|$)" },
  { kind: 'url', find: String.raw`[A-Za-z][A-Za-z0-9+.-]{1,20}:\/\/[^\s"'<>]+` },
  { kind: 'email', find: String.raw`[\w.+%-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}` },
  { kind: 'uuid', find: '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}' },
  {
    kind: 'time',
    find: String.raw`\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?)?(?: ?(?:Z|UTC|GMT|CES?T|[+-]\d\d:?\d\d))?`,
  },
  { kind: 'time', find: String.raw`\d{1,2}[ /](?:${months()})[ /]\d{4}(?:[: ]\d\d:\d\d:\d\d(?:\.\d{1,9})?)?(?: [+-]\d{4})?` },
  {
    kind: 'time',
    find: String.raw`(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\s+)?(?:${months()})\s+\d{1,2}\s+\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:\s+\d{4})?`,
  },
  { kind: 'time', find: String.raw`\d\d:\d\d:\d\d(?:[.,]\d{1,9})?` },
  { kind: 'mac', find: '[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}(?![0-9A-Za-z:])' },
  { kind: 'ip', find: String.raw`\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?:\/\d{1,2})?(?![0-9A-Za-z.])` },
  {
    kind: 'ip',
    find: String.raw`\[?(?:(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}|(?:(?:[0-9a-fA-F]{1,4}:){1,6}|:):(?:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){0,6})?)(?:\]:\d{1,5}|\])?(?![0-9A-Za-z])`,
  },
  { kind: 'hex', find: '(?:SHA256|MD5):[A-Za-z0-9+/=:]+' },
  { kind: 'path', find: String.raw`(?<![A-Za-z0-9])(?:~|\.{1,2})?\/[^\s"'<>:,;()\[\]]*|[A-Za-z]:\\[^\s"'<>]*` },
  { kind: 'hex', find: String.raw`0[xX][0-9a-fA-F]+|(?=\d*[a-fA-F])(?=[a-fA-F]*\d)[0-9a-fA-F]{12,}(?![0-9A-Za-z])` },
  { kind: 'size', find: String.raw`\d+(?:\.\d+)?\s?(?:[kKMGT]i?[Bb]|bytes|[Bb])(?![A-Za-z0-9])` },
  { kind: 'duration', find: String.raw`\d+(?:\.\d+)?\s?(?:ns|us|\u00b5s|ms|secs?|seconds?|mins?|minutes?|hours?|[smhd])(?![A-Za-z0-9])` },
  { kind: 'percent', find: String.raw`\d+(?:\.\d+)?\s?%` },
  { kind: 'number', find: String.raw`\d+\.\d+(?![0-9A-Za-z_.])` },
  { kind: 'int', find: String.raw`\d+(?![A-Za-z_])` },
  { kind: 'host', find: String.raw`[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])` },
  { kind: 'word', find: String.raw`[A-Za-z0-9_\u00a0-\uffff][A-Za-z0-9_'\u00a0-\uffff-]*` },
  { kind: 'sign', find: String.raw`[()\[\]{}:;,.=#*/!?%|&@+-]` },
  { kind: 'other', find: String.raw`[\s\S]` },
]

function months(): string {
  return 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec'
}

const TOKEN = new RegExp(KINDS.map(({ find }) => `(${find})`).join('|'), 'g')

function* tokens(line: string): Generator<Token> {
  for (const match of line.matchAll(TOKEN)) {
    const index = match.slice(1).findIndex((group) => group !== undefined)
    yield { kind: KINDS[index]?.kind ?? 'other', text: match[0] }
  }
}

const USER_WORDS: ReadonlySet<string> = new Set(['user', 'username', 'role', 'ruser'])
const NAMEABLE: ReadonlySet<string> = new Set(['word', 'quoted', 'host', 'email', 'int', 'hex', 'path', 'number'])
const FIGURES: ReadonlySet<string> = new Set(['int', 'number', 'size', 'duration', 'percent'])
const PLACEHOLDER = /^<[a-z]+>$/

function pieceOf(kind: string, text: string, keepFigures: boolean): string {
  switch (kind) {
    case 'word':
      return wordOf(text)
    case 'sign':
      return text
    case 'other':
      return ' '
    default:
      // A figure of forty digits is a message.
      return keepFigures && FIGURES.has(kind) && text.length <= 20 ? text : `<${kind}>`
  }
}

/** `max_connections`, `accept4` and `time-out` as they are known; anything else is somebody's word. */
function wordOf(text: string): string {
  const plain = text.toLowerCase()
  if (vocabulary.has(plain)) return text
  const parts = plain.split('-')
  return parts.length <= 4 && parts.every((part) => vocabulary.has(part)) ? text : '<word>'
}
