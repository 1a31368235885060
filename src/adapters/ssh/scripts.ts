/** The small POSIX programs that do the adapter's work on a host. Read once; nothing is ever installed there. */
import { readFileSync } from 'node:fs'
import { quoteCommand } from './quote.ts'

const load = (name: string): string =>
  readFileSync(new URL(`./scripts/${name}.sh`, import.meta.url), 'utf8')
    // Comments are for us: on the host they would only make the list of processes longer.
    .replaceAll(/^[ \t]*#.*\n/gm, '')

const marks = load('marks')
const texts = {
  run: marks + load('run'),
  mark: marks + load('mark'),
  survey: load('survey'),
  await: load('await'),
  follow: load('follow'),
}

export type OwnScript = keyof typeof texts

/** As an argument vector. */
export const ownScript = (name: OwnScript, ...args: readonly string[]): readonly [string, ...string[]] => [
  'sh',
  '-c',
  texts[name],
  'steward',
  ...args,
]

/** As a command line for the login shell, which makes room for it. */
export const ownCommand = (name: OwnScript, ...args: readonly string[]): string => `exec ${quoteCommand(ownScript(name, ...args))}`

/** GNU and busybox both take a decimal fraction where there must be one. */
export const seconds = (ms: number): string => (ms % 1000 === 0 ? String(ms / 1000) : (ms / 1000).toFixed(3))
