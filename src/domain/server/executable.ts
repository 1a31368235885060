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

/**
 * Code in an argument is code that no list of programs has seen. `letters`: short options, which may stand in a bundle and have their value attached
 * (`-Ic'import os'`); `words`: anything else, alone or before `=`.
 */
const EVALUATES: Readonly<Record<string, Readonly<{ letters: string; words: readonly string[] }>>> = {
  node: {
    letters: 'epr',
    words: [
      '--eval',
      '--print',
      '--require',
      '--import',
      '--loader',
      '--experimental-loader',
      '--experimental-config-file',
      '--env-file',
      '--env-file-if-exists',
    ],
  },
  python: { letters: 'c', words: [] },
  deno: { letters: '', words: ['eval'] },
  bun: { letters: 'epr', words: ['--eval', '--print', '--preload', '--require'] },
  ruby: { letters: 'er', words: [] },
  perl: { letters: 'eE', words: [] },
  php: { letters: 'rBRE', words: ['--run', '--process-begin', '--process-code', '--process-end'] },
}

/** Names under which one interpreter is installed: `nodejs`, `python3.13`, `node22`. */
const INTERPRETER = /^(node|python|deno|bun|ruby|perl|php)(?:js)?w?[\d.]*$/

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
  'time',
  'stdbuf',
  'chroot',
  'unshare',
  'nsenter',
  'runuser',
  'pkexec',
  'flock',
  'systemd-run',
  'ssh',
])

/** Variables that make a program run other code, or another program, than the one that was approved. npm reads its own in any case of letters. */
const DANGEROUS_VARIABLES = [
  /^(?:LD|DYLD|STEWARD|DOCKER|CORECLR)_/,
  /^(?:NODE_OPTIONS|NODE_PATH|NODE_REPL_EXTERNAL_MODULE|BUN_OPTIONS|BASH_ENV|ENV|PATH|IFS|SHELLOPTS|PREFIX|HOME)$/,
  /^GIT_(?:SSH|EXEC|CONFIG|EXTERNAL|PAGER|EDITOR|SEQUENCE_EDITOR|ASKPASS|PROXY_COMMAND|TEMPLATE_DIR)/,
  /^(?:PYTHON(?:STARTUP|PATH|HOME|USERBASE|BREAKPOINT|WARNINGS)|PERL5(?:OPT|LIB|DB)|RUBY(?:OPT|LIB)|PHP_INI_SCAN_DIR|PHPRC)$/,
  /^(?:_JAVA_OPTIONS|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|DOTNET_STARTUP_HOOKS|CONTAINER_(?:HOST|CONNECTION))$/,
  /^npm_(?:config_|(?:node_)?execpath$)/i,
]

