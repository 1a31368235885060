/** Runs one short program to its end and returns what it said. The abort signal kills it; nothing is left behind. */
import type { StdioOptions } from 'node:child_process'
import { spawn } from 'node:child_process'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

export type ProgramResult = Readonly<{ exitCode: number | undefined; output: string }>

/** @throws EmbeddedPostgresError `program-missing` when there is no such program. */
export function runProgram(
  command: readonly [string, ...string[]],
  { env = process.env, inheritFds = [], cwd, signal }: RunProgramOptions = {},
): Promise<ProgramResult> {
  const [program, ...args] = command
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', ...inheritFds]
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const child = spawn(program, args, {
      env,
      stdio,
      ...(cwd === undefined ? {} : { cwd }),
      ...(signal === undefined ? {} : { signal, killSignal: 'SIGKILL' }),
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk
      })
    child.once('error', (error) => reject(isMissing(error) ? missing(program, error) : error))
    child.once('close', (exitCode) => resolve({ exitCode: exitCode ?? undefined, output }))
  })
}

export type RunProgramOptions = {
  env?: NodeJS.ProcessEnv
  /** Descriptors the program gets as 3, 4, ... */
  inheritFds?: readonly number[]
  cwd?: string
  signal?: AbortSignal | undefined
}

const isMissing = (error: Error): boolean => 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES')

const missing = (program: string, cause: Error): EmbeddedPostgresError =>
  new EmbeddedPostgresError({ rule: 'program-missing', says: `the program ${program} cannot be run: ${cause.message}`, cause })
