/** Steward answered, and the answer was no; or it did not answer at all. Both say what a person can do. */
import { CliError, type ExitCode, exitCode } from '../exit-code.ts'

export type RefusalFacts = Readonly<{
  status: number
  code: string
  message: string
  details: Readonly<Record<string, unknown>>
  requestId: string | undefined
  /** The path that was asked for, without its query. */
  path?: string
}>

/** An error of the API's catalogue. Everything in it came over the network: print it through the screen only. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal'
  readonly status: number
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>
  readonly requestId: string | undefined
  readonly path: string | undefined
  constructor({ status, code, message, details, requestId, path }: RefusalFacts) {
    // The service does not echo what it was asked for; whoever asked wants to see it.
    super(code === 'NOT_FOUND' && path !== undefined ? missing(path, message) : message)
    this.status = status
    this.code = code
    this.details = details
    this.requestId = requestId
    this.path = path
  }

  get exitCode(): ExitCode {
    if (this.status === 401 || this.status === 403) return exitCode.auth
    return fieldsAreWrong.has(this.code) ? exitCode.usage : exitCode.failure
  }

  get advice(): string | undefined {
    if (this.status === 401) return 'Set STEWARD_API_KEY, or STEWARD_API_KEY_FILE to a file that holds a key.'
    if (this.status === 403 && this.code === 'FORBIDDEN')
      return '`steward key list` shows the roles of the keys; an admin can make one that may.'
    if (this.code === 'NOT_FOUND' && this.path !== undefined) return whereToLook(this.path)
    return nextAfter(this)
  }
}

const fieldsAreWrong: ReadonlySet<string> = new Set(['VALIDATION_FAILED', 'SERVER_CONFIG_INVALID'])

/** The command that leads on from a refusal, where there is one. */
function nextAfter({ code, details }: ApiRefusal): string | undefined {
  const { name, server } = details
  switch (code) {
    case 'NAME_TAKEN':
      return typeof name === 'string'
        ? `Choose another name, or look at the one that has it: \`steward server show ${plain(name)}\`.`
        : undefined
    case 'TOOL_UNKNOWN':
      return `\`steward tool list --server ${plain(server)}\` shows what it offers.`
    case 'SERVER_DISABLED':
      return '`steward server show NAME` says why it was disabled; `steward server enable NAME` lets it run.'
    case 'SERVER_NOT_RUNNING':
      return '`steward server show NAME` says why it does not run, and what to do.'
    case 'CHANGED_SINCE':
      return '`steward server history NAME` shows who decided what, each with its command.'
    case 'COMMAND_NOT_UNDOABLE':
      return '`steward server history NAME` shows earlier decisions, each with its command.'
    default:
      return undefined
  }
}

/** A word that may stand in a command line as it is. */
const plain = (value: unknown): string => (typeof value === 'string' && /^[\w.-]+$/.test(value) ? value : 'NAME')

/** `/api/v1/incidents/9c1d02ab/close`: the incident 9c1d02ab. */
function missing(path: string, message: string): string {
  const [kind, id] = thingOf(path)
  return kind === undefined || id === undefined ? message : `There is no ${kind} ${id}, or it is not for you to see.`
}

function whereToLook(path: string): string | undefined {
  const [kind] = thingOf(path)
  if (kind === undefined) return undefined
  return kind === 'stream'
    ? '`steward events list` shows the names of streams.'
    : `\`steward ${verbs[kind] ?? `${kind} list`}\` shows what there is.`
}

/** Lists that are not called after what they list, or leave out some of it. */
const verbs: Readonly<Record<string, string>> = {
  event: 'events list',
  server: 'server list --retired',
  fingerprint: 'breaker list',
  process: 'process parked',
}

function thingOf(path: string): readonly [string, string] | readonly [] {
  const [, collection, id] = /^\/api\/v1\/([a-z]+)\/([^/]+)/.exec(path) ?? []
  return collection === undefined || id === undefined
    ? []
    : [
        collection
          .replace(/sses$/, 'ss')
          .replace(/ies$/, 'y')
          .replace(/(?<=[^s])s$/, ''),
        decodeURIComponent(id),
      ]
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
