/**
 * Which fixed texts a line must hold for a pattern to match it: one of the returned literals is in every matching line. Looking for literals is
 * far cheaper than running the pattern, so a line without any of them is never given to the pattern. When in doubt: undefined, never a guess.
 */

/** Shorter literals are in too many lines to be worth looking for. */
const SHORTEST = 4
/** More alternatives than this cost more than they save. */
const MOST = 16

export function requiredLiterals(pattern: string): readonly string[] | undefined {
  // Flags such as (?i) change what a literal means.
  if (/\(\?[a-zA-Z-]+[:)]/.test(pattern) || pattern.includes('\\Q')) return undefined
  const reader = { pattern, at: 0 }
  const found = alternation(reader)
  return reader.at === pattern.length && found !== undefined && score(found) >= SHORTEST ? found : undefined
}

type Reader = { readonly pattern: string; at: number }
type Literals = readonly string[] | undefined

const score = (literals: readonly string[]): number => Math.min(...literals.map(({ length }) => length))
const better = (a: Literals, b: Literals): Literals => (a === undefined ? b : b === undefined || score(a) >= score(b) ? a : b)

/** One branch or another: a literal of each is needed, or nothing is certain. */
function alternation(reader: Reader): Literals {
  const branches = [concatenation(reader)]
  while (reader.pattern[reader.at] === '|') {
    reader.at += 1
    branches.push(concatenation(reader))
  }
  const all = branches.flatMap((branch) => branch ?? [])
  return branches.includes(undefined) || all.length > MOST ? undefined : [...new Set(all)]
}

/** All parts in a row: the best literal of any part will do. */
function concatenation(reader: Reader): Literals {
  let best: Literals
  let run = ''
  const endRun = () => {
    if (run !== '') best = better(best, [run])
    run = ''
  }
  while (reader.at < reader.pattern.length && !'|)'.includes(reader.pattern[reader.at] ?? '')) {
    const part = atom(reader)
    const repeats = quantifier(reader)
    if (part.kind === 'character' && repeats === 'once') run += part.character
    else {
      endRun()
      if (part.kind === 'group' && repeats !== 'maybe') best = better(best, part.literals)
      if (part.kind === 'character' && repeats === 'more') run = part.character
      if (repeats === 'more') endRun()
    }
  }
  endRun()
  return best
}

type Atom =
  | Readonly<{ kind: 'character'; character: string }>
  | Readonly<{ kind: 'group'; literals: Literals }>
  | Readonly<{ kind: 'other' }>
const other: Atom = { kind: 'other' }

function atom(reader: Reader): Atom {
  const character = reader.pattern[reader.at] ?? ''
  reader.at += 1
  if (character === '(') return group(reader)
  if (character === '[') return characterClass(reader)
  if (character === '\\') return escaped(reader)
  return '^$.'.includes(character) ? other : { kind: 'character', character }
}

function group(reader: Reader): Atom {
  const opening = /\?(?::|P?<\w+>)/y
  opening.lastIndex = reader.at
  reader.at += opening.exec(reader.pattern)?.[0].length ?? 0
  const literals = alternation(reader)
  reader.at += 1
  return { kind: 'group', literals }
}

function characterClass(reader: Reader): Atom {
  if (reader.pattern[reader.at] === '^') reader.at += 1
  // A bracket right at the beginning stands for itself.
  if (reader.pattern[reader.at] === ']') reader.at += 1
  while (reader.at < reader.pattern.length && reader.pattern[reader.at] !== ']') {
    if (reader.pattern.startsWith('[:', reader.at)) reader.at = Math.max(reader.at, reader.pattern.indexOf(':]', reader.at)) + 1
    reader.at += reader.pattern[reader.at] === '\\' ? 2 : 1
  }
  reader.at += 1
  return other
}

function escaped(reader: Reader): Atom {
  const character = reader.pattern[reader.at] ?? ''
  reader.at += 1
  if (!/[A-Za-z0-9]/.test(character)) return { kind: 'character', character }
  if (character === 't') return { kind: 'character', character: '\t' }
  if (/[pPx]/.test(character)) {
    const argument = /\{[^}]*\}|\w{1,2}/y
    argument.lastIndex = reader.at
    reader.at += argument.exec(reader.pattern)?.[0].length ?? 0
  }
  return other
}

function quantifier(reader: Reader): 'once' | 'more' | 'maybe' {
  const found = /(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/y
  found.lastIndex = reader.at
  const match = found.exec(reader.pattern)
  if (match === null) return 'once'
  reader.at += match[0].length
  return match[0].startsWith('+') || Number(match[1] ?? 0) > 0 ? 'more' : 'maybe'
}
