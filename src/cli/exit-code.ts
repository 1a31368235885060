/** What a shell is told. Scripts depend on these numbers, so they never change their meaning. */
export const exitCode = { ok: 0, failure: 1, usage: 2, partial: 3, auth: 4, unreachable: 5 } as const
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/** Ends the command with a sentence for a person, and what to do about it. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: ExitCode
  /** What to do. */
  readonly advice: string | undefined
  constructor(message: string, { exitCode: code, advice }: { exitCode: ExitCode; advice?: string }) {
    super(message)
    this.exitCode = code
    this.advice = advice
  }
}

export const usageError = (message: string, advice?: string): CliError =>
  new CliError(message, { exitCode: exitCode.usage, ...(advice === undefined ? {} : { advice }) })
