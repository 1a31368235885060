/**
 * Which programs may run as MCP servers. A stdio server is code with the rights of Steward, so a short list of well-known launchers is allowed in
 * the one shape that names exactly what is run; everything else needs a person's approval of that very argument vector.
 */
import { canonicalJson } from '../canonical-json.ts'
import type { Hash } from '../ports/hash.ts'
import type { Given, ServerConfig, StdioTransport } from './config.ts'
import type { Violation } from './config-rules.ts'

export type Verdict =
  | Readonly<{ kind: 'allowed' }>
  /** Nobody may approve it either. */
  | Readonly<{ kind: 'forbidden'; field: string; rule: string; says: string }>
  | Readonly<{ kind: 'needs-approval'; says: string }>

const PACKAGE_WITH_EXACT_VERSION = /^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*@\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/

/** Code in an argument is code that no list of programs has seen. */
const EVALUATES: Readonly<Record<string, readonly string[]>> = {
  node: ['-e', '--eval', '-p', '--print', '-r', '--require', '--import', '--loader', '--experimental-loader'],
  python: ['-c'],
  deno: ['eval'],
  bun: ['-e', '--eval', '-p', '--print'],
  ruby: ['-e'],
  perl: ['-e', '-E'],
  php: ['-r'],
}

const SHELLS: ReadonlySet<string> = new Set([
  'sh',
  'bash',
  'dash',
  'zsh',
  'ksh',
  'fish',
  'ash',
  'csh',
  'tcsh',
  'busybox',
  'env',
  'sudo',
  'su',
  'doas',
  'xargs',
  'nohup',
  'setsid',
  'nice',
  'timeout',
  'ssh',
])

/** Variables that make a program run other code, or another program, than the one that was approved. */
const DANGEROUS_VARIABLES =
  /^(LD_.*|DYLD_.*|NODE_OPTIONS|NODE_PATH|PYTHONSTARTUP|PYTHONPATH|PYTHONHOME|PERL5OPT|PERL5LIB|RUBYOPT|RUBYLIB|BASH_ENV|ENV|PATH|IFS|SHELLOPTS|GIT_SSH.*|NPM_CONFIG_.*|npm_config_.*|STEWARD_.*)$/

export function judgeExecutable({ command, args, env }: StdioTransport): Verdict {
  for (const name of Object.keys(env)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return forbidden(`env.${name}`, 'name-of-variable', `${name} is no name of a variable`)
    if (DANGEROUS_VARIABLES.test(name)) return forbidden(`env.${name}`, 'dangerous-variable', `${name} would change what runs`)
  }
  const program = nameOf(command)
  if (SHELLS.has(program)) return forbidden('command', 'shell', `${program} runs whatever its arguments say; name the program itself`)
  const evaluates = args.findIndex((arg) => typeof arg === 'string' && isEvaluation(program, arg))
  if (evaluates !== -1) return forbidden(`args.${evaluates}`, 'code-in-argument', `${program} would run code from its arguments`)
  switch (program) {
    case 'npx':
      return judgeNpx(args)
    case 'docker':
    case 'podman':
      return judgeContainer(args)
    default:
      return { kind: 'needs-approval', says: `${command} is not on the list of known launchers` }
  }
}

/** What nobody may approve either. */
export function violationsOfExecutable({ transport }: Pick<ServerConfig, 'transport'>): readonly Violation[] {
  const verdict = transport.kind === 'stdio' ? judgeExecutable(transport) : undefined
  return verdict?.kind === 'forbidden' ? [{ field: verdict.field, rule: verdict.rule, says: verdict.says }] : []
}

/** What a person approves: the program with its arguments, references as references. */
export const argvHash = ({ command, args }: StdioTransport, hash: Hash): string =>
  hash.sha256(canonicalJson([command, ...args.map((arg) => (typeof arg === 'string' ? arg.toWellFormed() : { secret: arg.secret }))]))

const isEvaluation = (program: string, arg: string): boolean => {
  const flags = EVALUATES[/^python[\d.]*$/.test(program) ? 'python' : program] ?? []
  return flags.some((flag) => arg === flag || (flag.startsWith('--') && arg.startsWith(`${flag}=`)))
}

/** npx [-y] package@1.2.3 [arguments of the server ...] */
function judgeNpx(args: readonly Given[]): Verdict {
  const at = args.findIndex((arg) => typeof arg !== 'string' || (arg !== '-y' && arg !== '--yes'))
  const name = args[at]
  if (typeof name !== 'string') return forbidden('args', 'npx-package', 'npx needs package@exact-version')
  if (name.startsWith('-')) return forbidden(`args.${at}`, 'npx-option', `npx takes no option but -y, not ${name}`)
  if (!PACKAGE_WITH_EXACT_VERSION.test(name)) {
    return forbidden(
      `args.${at}`,
      'npx-exact-version',
      `npx takes package@exact-version, not ${name}: a range may be another program tomorrow`,
    )
  }
  return { kind: 'allowed' }
}

const CONTAINER_FORBIDDEN = [
  '--privileged',
  '-v',
  '--volume',
  '--mount',
  '--device',
  '--cap-add',
  '--pid',
  '--ipc',
  '--userns',
  '--security-opt',
  '--net',
  '--network',
]

function judgeContainer(args: readonly Given[]): Verdict {
  const at = args.findIndex(
    (arg) =>
      typeof arg === 'string' &&
      CONTAINER_FORBIDDEN.some((flag) => arg === flag || arg.startsWith(`${flag}=`) || (flag === '-v' && /^-v./.test(arg))),
  )
  if (at !== -1) return forbidden(`args.${at}`, 'container-rights', `a container may not be given ${String(args[at])}`)
  return { kind: 'needs-approval', says: 'an image is a program that no list knows' }
}

const nameOf = (command: string): string => command.slice(command.lastIndexOf('/') + 1)

const forbidden = (field: string, rule: string, says: string): Verdict => ({ kind: 'forbidden', field: `transport.${field}`, rule, says })
