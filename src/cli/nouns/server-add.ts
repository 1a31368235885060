/** `steward server add`, `update` and `test`: what a server is, how it is reached, and how it is run. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { idOf, kinds, pathOf } from '../client/references.ts'
import type { Server, ServerTest } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { wholeNumber } from '../define.ts'
import { CliError, exitCode, usageError } from '../exit-code.ts'
import type { Session } from '../session.ts'
import { type ChangeFlags, changeServer, changing, dangerous, serverPath } from './server-command.ts'

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value]

export function defineAddServer(server: Command, { run }: Define): void {
  changing(server.command('add <name> [program...]'))
    .summary('register a server')
    .description(
      'Registers a server: a program that speaks over its standard streams, written behind --, or an address. One that is enabled is started at once. A secret is never given itself, only where it lies.',
    )
    .option('--at <url>', 'the address of a server that runs elsewhere')
    .option('--env <name=value...>', 'variable of the program', collect, [])
    .option('--header <name=value...>', 'header sent to the address', collect, [])
    .option('--secret <name=reference...>', 'variable or header from file:<name> in a secret directory, or env:NAME', collect, [])
    .option('--display-name <name>', 'as people call it')
    .option('--about <text>', 'what it is for')
    .addOption(new Option('--isolation <isolation>', 'one child for all clients, or one per client session').choices(['shared', 'session']))
    .option('--memory <MiB>', 'memory it may use', wholeNumber(16, 8_388_608))
    .option('--call-timeout <ms>', 'how long a call may take', wholeNumber(100, 3_600_000))
    .option('--disabled', 'register it, but let it not run yet')
    .option('--no-auto-start', 'do not start it by itself')
    .option('--config <json>', 'the rest of its configuration as JSON, or @FILE')
    .option('--allow-literal <field...>', 'this field looks like a secret and is none, e.g. transport.env.TOKEN_LIMIT', collect, [])
    .addHelpText(
      'after',
      `
Examples:
  steward server add files -- npx -y @modelcontextprotocol/server-filesystem@2026.8.31 /srv/files
  steward server add search --secret BRAVE_API_KEY=file:brave.key -- npx -y @modelcontextprotocol/server-brave-search@0.6.2
  steward server add wiki --at https://wiki.example.org/mcp --secret Authorization=file:wiki.token`,
    )
    .action(run(addServer))

  dangerous(server.command('update <server>'))
    .summary('change the configuration of a server')
    .description('Changes fields of the configuration, named by their path. A server that runs goes on as it is until it is restarted.')
    .option('--set <path=value...>', 'a field and its value, as JSON or as text', collect, [])
    .option('--unset <path...>', 'back to its usual value, or away', collect, [])
    .option('--allow-literal <field...>', 'this field looks like a secret and is none', collect, [])
    .addHelpText(
      'after',
      `
Examples:
  steward server update files --set callTimeoutMs=60000 --reason 'large directories'
  steward server update files --set transport.env.MODE=fast --unset transport.env.LEVEL --dry-run`,
    )
    .action(run(updateServer))

  server
    .command('test <server>')
    .summary('try the configuration of a server')
    .description('Starts a throw-away instance and ends it. The one that runs is not touched. Exit code 1 when it does not work.')
    .action(run(testServer))
}

type AddFlags = ChangeFlags &
  Readonly<{
    at?: string
    env: readonly string[]
    header: readonly string[]
    secret: readonly string[]
    displayName?: string
    about?: string
    isolation?: string
    memory?: number
    callTimeout?: number
    disabled?: boolean
    autoStart: boolean
    config?: string
    allowLiteral: readonly string[]
  }>

async function addServer(session: Session, name: string, program: readonly string[], flags: AddFlags): Promise<void> {
  const client = await session.api()
  const more = flags.config === undefined ? {} : await readConfig(flags.config, session.context.cwd)
  const { displayName, about, isolation, memory, callTimeout, disabled = false, autoStart, allowLiteral } = flags
  const body = {
    ...more,
    name,
    ...('transport' in more && program.length === 0 && flags.at === undefined ? {} : { transport: transportOf(program, flags) }),
    ...(displayName === undefined ? {} : { displayName }),
    ...(about === undefined ? {} : { description: about }),
    ...(isolation === undefined ? {} : { isolation }),
    ...(memory === undefined ? {} : { limits: { memoryBytes: memory * 1_048_576 } }),
    ...(callTimeout === undefined ? {} : { callTimeoutMs: callTimeout }),
    ...(autoStart ? {} : { autoStart }),
    ...(disabled ? { enabled: false } : {}),
    ...(allowLiteral.length === 0 ? {} : { allowLiterals: allowLiteral }),
  }
  const { reason: _reason, ...rest } = flags
  const server = await changeServer(session, client, { method: 'POST', path: kinds.server.path, body, did: 'Added', what: name }, rest)
  if (server === undefined || session.out.json) return
  const { executable, enabled } = server
  const waits = executable?.verdict === 'needs-approval' && !executable.approved
  const next = [
    ...(waits ? [`steward server approve ${name} --reason '...'`] : []),
    ...(enabled ? [] : [`steward server enable ${name}`]),
    ...(waits || !enabled ? [] : [`steward server show ${name}`]),
  ]
  session.out.notes((page) => {
    if (waits) page.item('It does not run before somebody approves its program: ', executable.says ?? '', 'warn')
    for (const command of next) page.item('Next: ', { text: command, tone: 'accent' })
  })
}

function transportOf([command, ...args]: readonly string[], { at, env, header, secret }: AddFlags): object {
  const secrets = Object.fromEntries(secret.map((each) => pairOf(each, '--secret')).map(([name, value]) => [name, { secret: value }]))
  if ((command === undefined) === (at === undefined)) throw usageError('give either a program, behind --, or its address with --at')
  if (at !== undefined) {
    if (env.length > 0) throw usageError('--env is for a program; an address takes --header')
    return { kind: 'http', url: at, headers: { ...pairsOf(header, '--header'), ...secrets } }
  }
  if (header.length > 0) throw usageError('--header is for an address; a program takes --env')
  return { kind: 'stdio', command, args, env: { ...pairsOf(env, '--env'), ...secrets } }
}

const pairsOf = (given: readonly string[], option: string): Readonly<Record<string, string>> =>
  Object.fromEntries(given.map((each) => pairOf(each, option)))

function pairOf(text: string, option: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw usageError(`${option}: must be NAME=VALUE`)
  return [text.slice(0, at), text.slice(at + 1)]
}

async function readConfig(given: string, cwd: string): Promise<Readonly<Record<string, unknown>>> {
  const file = given.startsWith('@') ? resolve(cwd, given.slice(1)) : undefined
  const text =
    file === undefined
      ? given
      : await readFile(file, 'utf8').catch(() => {
          throw usageError(`--config: ${file} cannot be read`)
        })
  const value = jsonOr(text, undefined)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw usageError('--config: must be a JSON object')
  return { ...value }
}

function jsonOr(text: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return otherwise
  }
}

type UpdateFlags = ChangeFlags & Readonly<{ set: readonly string[]; unset: readonly string[]; allowLiteral: readonly string[] }>

async function updateServer(session: Session, given: string, flags: UpdateFlags): Promise<void> {
  const { set, unset, allowLiteral } = flags
  if (set.length + unset.length === 0) throw usageError('nothing to change: give --set or --unset')
  const client = await session.api()
  const path = await serverPath(client, given)
  const { etag } = await client.see<Server>(path)
  const body: Record<string, unknown> = allowLiteral.length === 0 ? {} : { allowLiterals: allowLiteral }
  for (const each of set) {
    const [field, value] = pairOf(each, '--set')
    put(body, field.split('.'), jsonOr(value, value))
  }
  for (const field of unset) put(body, field.split('.'), null)
  const change = { method: 'PATCH', path, body, ifMatch: etag ?? '*', question: 'Change it so?', did: 'Changed' } as const
  await changeServer(session, client, change, flags)
}

function put(into: Record<string, unknown>, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (name === '__proto__') throw usageError('--set: no such field')
  if (rest.length === 0) {
    into[name] = value
    return
  }
  const inner = into[name]
  const next: Record<string, unknown> = typeof inner === 'object' && inner !== null ? { ...inner } : {}
  put(next, rest, value)
  into[name] = next
}

async function testServer(session: Session, given: string): Promise<void> {
  const client = await session.api()
  const path = pathOf(kinds.server, await idOf(client, kinds.server, given), '/test')
  const test = await client.send<ServerTest>('POST', path)
  session.out.show(test, (page) => {
    if (test.works) {
      page.item(
        'It works: ',
        `started in ${Math.round(test.durationMs)} ms, speaks ${test.protocolVersion ?? 'an unknown version'}`,
        'good',
      )
      page.item('Tools: ', test.tools.length === 0 ? 'none' : test.tools.join(', '))
      return
    }
    page.item('It does not work: ', `${test.failure?.reason ?? 'unknown'}: ${test.failure?.says ?? ''}`, 'bad')
    if (test.failure !== null && test.failure.stderrTail !== '') page.block(test.failure.stderrTail)
  })
  if (!test.works) throw new CliError('the configuration does not work', { exitCode: exitCode.failure })
}
