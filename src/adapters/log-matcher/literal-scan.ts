/**
 * Tells which of many literals a line holds, in one pass: an automaton (Aho and Corasick, 1975) reads each character once, however many literals
 * there are. Characters that no literal uses share one column.
 */

export type LiteralScan = (line: string) => readonly number[]

const NONE: readonly number[] = []

/** Answers, for a line, which of the literals (by index) it holds. */
export function compileLiteralScan(literals: readonly string[]): LiteralScan {
  const columns = columnsOf(literals)
  const { next, found } = automaton(literals, columns)
  const { table, width } = columns
  return (line) => {
    let state = 0
    let hits: number[] | undefined
    for (let index = 0; index < line.length; index += 1) {
      const code = line.charCodeAt(index)
      state = next[state * width + (code < ASCII ? (table[code] ?? 0) : 0)] ?? 0
      const ended = found[state]
      if (ended !== undefined) hits = hits === undefined ? [...ended] : merge(hits, ended)
    }
    return hits ?? NONE
  }
}

const ASCII = 128

const merge = (hits: number[], ended: readonly number[]): number[] => {
  for (const literal of ended) if (!hits.includes(literal)) hits.push(literal)
  return hits
}

type Columns = Readonly<{ table: Uint8Array; width: number }>

/** Literals are ASCII; every other character leads back to the start, as column 0 does. */
function columnsOf(literals: readonly string[]): Columns {
  const table = new Uint8Array(ASCII)
  let width = 1
  for (const literal of literals) {
    for (let index = 0; index < literal.length; index += 1) {
      const code = literal.charCodeAt(index)
      if (code >= ASCII) throw new RangeError('a literal must be ASCII')
      if (table[code] === 0) {
        table[code] = width
        width += 1
      }
    }
  }
  return { table, width }
}

/** The transitions as one table, failure links already followed; and per state the literals that end there. */
function automaton(
  literals: readonly string[],
  { table, width }: Columns,
): { next: Int32Array; found: readonly (readonly number[] | undefined)[] } {
  const size = literals.reduce((sum, literal) => sum + literal.length, 1)
  const next = new Int32Array(size * width)
  const found: (number[] | undefined)[] = new Array(size).fill(undefined)
  let states = 1
  literals.forEach((literal, number) => {
    let state = 0
    for (let index = 0; index < literal.length; index += 1) {
      const cell = state * width + (table[literal.charCodeAt(index)] ?? 0)
      if (next[cell] === 0) {
        next[cell] = states
        states += 1
      }
      state = next[cell] ?? 0
    }
    found[state] = [...(found[state] ?? []), number]
  })
  followFailures(next, found, width, states)
  return { next, found }
}

/** Breadth first, so that the state that a failure leads to is finished before it is needed. */
function followFailures(next: Int32Array, found: (number[] | undefined)[], width: number, states: number): void {
  const failure = new Int32Array(states)
  const queue: number[] = []
  for (let column = 0; column < width; column += 1) if (next[column] !== 0) queue.push(next[column] ?? 0)
  for (let head = 0; head < queue.length; head += 1) {
    const state = queue[head] ?? 0
    const fallback = failure[state] ?? 0
    const inherited = found[fallback]
    if (inherited !== undefined) found[state] = [...(found[state] ?? []), ...inherited]
    for (let column = 0; column < width; column += 1) {
      const cell = state * width + column
      const target = next[cell] ?? 0
      const elsewhere = next[fallback * width + column] ?? 0
      if (target === 0) next[cell] = elsewhere
      else {
        failure[target] = elsewhere
        queue.push(target)
      }
    }
  }
}
