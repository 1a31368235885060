/**
 * From a configuration to an open line: secrets resolved, the program judged once more and started, or the address reached. What fails here has a
 * name that an operator can act on, and leaves nothing running.
 */
import type { ChildEnd, ChildProcess, ChildProcesses, ChildStopped } from '../../domain/ports/child-processes.ts'
import { SpawnFailed } from '../../domain/ports/child-processes.ts'
import type { McpLink } from '../../domain/ports/mcp.ts'
import type { McpLinks } from '../../domain/ports/mcp-links.ts'
import { type Secrets, SecretUnavailable } from '../../domain/ports/secrets.ts'
import type { Given, HttpTransport, ServerConfig, StdioTransport } from '../../domain/server/config.ts'
import type { Exit, FailureReason, SpawnedProcess } from '../../domain/server/events.ts'
import { judgeExecutable } from '../../domain/server/executable.ts'

export type Launched = Readonly<{
  link: McpLink
  /** Of a program; undefined of an address. */
  process: SpawnedProcess | undefined
  /** Settles when the program has ended; never for an address. */
  ended: Promise<ChildEnd>
  stderrTail: () => string
  /** Ends the program, or closes the line. */
  stop: (graceMs: number) => Promise<Exit>
}>

export type Launch = (request: LaunchRequest) => Promise<Launched>

export type LaunchRequest = Readonly<{
  runId: string
  config: ServerConfig
  /** A person has approved this very argument vector. */
  approved: boolean
  logPath: string
}>

export class LaunchFailed extends Error {
  override readonly name = 'LaunchFailed'
  readonly reason: FailureReason
  constructor(reason: FailureReason, says: string, options: Readonly<{ cause?: unknown }> = {}) {
    super(says, options)
    this.reason = reason
  }
}

export type LaunchOptions = Readonly<{ processes: Pick<ChildProcesses, 'spawn'>; links: McpLinks; secrets: Secrets }>

/** @throws LaunchFailed */
export const createLaunch =
  ({ processes, links, secrets }: LaunchOptions): Launch =>
  async (request) => {
    const { transport } = request.config
    return transport.kind === 'stdio'
      ? await launchProgram(transport, request, { processes, links, secrets })
      : await openAddress(transport, { links, secrets })
  }

async function launchProgram(
  transport: StdioTransport,
  { runId, config, approved, logPath }: LaunchRequest,
  { processes, links, secrets }: LaunchOptions,
): Promise<Launched> {
  // Judged when it was registered as well; the rules may be stricter by now.
  const verdict = judgeExecutable(transport)
  if (verdict.kind === 'forbidden') throw new LaunchFailed('executable-forbidden', verdict.says)
  if (verdict.kind === 'needs-approval' && !approved)
    throw new LaunchFailed('executable-forbidden', `${verdict.says}, and nobody has approved it`)
  const { command, workingDirectory } = transport
  const args = await Promise.all(transport.args.map((arg, index) => reveal(arg, `transport.args.${index}`, secrets)))
  // Whoever approved it saw a reference, and not what is in its file.
  if (judgeExecutable({ ...transport, args }).kind === 'forbidden')
    throw new LaunchFailed('executable-forbidden', 'an argument that is a secret reference would change what runs')
  const child = await spawn(processes, {
    runId,
    command,
    args,
    env: await revealAll(transport.env, 'transport.env', secrets),
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    limits: config.limits,
    logPath,
  })
  return {
    link: links.stdio(child, { stopGraceMs: config.stopGraceMs }),
    process: child.process,
    ended: child.ended,
    stderrTail: () => child.stderrTail(),
    stop: async (graceMs) => exitOf(await child.stop(graceMs)),
  }
}

async function spawn(processes: LaunchOptions['processes'], spec: Parameters<ChildProcesses['spawn']>[0]): Promise<ChildProcess> {
  try {
    return await processes.spawn(spec)
  } catch (error) {
    if (!(error instanceof SpawnFailed)) throw error
    const missing = error.rule === 'executable-missing' || error.rule === 'not-executable'
    throw new LaunchFailed(missing ? 'executable-missing' : 'spawn-failed', error.message, { cause: error })
  }
}

async function openAddress(
  { url, pathEnd, query, headers }: HttpTransport,
  { links, secrets }: Omit<LaunchOptions, 'processes'>,
): Promise<Launched> {
  const address = new URL(url)
  if (pathEnd !== undefined) {
    // Set as a path, so that what stands in the file leads to no other host, and adds no query.
    const end = await reveal(pathEnd, 'transport.pathEnd', secrets)
    address.pathname = `${address.pathname.replace(/\/$/, '')}/${end}`
  }
  for (const [name, value] of Object.entries(await revealAll(query, 'transport.query', secrets))) address.searchParams.append(name, value)
  const link = links.http({ url: address.href, headers: await revealAll(headers, 'transport.headers', secrets) })
  return {
    link,
    process: undefined,
    ended: new Promise(() => undefined),
    stderrTail: () => '',
    async stop() {
      await link.close()
      return { how: 'closed', code: null, signal: null }
    },
  }
}

async function revealAll(
  given: Readonly<Record<string, Given>>,
  field: string,
  secrets: Secrets,
): Promise<Readonly<Record<string, string>>> {
  const entries = Object.entries(given).map(async ([name, value]) => [name, await reveal(value, `${field}.${name}`, secrets)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

async function reveal(given: Given, field: string, secrets: Secrets): Promise<string> {
  if (typeof given === 'string') return given
  try {
    return (await secrets.resolve(given.secret)).reveal()
  } catch (error) {
    if (!(error instanceof SecretUnavailable)) throw error
    throw new LaunchFailed('secret-unavailable', `${field}: ${error.message}`, { cause: error })
  }
}

const exitOf = ({ how, code, signal }: ChildStopped): Exit => ({ how, code, signal })
