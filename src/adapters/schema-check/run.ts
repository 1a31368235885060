/** One check under way: what it has found, how much work it may still do, and where it is. */
import type { Json } from '../../domain/ports/json.ts'

/** Whether the value keeps the rule. What it finds goes into the run; which members it has looked at, into `seen` where somebody asks. */
export type Rule = (value: Json, run: Run, at: Place, seen: Seen | undefined) => boolean

/** From the inside out, so that going one step deeper copies nothing. Undefined: the value itself. */
export type Place = Readonly<{ up: Place; token: string | number }> | undefined

/** Members that some keyword has spoken about: what is left is for `unevaluatedProperties` and `unevaluatedItems`. */
export class Seen {
  readonly names = new Set<string>()
  readonly indexes = new Set<number>()
  allNames = false
  /** All indexes below. */
  upTo = 0

  add(other: Seen): void {
    for (const name of other.names) this.names.add(name)
    for (const index of other.indexes) this.indexes.add(index)
    this.allNames ||= other.allNames
    this.upTo = Math.max(this.upTo, other.upTo)
  }
}

export class Run {
  readonly problems: { at: Place; says: string }[] = []
  readonly #mostProblems: number
  #stepsLeft: number
  #depth = 0
  /** Above 0: somebody only wants to know whether it fits. */
  #silent = 0

  constructor(mostSteps: number, mostProblems: number) {
    this.#stepsLeft = mostSteps
    this.#mostProblems = mostProblems
  }

  /** @throws CheckEnded */
  spend(steps: number): void {
    this.#stepsLeft -= steps
    if (this.#stepsLeft < 0) throw new CheckEnded('checking these arguments against the schema takes too long; send less')
  }

  enter(): void {
    this.spend(1)
    this.#depth += 1
    // Far below the stack of the engine: a value may be nested as deep as its sender likes.
    if (this.#depth > DEEPEST) throw new CheckEnded(`the arguments are nested deeper than can be checked; use fewer levels`)
  }

  leave(): void {
    this.#depth -= 1
  }

  fail(at: Place, says: string): false {
    if (this.#silent === 0 && !this.isFull) this.problems.push({ at, says })
    return false
  }

  /** Nobody wants to hear of more. */
  get isEnough(): boolean {
    return this.#silent > 0 || this.isFull
  }

  get isFull(): boolean {
    return this.problems.length >= this.#mostProblems
  }

  /** Whether a value fits, without saying why not. */
  fits(rule: Rule, value: Json, at: Place, seen: Seen | undefined): boolean {
    this.#silent += 1
    try {
      return rule(value, this, at, seen)
    } finally {
      this.#silent -= 1
    }
  }
}

const DEEPEST = 300

/** Not a verdict: the check was not finished. */
export class CheckEnded extends Error {
  override readonly name = 'CheckEnded'
}

/** RFC 6901. Names are the sender's own, and as long as he likes. */
export function pointerOf(at: Place): string {
  const tokens: string[] = []
  for (let place = at; place !== undefined; place = place.up)
    tokens.unshift(clip(String(place.token)).replaceAll('~', '~0').replaceAll('/', '~1'))
  return tokens.map((token) => `/${token}`).join('')
}

/** Names and values of the schema in a sentence: in quotes, on one line, not too long. */
export const quoted = (value: Json): string => clip(JSON.stringify(value))

const clip = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text)
