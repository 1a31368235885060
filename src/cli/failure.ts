/** From whatever was thrown to a message for a person and a number for the shell. The message may hold text from outside: it goes through the screen. */
import { ConfigInvalid } from '../config.ts'
import { ApiRefusal } from './client/api-refusal.ts'
import { CliError, type ExitCode, exitCode } from './exit-code.ts'
import type { Output } from './screen/output.ts'
import type { Page } from './screen/page.ts'

/** @param subject of a command with several: which one it was. */
export function explain(error: unknown, out: Output, subject?: string): ExitCode {
  const failure = failureOf(error)
  if (out.json) out.problem({ ...(subject === undefined ? {} : { subject }), error: failure.json })
  else {
    if (subject !== undefined) out.note(`${subject}:`)
    out.notes((page) => draw(page, failure))
  }
  return failure.exitCode
}

type Failure = Readonly<{
  exitCode: ExitCode
  message: string
  facts: readonly string[]
  advice: string | undefined
  json: Readonly<Record<string, unknown>>
}>

function failureOf(error: unknown): Failure {
  if (error instanceof ApiRefusal) {
    const { code, message, details, requestId } = error
    return {
      exitCode: error.exitCode,
      message: `${message} (${code})`,
      facts: [...factsOf(error), ...(requestId === undefined ? [] : [`request: ${requestId}`])],
      advice: error.advice,
      json: { code, message, details, request_id: requestId },
    }
  }
  if (error instanceof CliError) return plain(error.exitCode, error.message, error.advice)
  if (error instanceof ConfigInvalid) {
    const facts = error.problems.map(({ place, field, rule }) => [place, field, rule].filter((part) => part !== '').join(': '))
    return {
      exitCode: exitCode.usage,
      message: 'the configuration is not valid',
      facts,
      advice: '`steward config print --sources` shows where each value comes from; `steward config init` writes a file to begin with.',
      json: { code: 'CONFIG_INVALID', message: 'the configuration is not valid', problems: error.problems },
    }
  }
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return plain(
      exitCode.failure,
      `the address is taken: ${error.message}`,
      'Stop what listens there, or choose another with --listen; `steward doctor` tells whether it is a Steward.',
    )
  }
  return plain(exitCode.failure, chain(error), isOurFault(error) ? error.stack : undefined)
}

const plain = (code: ExitCode, message: string, advice: string | undefined): Failure => ({
  exitCode: code,
  message,
  facts: [],
  advice,
  json: { code: codes[code], message, ...(advice === undefined ? {} : { advice }) },
})

/** For programs, where the API gave no code of its own. */
const codes: Readonly<Record<ExitCode, string>> = {
  [exitCode.ok]: 'CLI_ERROR',
  [exitCode.failure]: 'CLI_ERROR',
  [exitCode.usage]: 'USAGE',
  [exitCode.partial]: 'CLI_ERROR',
  [exitCode.auth]: 'KEY_UNUSABLE',
  [exitCode.unreachable]: 'UNREACHABLE',
}

/** Errors of the language are bugs of ours; of those the place matters. */
const isOurFault = (error: unknown): error is Error =>
  error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError || error instanceof SyntaxError

function chain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const causes: string[] = []
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (!causes.includes(at.message)) causes.push(at.message)
  return causes.filter((says) => says !== '').join(': ') || error.name
}

/** Validation names each field and its rule; other refusals bring the facts of theirs. */
function factsOf({ details }: ApiRefusal): string[] {
  return Object.entries(details).flatMap(([name, value]) => {
    if (name === 'issues' && Array.isArray(value)) return value.map(factText)
    return [`${name}: ${factText(value)}`]
  })
}

function factText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'object' && value !== null && 'field' in value && 'rule' in value)
    return `${fieldText(String(value.field))}: ${String(value.rule)}`
  return JSON.stringify(value) ?? ''
}

/** Where in a request it stood is the API's affair; `--json` has it. */
const fieldText = (field: string): string => field.replace(/^(?:body|query)\.(?=.)/, '')

function draw(page: Page, { message, facts, advice }: Failure): void {
  page.item('steward: ', message, 'bad')
  for (const fact of facts) page.item('  ', fact)
  for (const line of advice?.split('\n') ?? []) page.item('  ', line)
}
