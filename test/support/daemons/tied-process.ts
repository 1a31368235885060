/** A server that ends when it is told to, and also when the test process is killed: a small shell waits for its standard input to close. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export type TiedProcess = Readonly<{
  /** Undefined while it runs. */
  exitCode: () => number | undefined
  /** What it wrote on its error stream. */
  complaints: () => string
  stop: () => Promise<void>
}>

export type TiedProcessOptions = Readonly<{ signal: 'TERM' | 'INT' | 'KILL'; uid?: number; env?: NodeJS.ProcessEnv; stderr?: number }>

export function startTied(argv: readonly string[], { signal, uid, env, stderr }: TiedProcessOptions): TiedProcess {
  const child: ChildProcess = spawn(
    '/bin/sh',
    [
      '-c',
      `exec 3<&0; "$@" </dev/null 3<&- & server=$!; (cat <&3 >/dev/null; kill -${signal} $server) 2>/dev/null & wait $server`,
      'sh',
      ...argv,
    ],
    {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', stderr ?? 'pipe'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
      ...(env === undefined ? {} : { env }),
    },
  )
  const chunks: string[] = []
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  const gone = once(child, 'exit')
  return {
    exitCode: () => child.exitCode ?? undefined,
    complaints: () => chunks.join(''),
    async stop() {
      child.stdin?.end()
      await gone
    },
  }
}
