/** Runs a program of the catalogue, whatever its kind, with or without a mark. */
import type { Output, Program } from '../../domain/catalogue/program.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import { type ExecuteOptions, type Mark, RemoteTimeout, type ServiceConnection, ServiceRefused } from '../../domain/ports/remote-host.ts'
import type { CatalogueScripts } from './catalogue-scripts.ts'
import type { Connection } from './connection.ts'
import { beginMark, endMark } from './marks.ts'
import { run } from './run.ts'
import type { ServiceProgram } from './service-session.ts'
import type { ServiceSessions } from './service-sessions.ts'
import type { Tuning } from './tuning.ts'

export type ExecuteDeps = Readonly<{
  connection: Connection
  services: ServiceSessions
  scripts: CatalogueScripts
  tuning: Tuning
  logger?: Logger | undefined
}>

export async function execute(deps: ExecuteDeps, program: Program, options: ExecuteOptions): Promise<Output> {
  switch (program.kind) {
    case 'exec':
      return text(deps, { kind: 'exec', argv: program.argv }, program.argv[0], options)
    case 'script': {
      // The name comes first: it is $0 on the host.
      const what = { kind: 'script', text: await deps.scripts.read(program.script), args: [program.script, ...program.args] } as const
      return text(deps, what, program.script, options)
    }
    case 'sql':
    case 'redis':
      return statement(deps, program, options)
    case 'server':
      throw new TypeError('a managed server is reached through its supervisor, not over SSH')
  }
}

async function text(deps: ExecuteDeps, what: Parameters<typeof run>[1]['what'], doing: string, options: ExecuteOptions): Promise<Output> {
  const { exitCode, stdout, stderr, cut } = await run(deps.connection, { doing, what, ...options }, deps.tuning)
  return { kind: 'text', exitCode, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8'), ...(cut ? { cut } : {}) }
}

/** Logs in first: a service that refuses the login leaves no mark. Then the mark, then the statement, then the end of the mark. */
function statement(
  deps: ExecuteDeps,
  program: ServiceProgram,
  { connection: to, mark, timeoutMs, signal }: ExecuteOptions,
): Promise<Output> {
  return deps.services.use(required(program, to), { timeoutMs, signal }, async (session) => {
    if (mark === undefined) return session.execute(program, { timeoutMs, signal })
    await beginMark(deps.connection, mark, timeoutMs, deps.tuning, signal)
    try {
      const output = await session.execute(program, { timeoutMs, signal })
      await writeEnd(deps, mark, 0)
      return output
    } catch (error) {
      const exitCode = exitCodeOf(error)
      if (exitCode !== undefined) await writeEnd(deps, mark, exitCode)
      throw error
    }
  })
}

function required({ kind }: ServiceProgram, to: ServiceConnection | undefined): ServiceConnection {
  const wanted = kind === 'sql' ? 'postgresql' : 'redis'
  if (to?.kind !== wanted) throw new TypeError(`a ${kind} program needs options.connection of kind "${wanted}"`)
  return to
}

/** As a shell would say it; undefined when nobody knows the end. */
function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof ServiceRefused) return 1
  if (error instanceof RemoteTimeout) return 124
  return undefined
}

/** The outcome is known here, whether or not it can be written there: without its end the mark says *unknown*, which is safe. */
async function writeEnd({ connection, tuning, logger }: ExecuteDeps, mark: Mark, exitCode: number): Promise<void> {
  try {
    await endMark(connection, mark, exitCode, tuning)
  } catch (error) {
    logger?.warn(
      { hostId: connection.hostId, executionId: mark.executionId, step: mark.step, error },
      'the end of a mark could not be written',
    )
  }
}
