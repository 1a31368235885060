/** Where secrets come from. Events, logs and configuration hold references only. */
export interface Secrets {
  /**
   * Reads the value behind a reference.
   * @throws SecretUnavailable the reference points outside the allowed places, or to nothing.
   */
  resolve(reference: SecretReference): Promise<Secret>
}

/** `file:` below the secret directories (real path), `env:` an allow-listed name. */
export type SecretReference = `file:${string}` | `env:${string}`

/** Cannot print itself: every way to make text of it gives a mask. */
export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
  }
  /** The value itself. Call it where the secret is used, and nowhere else. */
  reveal(): string {
    return this.#value
  }
  toString(): string {
    return '[secret]'
  }
  toJSON(): string {
    return '[secret]'
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]'
  }
}

export class SecretUnavailable extends Error {
  override readonly name = 'SecretUnavailable'
  readonly reference: SecretReference
  readonly rule: 'missing' | 'outside-secret-directories' | 'not-a-regular-file' | 'readable-by-others' | 'not-allow-listed'
  constructor(facts: { reference: SecretReference; rule: SecretUnavailable['rule']; cause?: unknown }) {
    super(`secret ${facts.reference}: ${facts.rule}`, { cause: facts.cause })
    this.reference = facts.reference
    this.rule = facts.rule
  }
}
