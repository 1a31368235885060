/** Steward as a process of its own, started as an operator starts it, so that it can be killed without a word of warning. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export type StewardProcess = Readonly<{
  url: string
  pid: number
  /** Its last log lines, without those of requests. */
  said: () => string
  /** As the kernel does when memory is gone. */
  kill: () => Promise<void>
  /** Asks it to end; says how it did, and how long it took. */
  terminate: () => Promise<Readonly<{ code: number | null; durationMs: number }>>
}>

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))

/** Waits until it listens. Who starts it kills it at the latest when the test is over. */
export async function startSteward(env: Readonly<Record<string, string>>, cwd: string): Promise<StewardProcess> {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [MAIN, 'up'], { cwd, env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const gone = once(child, 'exit')
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await gone
  }
  const lines: string[] = []
  const said = (): string => lines.slice(-25).join('\n')
  const url = await listening(child, lines, said)
  return {
    url,
    pid: child.pid ?? 0,
    said,
    kill: () => end('SIGKILL'),
    async terminate() {
      const began = performance.now()
      await end('SIGTERM')
      return { code: child.exitCode, durationMs: performance.now() - began }
    },
  }
}

const listening = ({ stdout, stderr }: ChildProcess, lines: string[], said: () => string): Promise<string> =>
  new Promise((resolve, reject) => {
    if (stdout === null || stderr === null) throw new TypeError('Steward has no output')
    const keep = (line: string): void => {
      if (!line.includes('"message":"request"')) lines.push(line)
      const url = /"url":"(http:[^"]+)".*"message":"listening"/.exec(line)?.[1]
      if (url !== undefined) resolve(url)
    }
    createInterface({ input: stdout }).on('line', keep)
    createInterface({ input: stderr })
      .on('line', keep)
      .once('close', () => reject(new Error(`Steward ended before it listened:\n${said()}`)))
  })
