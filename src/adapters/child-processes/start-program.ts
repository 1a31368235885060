/**
 * Starts a program through the launcher (launch.sh): in a session and process group of its own, within its limits, with its own environment and
 * three pipes. Either the program runs and is known by id and start, or nothing of it does.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Readable, type Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { SpawnFailed } from '../../domain/ports/child-processes.ts'
import type { Confinement } from './limits/limiter.ts'
import { factsOf } from './process-table.ts'
import { inKib, type Stamp } from './stamp.ts'

export type Begun = Readonly<{
  pid: number
  /** Empty where the system has no process table that we can read. */
  startTicks: string
  child: ChildProcess
  stdin: Writable
  stdout: Readable
  stderr: Readable
  /** What kept the launcher from becoming the program; undefined once it has. */
  complaint: Promise<string | undefined>
}>

const SCRIPT = fileURLToPath(new URL('launch.sh', import.meta.url))

/** Returns in the very turn in which the process begins, so that it is watched before anything else can happen to us; a failure comes later. */
export function startProgram({ program, args, env, workingDirectory, confinement, stamp }: StartOptions): Begun | Promise<SpawnFailed> {
  const { prefix, groupFiles, openFiles, processes } = confinement
  const own = [openFiles, processes, inKib(stamp), groupFiles.length].map((setting) => String(setting ?? '-'))
  const launcher = ['sh', SCRIPT, ...own, ...groupFiles]
  const [first = 'sh', ...rest] = [...prefix, ...launcher, program, ...args]
  let child: ChildProcess
  try {
    child = spawn(first, rest, {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      detached: true,
      shell: false,
      cwd: workingDirectory,
      env: { ...env, ...confinement.env },
    })
  } catch (cause) {
    return Promise.resolve(failed(program, cause))
  }
  const { pid, stdin, stdout, stderr } = child
  const report = child.stdio[3]
  if (pid === undefined || stdin === null || stdout === null || stderr === null || !(report instanceof Readable)) {
    return once(child, 'error').then(([cause]) => failed(program, cause))
  }
  child.on('error', () => undefined)
  const complaint = text(report).then(
    (said) => said.trim() || undefined,
    () => undefined,
  )
  // In this turn nobody has reaped it, so it is in the table even if it has ended already.
  return { pid, startTicks: factsOf(pid)?.startTicks ?? '', child, stdin, stdout, stderr, complaint }
}

export type StartOptions = Readonly<{
  program: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
  workingDirectory: string
  confinement: Confinement
  stamp: Stamp
}>

const failed = (program: string, cause: unknown): SpawnFailed =>
  new SpawnFailed({
    rule: 'system',
    says: `${program} could not be started: ${cause instanceof Error ? cause.message : String(cause)}`,
    cause,
  })
