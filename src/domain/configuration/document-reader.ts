/** Reads a document that came from outside, member by member, with every problem by its path. What is not known is a problem: it was meant to do something. */

/** `path`: `servers.2.config.transport.command`. */
export type DocumentProblem = Readonly<{ path: string; rule: string; says: string }>

export type Members = Readonly<Record<string, unknown>>

export class DocumentReader {
  readonly problems: DocumentProblem[] = []

  wrong(path: string, rule: string, says: string): undefined {
    this.problems.push({ path, rule, says })
    return undefined
  }

  /** An object with no other members than `known`. */
  object(value: unknown, path: string, known?: readonly string[]): Members | undefined {
    if (!isMembers(value)) return this.wrong(path, 'type', 'must be an object')
    for (const member of known === undefined ? [] : Object.keys(value).filter((name) => !known.includes(name)))
      this.wrong(`${path}.${member}`, 'unknown-member', `is not known; known here: ${known?.join(', ')}`)
    return value
  }

  text(value: unknown, path: string): string | undefined {
    if (typeof value !== 'string') return this.wrong(path, 'type', 'must be a text')
    return value.isWellFormed() ? value : this.wrong(path, 'text', 'holds half of a character')
  }

  number(value: unknown, path: string): number | undefined {
    return typeof value === 'number' && Number.isFinite(value) ? value : this.wrong(path, 'type', 'must be a number')
  }

  flag(value: unknown, path: string): boolean | undefined {
    return typeof value === 'boolean' ? value : this.wrong(path, 'type', 'must be true or false')
  }

  oneOf<Word extends string>(value: unknown, path: string, words: readonly Word[]): Word | undefined {
    return words.find((word) => word === value) ?? this.wrong(path, 'choice', `must be one of ${words.join(', ')}`)
  }

  list(value: unknown, path: string, most: number): readonly unknown[] {
    if (!Array.isArray(value)) {
      this.wrong(path, 'type', 'must be a list')
      return []
    }
    if (value.length <= most) return value
    this.wrong(path, 'length', `must have at most ${most} members`)
    return []
  }
}

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value)