export function judgeExecutable({ command, args, env, workingDirectory }: StdioTransport): Verdict {
  for (const name of Object.keys(env)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return forbidden(`env.${name}`, 'name-of-variable', `${name} is no name of a variable`)
    if (DANGEROUS_VARIABLES.some((pattern) => pattern.test(name)))
      return forbidden(`env.${name}`, 'dangerous-variable', `${name} would change what runs`)
  }
  const program = nameOf(command)
  if (SHELLS.has(program)) return forbidden('command', 'shell', `${program} runs whatever its arguments say; name the program itself`)
  const evaluates = evaluationIn(program, args)
  if (evaluates !== -1) return forbidden(`args.${evaluates}`, 'code-in-argument', `${program} would run code from its arguments`)
  switch (program) {
    case 'npx':
      return judgeNpx({ command, args, workingDirectory })
    case 'docker':
    case 'podman':
    case 'nerdctl':
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

/** What a person approves: the program with its arguments, references as references, and the directory that relative names in them are read from. */
export const argvHash = ({ command, args, workingDirectory }: StdioTransport, hash: Hash): string =>
  hash.sha256(
    canonicalJson([
      command.toWellFormed(),
      args.map((arg) => (typeof arg === 'string' ? arg.toWellFormed() : { secret: arg.secret })),
      workingDirectory?.toWellFormed() ?? null,
    ]),
  )

/** Whether a person has approved exactly what this configuration starts. A service that is reached by its address starts nothing. */
export const isApproved = (
  { approvedArgv }: Readonly<{ approvedArgv: ReadonlySet<string> }>,
  { transport }: Pick<ServerConfig, 'transport'>,
  hash: Hash,
): boolean => transport.kind === 'stdio' && approvedArgv.has(argvHash(transport, hash))

/** Where an interpreter would take code from, or -1. What stands behind the script is the script's own. */
function evaluationIn(program: string, args: readonly Given[]): number {
  const [, interpreter = ''] = INTERPRETER.exec(program) ?? []
  const evaluates = EVALUATES[interpreter]
  if (evaluates === undefined) return -1
  const { letters, words } = evaluates
  for (const [index, arg] of args.entries()) {
    const before = args[index - 1]
    if (typeof arg !== 'string' || arg === '--') return -1
    if (words.some((word) => arg === word || (word.startsWith('--') && arg.startsWith(`${word}=`)))) return index
    const [, bundle = ''] = /^-([^-].*)$/s.exec(arg) ?? []
    if ([...bundle].some((letter) => letters.includes(letter))) return index
    // What follows an option may be its value, unless it looks like a file.
    const mayBeValue = typeof before === 'string' && before.startsWith('-') && before !== '-m' && !/[./]/.test(arg)
    if (!arg.startsWith('-') && !mayBeValue) return -1
  }
  return -1
}

type OfNpx = Pick<StdioTransport, 'command' | 'args'> & Readonly<{ workingDirectory: string | undefined }>

/** npx [-y] package@1.2.3 [arguments of the server ...] */
function judgeNpx({ command, args, workingDirectory }: OfNpx): Verdict {
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
  // A path says which file is run, and not that it is npx.
  if (command !== 'npx') return { kind: 'needs-approval', says: `${command} need not be the npx that is known` }
  if (workingDirectory !== undefined) {
    return { kind: 'needs-approval', says: `in ${workingDirectory}, npx takes what is installed there, and from where its .npmrc says` }
  }
  return { kind: 'allowed' }
}

/** Rights over the machine. */
const CONTAINER_FORBIDDEN = [
  '--privileged',
  '--volume',
  '--volumes-from',
  '--mount',
  '--device',
  '--device-cgroup-rule',
  '--cap-add',
  '--group-add',
  '--pid',
  '--ipc',
  '--uts',
  '--userns',
  '--cgroupns',
  '--cgroup-parent',
  '--security-opt',
  '--net',
  '--network',
  '--runtime',
  '--env-file',
]
/** A directory of the machine behind `-v`, also in a bundle: `-itv /:/host`. */
const MOUNT = /^-[itdPq]*v(?:$|=?[/.~$])/

function judgeContainer(args: readonly Given[]): Verdict {
  const at = args.findIndex((arg) => typeof arg === 'string' && givesRights(arg))
  if (at !== -1) return forbidden(`args.${at}`, 'container-rights', `a container may not be given ${optionOf(args[at])}`)
  return { kind: 'needs-approval', says: 'an image is a program that no list knows' }
}

const givesRights = (arg: string): boolean =>
  MOUNT.test(arg) || CONTAINER_FORBIDDEN.some((flag) => arg === flag || arg.startsWith(`${flag}=`))

/** Without its value, which may come from a file. */
const optionOf = (arg: Given | undefined): string =>
  typeof arg === 'string' ? (/^-[^\s=]{0,40}/.exec(arg)?.[0] ?? '') : 'what is in a file'

const nameOf = (command: string): string => command.slice(command.lastIndexOf('/') + 1)

const forbidden = (field: string, rule: string, says: string): Verdict => ({ kind: 'forbidden', field: `transport.${field}`, rule, says })
