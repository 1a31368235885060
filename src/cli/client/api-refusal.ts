/** Steward answered, and the answer was no; or it did not answer at all. Both say what a person can do. */
import { CliError, type ExitCode, exitCode } from '../exit-code.ts'

export type RefusalFacts = Readonly<{
  status: number
  code: string
  message: string
  details: Readonly<Record<string, unknown>>
  requestId: string | undefined
}>

/** An error of the API's catalogue. Everything in it came over the network: print it through the screen only. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal'
  readonly status: number
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>
  readonly requestId: string | undefined
  constructor({ status, code, message, details, requestId }: RefusalFacts) {
    super(message)
    this.status = status
    this.code = code
    this.details = details
    this.requestId = requestId
  }

  get exitCode(): ExitCode {
    if (this.status === 401 || this.status === 403) return exitCode.auth
    return this.code === 'VALIDATION_FAILED' ? exitCode.usage : exitCode.failure
  }

  get advice(): string | undefined {
    if (this.status === 401) return 'Set STEWARD_API_KEY, or STEWARD_API_KEY_FILE to a file that holds a key.'
    if (this.status === 403 && this.code === 'FORBIDDEN')
      return '`steward key list` shows the roles of the keys; an admin can make one that may.'
    return undefined
  }
}

export const unreachable = (url: string, cause: unknown): CliError =>
  new CliError(`Steward does not answer at ${url}: ${causeOf(cause)}`, {
    exitCode: exitCode.unreachable,
    advice: 'Start it with `steward up`, or say where it is with STEWARD_URL or --url. `steward doctor` looks further.',
  })

/** fetch hides the reason in `cause`, sometimes as several. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no answer in time'
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0])
  if (error.cause !== undefined) return causeOf(error.cause)
  return 'code' in error && typeof error.code === 'string' && !error.message.includes(error.code)
    ? `${error.message} (${error.code})`
    : error.message
}
