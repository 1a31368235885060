/**
 * Changes single values within a JSON text and leaves every other byte of it alone. A text that could be read in two ways (a name given twice,
 * or spelled with escapes) is not edited: the caller writes the parsed value anew instead, so that there is only one reading of it.
 */

/** Which members are wanted: a name below its object, each under a label. */
export type Wanted = Readonly<{ [name: string]: string | Wanted }>
export type Span = readonly [start: number, end: number]
export type Spans = ReadonlyMap<string, Span>

/** @param text valid JSON, an object. @returns undefined when it has two readings. */
export function findMembers(text: string, wanted: Wanted): Spans | undefined {
  const spans = new Map<string, Span>()
  return readObject(text, skipSpace(text, 0), wanted, spans) === AMBIGUOUS ? undefined : spans
}

/** Replaces each labelled value by the JSON given for it. */
export function replaceSpans(text: string, spans: Spans, values: ReadonlyMap<string, string>): string {
  const edits: (readonly [Span, string])[] = []
  for (const [label, json] of values) {
    const span = spans.get(label)
    if (span !== undefined) edits.push([span, json])
  }
  edits.sort((a, b) => a[0][0] - b[0][0])
  let out = ''
  let from = 0
  for (const [[start, end], json] of edits) {
    out += text.slice(from, start) + json
    from = end
  }
  return out + text.slice(from)
}

const AMBIGUOUS = -1

/** Returns the place behind the object. */
function readObject(text: string, open: number, wanted: Wanted, spans: Map<string, Span>): number {
  const seen = new Set<string>()
  let at = skipSpace(text, open + 1)
  if (text.charCodeAt(at) === CLOSE_BRACE) return at + 1
  for (;;) {
    const keyEnd = skipString(text, at)
    const key = text.slice(at + 1, keyEnd - 1)
    if (key.includes('\\') || seen.has(key)) return AMBIGUOUS
    seen.add(key)
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const want = Object.hasOwn(wanted, key) ? wanted[key] : undefined
    let end: number
    if (typeof want === 'object' && text.charCodeAt(start) === OPEN_BRACE) {
      end = readObject(text, start, want, spans)
      if (end === AMBIGUOUS) return AMBIGUOUS
    } else {
      end = skipValue(text, start)
      if (typeof want === 'string') spans.set(want, [start, end])
    }
    at = skipSpace(text, end)
    if (text.charCodeAt(at) !== COMMA) return at + 1
    at = skipSpace(text, at + 1)
  }
}

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++
  return at
}

function skipString(text: string, open: number): number {
  let at = open
  for (;;) {
    at = text.indexOf('"', at + 1)
    if (at === -1) return text.length
    let slashes = 0
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return at + 1
  }
}

function skipValue(text: string, start: number): number {
  const first = text.charCodeAt(start)
  if (first === QUOTE) return skipString(text, start)
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    let at = start
    while (at < text.length && !isEnd(text.charCodeAt(at))) at++
    return at
  }
  let depth = 0
  let at = start
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = skipString(text, at)
      continue
    }
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++
    else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) return at + 1
    at++
  }
  return at
}

/** Counts brackets outside of strings, and only in what is long enough to hold so many. */
export function isDeeperThan(levels: number, text: string): boolean {
  if (text.length < 2 * levels) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = skipString(text, at) - 1
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > levels) return true
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--
  }
  return false
}

const isEnd = (code: number): boolean => code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= 0x20
