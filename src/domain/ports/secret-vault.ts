import type { Secret, SecretReference } from './secrets.ts'

/** Where secrets go that were found as literals, so that only references are ever recorded. What it keeps, `Secrets` resolves. */
export interface SecretVault {
  /**
   * Keeps a value under a name of its own, for this process's user only. The same value under the same name again changes nothing.
   * @param name `folder/file`: letters, digits, `-` and `_`.
   * @throws SecretNotKept
   */
  put(name: string, value: Secret): Promise<SecretReference>
  /** Takes back everything that was put into a folder. One that is not there is no error. @throws SecretNotKept */
  withdraw(folder: string): Promise<void>
}

/** Never carries the value. */
export class SecretNotKept extends Error {
  override readonly name = 'SecretNotKept'
  readonly rule: 'no-directory' | 'invalid-name' | 'name-taken' | 'outside-secret-directories' | 'empty' | 'cannot-write'
  /** The name it was to have. */
  readonly secretName: string
  constructor(facts: { rule: SecretNotKept['rule']; secretName: string; cause?: unknown }) {
    super(`secret ${facts.secretName} was not kept: ${facts.rule}`, { cause: facts.cause })
    this.rule = facts.rule
    this.secretName = facts.secretName
  }
}
