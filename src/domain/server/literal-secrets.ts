/**
 * Values of a configuration that look like secrets, by the name they stand under or by their shape. What is recorded once stays in the log for ever,
 * so this is asked before anything is, and whoever means such a value literally says so by its field.
 */
import { isSecretName, REDACTED, redactSecrets } from '../analysis/redact.ts'
import type { Given, ServerTransport } from './config.ts'
import type { Violation } from './config-rules.ts'

/** @param allowed fields whose literal values are meant as they are, e.g. `transport.env.TOKEN_LIMIT`. */
export function literalSecrets(transport: ServerTransport, allowed: readonly string[] = []): readonly Violation[] {
  const found = transport.kind === 'stdio' ? inArguments(transport.args) : [...inUrl(transport.url), ...inPathEnd(transport.pathEnd)]
  const named =
    transport.kind === 'stdio'
      ? inRecord('transport.env', transport.env)
      : [...inRecord('transport.query', transport.query), ...inRecord('transport.headers', transport.headers)]
  return [...found, ...named].filter((field) => !allowed.includes(field)).map(violation)
}

const violation = (field: string): Violation => ({
  field,
  rule: 'literal-secret',
  says: `looks like a secret, and what is recorded once stays: put it into a file of a secret directory and send {"secret": "file:NAME"}, or name ${field} in allowLiterals when it is none`,
})

const inRecord = (place: string, given: Readonly<Record<string, Given>>): readonly string[] =>
  Object.entries(given).flatMap(([name, value]) =>
    isLiteral(value) && (isSecretName(name) || isKey(name) || hasShape(value)) ? [`${place}.${name}`] : [],
  )

/** `KEY` and `API_KEY`, but not `KEYBOARD`. */
const isKey = (name: string): boolean => /(?:^|[-_])key$/i.test(name)

/** `--token=abc`, `--token abc`, and whatever looks like a key by itself. */
function inArguments(args: readonly Given[]): readonly string[] {
  return args.flatMap((value, index) => {
    const before = args[index - 1]
    const flag = typeof before === 'string' ? /^--?([A-Za-z][\w-]*)$/.exec(before)?.[1] : undefined
    const isValue = isLiteral(value) && flag !== undefined && (isSecretName(flag) || isKey(flag)) && !value.startsWith('-')
    return isLiteral(value) && (isValue || hasShape(value)) ? [`transport.args.${index}`] : []
  })
}

/** User and password. A query is refused by another rule; here it matters that it is refused before it is recorded. */
const inUrl = (url: string): readonly string[] => (hasShape(url) || URL.parse(url)?.password ? ['transport.url'] : [])

/** It is there for paths that are keys, so a literal is most likely one. */
const inPathEnd = (given: Given | undefined): readonly string[] => (isLiteral(given) ? ['transport.pathEnd'] : [])

const isLiteral = (value: Given | undefined): value is string => typeof value === 'string' && value !== ''

const hasShape = (value: string): boolean => redactSecrets(value).includes(REDACTED) && !value.includes(REDACTED)
