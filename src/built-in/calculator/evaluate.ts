/**
 * What an arithmetic expression comes to. Nothing of it is ever run as code: it is read once, from left to right, within a bound of length and depth, and
 * what cannot be read is told with its place.
 */

export type Evaluated =
  | Readonly<{ kind: 'value'; value: number }>
  /** `position` counts characters from 1, as people do. */
  | Readonly<{ kind: 'broken'; position: number; says: string }>

export const MOST_CHARACTERS = 1_000
export const MOST_LEVELS = 64

export function evaluate(text: string): Evaluated {
  try {
    if (text.length > MOST_CHARACTERS) throw new Broken(MOST_CHARACTERS, `it is longer than ${MOST_CHARACTERS} characters`)
    const reader = new Reader(text)
    const value = reader.sum(0)
    reader.end()
    return { kind: 'value', value }
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    return { kind: 'broken', position: error.at + 1, says: error.message }
  }
}

class Broken extends Error {
  override readonly name = 'Broken'
  readonly at: number
  constructor(at: number, says: string) {
    super(says)
    this.at = at
  }
}

type Apply = (...values: readonly number[]) => number

const CONSTANTS: ReadonlyMap<string, number> = new Map([
  ['pi', Math.PI],
  ['e', Math.E],
])

/** With how many values each may be called. */
const FUNCTIONS: ReadonlyMap<string, Readonly<{ least: number; most: number; apply: Apply }>> = new Map(
  Object.entries({
    ...ofOne({ abs: Math.abs, sqrt: Math.sqrt, exp: Math.exp, ln: Math.log, log10: Math.log10, log2: Math.log2 }),
    ...ofOne({ sin: Math.sin, cos: Math.cos, tan: Math.tan, asin: Math.asin, acos: Math.acos, atan: Math.atan }),
    ...ofOne({ floor: Math.floor, ceil: Math.ceil, round: Math.round, trunc: Math.trunc }),
    min: { least: 1, most: 100, apply: Math.min },
    max: { least: 1, most: 100, apply: Math.max },
  }),
)

export const functionNames: readonly string[] = [...FUNCTIONS.keys()]

function ofOne(functions: Readonly<Record<string, (value: number) => number>>) {
  const entries = Object.entries(functions).map(
    ([name, apply]) => [name, { least: 1, most: 1, apply: (value = Number.NaN) => apply(value) }] as const,
  )
  return Object.fromEntries(entries)
}

/** One method for each level of the grammar; each leaves the reader behind what it has read. */
class Reader {
  #at = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** sum = product { ("+" | "-") product } */
  sum(level: number): number {
    if (level > MOST_LEVELS) throw new Broken(this.#at, `it is nested deeper than ${MOST_LEVELS} levels`)
    let value = this.#product(level)
    for (;;) {
      const at = this.#skip()
      if (this.#takes('+')) value = finite(at, value + this.#product(level))
      else if (this.#takes('-')) value = finite(at, value - this.#product(level))
      else return value
    }
  }

  end(): void {
    const at = this.#skip()
    if (at < this.#text.length) throw new Broken(at, `${shown(this.#text, at)} was not expected here`)
  }

  /** product = signed { ("*" | "/" | "%") signed } */
  #product(level: number): number {
    let value = this.#signed(level)
    for (;;) {
      const at = this.#skip()
      if (this.#takes('*')) value = finite(at, value * this.#signed(level))
      else if (this.#takes('/')) value = divided(at, value, this.#signed(level), (a, b) => a / b)
      else if (this.#takes('%')) value = divided(at, value, this.#signed(level), (a, b) => a % b)
      else return value
    }
  }

  /** signed = { "+" | "-" } power: a sign binds less than a power does, so -2^2 is -4. */
  #signed(level: number): number {
    let isNegative = false
    for (;;) {
      this.#skip()
      if (this.#takes('-')) isNegative = !isNegative
      else if (!this.#takes('+')) break
    }
    const value = this.#power(level)
    return isNegative ? -value : value
  }

  /** power = atom [ "^" signed ], from the right: 2^3^2 is 2^9. */
  #power(level: number): number {
    const base = this.#atom(level)
    const at = this.#skip()
    if (!this.#takes('^')) return base
    if (level >= MOST_LEVELS) throw new Broken(at, `it is nested deeper than ${MOST_LEVELS} levels`)
    return finite(at, base ** this.#signed(level + 1))
  }

  /** atom = number | name | name "(" sum { "," sum } ")" | "(" sum ")" */
  #atom(level: number): number {
    const at = this.#skip()
    if (this.#takes('(')) {
      const value = this.sum(level + 1)
      this.#close(at)
      return value
    }
    const number = this.#match(/(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y)
    if (number !== undefined) return finite(at, Number(number))
    const name = this.#match(/[A-Za-z][A-Za-z0-9]*/y)
    if (name !== undefined) return this.#named(name, at, level)
    throw new Broken(at, at < this.#text.length ? `${shown(this.#text, at)} is no number` : 'it ends where a number should be')
  }

  #named(name: string, at: number, level: number): number {
    const constant = CONSTANTS.get(name)
    if (constant !== undefined) return constant
    const known = FUNCTIONS.get(name)
    if (known === undefined)
      throw new Broken(at, `${name} is not known; there are ${[...CONSTANTS.keys(), ...FUNCTIONS.keys()].join(', ')}`)
    const opening = this.#skip()
    if (!this.#takes('(')) throw new Broken(opening, `${name} needs its values in brackets`)
    const values = [this.sum(level + 1)]
    for (this.#skip(); this.#takes(','); this.#skip()) values.push(this.sum(level + 1))
    this.#close(opening)
    const { least, most, apply } = known
    if (values.length < least || values.length > most) {
      throw new Broken(at, `${name} takes ${least === most ? least : `${least} to ${most}`} values, not ${values.length}`)
    }
    return finite(at, apply(...values))
  }

  #close(openedAt: number): void {
    const at = this.#skip()
    if (!this.#takes(')')) throw new Broken(at, `the bracket at ${openedAt + 1} is not closed here`)
  }

  #skip(): number {
    this.#match(/\s+/y)
    return this.#at
  }

  #takes(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at += 1
    return true
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const [found] = pattern.exec(this.#text) ?? []
    this.#at += found?.length ?? 0
    return found
  }
}

function divided(at: number, value: number, by: number, apply: (value: number, by: number) => number): number {
  if (by === 0) throw new Broken(at, 'nothing can be divided by 0')
  return finite(at, apply(value, by))
}

function finite(at: number, value: number): number {
  if (Number.isNaN(value)) throw new Broken(at, 'this has no real value')
  if (!Number.isFinite(value)) throw new Broken(at, 'this is larger than any number that can be told')
  return value
}

/** One character as it may be shown: what rearranges a screen stands as its code. */
function shown(text: string, at: number): string {
  const point = text.codePointAt(at) ?? 0
  return point > 0x20 && point < 0x7f
    ? JSON.stringify(String.fromCodePoint(point))
    : `U+${point.toString(16).toUpperCase().padStart(4, '0')}`
}
