/**
 * The server process under its supervisor (supervise.sh), in a session of its own, so that Ctrl-C on the terminal reaches Steward only,
 * which then stops the server last. The pipe to the supervisor is the server's life line: it stops when the pipe closes.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

export type SupervisedServer = Readonly<{
  /** Process id of the server; undefined when the supervisor ended before it could tell. */
  pid: Promise<number | undefined>
  stderr: Readable
  /** Resolves when server and supervisor have ended. */
  exited: Promise<void>
  /** Asks for a stop in good order, which is enforced after the grace. Does not wait. */
  letGo(): void
}>

export function superviseServer({ command, env, cwd, lockFd, graceSeconds, temporaryDirectory }: SuperviseOptions): SupervisedServer {
  const supervisor = spawn('sh', [SUPERVISE, String(Math.ceil(graceSeconds)), temporaryDirectory ?? '', ...command], {
    stdio: ['pipe', 'pipe', 'pipe', lockFd],
    detached: true,
    env,
    cwd,
  })
  const { stdin, stdout, stderr } = supervisor
  if (stdin === null || stdout === null || stderr === null) throw new TypeError('spawn made no pipes')
  // A supervisor that has gone already takes no end of file; that it has gone is told by `exited`.
  stdin.on('error', () => undefined)
  const pid = readPid(stdout)
  // Only a supervisor that was killed ends by a signal; nobody is left then to stop the server, nor to reap it and give its id to others.
  supervisor.once('exit', (_, signal) => {
    if (signal !== null) void pid.then(interrupt)
  })
  return {
    pid,
    stderr,
    exited: once(supervisor, 'close').then(() => undefined),
    letGo: () => stdin.end(),
  }
}

export type SuperviseOptions = Readonly<{
  command: readonly string[]
  env: NodeJS.ProcessEnv
  cwd: string
  /** Inherited by the server, which thereby holds the lock to its own end. */
  lockFd: number
  graceSeconds: number
  /** Removed when the server has ended. */
  temporaryDirectory: string | undefined
}>

const SUPERVISE = fileURLToPath(new URL('supervise.sh', import.meta.url))

function interrupt(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGINT')
  } catch {
    // It has ended by itself.
  }
}

async function readPid(stdout: Readable): Promise<number | undefined> {
  let text = ''
  for await (const chunk of stdout.setEncoding('utf8')) {
    text += String(chunk)
    if (text.endsWith('\n')) break
  }
  return text === '' ? undefined : Number.parseInt(text, 10)
}
