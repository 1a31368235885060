/** A process that lives no longer than the demo, in a session of its own: Ctrl-C reaches the demo only, which then ends everything in order. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

export type Attached = Readonly<{
  /** Of the command itself. */
  pid: number
  hasEnded: () => boolean
  ended: Promise<void>
  /** Asks it to end, waits, and makes it end when the grace is over. */
  stop: () => Promise<void>
}>

export type AttachOptions = Readonly<{
  command: readonly [string, ...string[]]
  env: NodeJS.ProcessEnv
  cwd: string
  /** What it writes goes to the end of this file. */
  logPath: string
  graceSeconds: number
}>

const LIFELINE = fileURLToPath(new URL('lifeline.sh', import.meta.url))

/** @throws when the command cannot be started. */
export async function attach({ command, env, cwd, logPath, graceSeconds }: AttachOptions): Promise<Attached> {
  const log = await open(logPath, 'a', 0o600)
  try {
    const holder = spawn('sh', [LIFELINE, String(graceSeconds), ...command], {
      stdio: ['pipe', log.fd, log.fd, 'pipe'],
      detached: true,
      env,
      cwd,
    })
    let hasEnded = false
    const ended = once(holder, 'exit').then(() => {
      hasEnded = true
    })
    // One that has gone already takes no end of file; that it has gone is told by `ended`.
    holder.stdin?.on('error', () => undefined)
    const pid = await readPid(holder.stdio[3])
    return {
      pid,
      hasEnded: () => hasEnded,
      ended,
      async stop() {
        holder.stdin?.end()
        await ended
      },
    }
  } finally {
    await log.close()
  }
}

async function readPid(stream: unknown): Promise<number> {
  if (!(stream instanceof Readable)) throw new TypeError('spawn made no pipe')
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) text += String(chunk)
  const pid = Number.parseInt(text, 10)
  if (Number.isNaN(pid)) throw new Error('the command could not be started')
  return pid
}
