/** A steward.ts as a process of its own, in a process group of its own, with a hand on it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { kill } from './witness.ts'

export type DoomedSteward = Readonly<{
  /** Resolves with what it tells under that word; rejects when it ends before. */
  said(word: 'open' | 'swept' | 'running'): Promise<Said>
  /** SIGKILL, to it alone or to its whole process group. Resolves when it is gone. */
  kill(whom: 'itself' | 'group'): Promise<void>
  /** As at the end of a service. */
  close(): Promise<void>
}>

export type Said = Readonly<{ watchdog?: number; killed?: number; pids?: readonly number[] }>

export function startSteward({ dataDirectory, method, tag, kinds }: DoomedOptions): DoomedSteward {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'steward.ts'), dataDirectory, method, tag, ...kinds], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  const exited = once(child, 'exit')
  const heard = new Map<string, PromiseWithResolvers<Said>>()
  const about = (word: string): PromiseWithResolvers<Said> => {
    const known = heard.get(word) ?? Promise.withResolvers<Said>()
    heard.set(word, known)
    known.promise.catch(() => undefined)
    return known
  }
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said: Said & { said: string } = JSON.parse(line)
    about(said.said).resolve(said)
  })
  void exited.then(() => {
    for (const word of ['open', 'swept', 'running']) about(word).reject(new Error(`the steward ended before it was ${word}`))
  })
  return {
    said: (word) => about(word).promise,
    async kill(whom) {
      if (child.pid !== undefined && child.exitCode === null) kill(whom === 'group' ? -child.pid : child.pid)
      await exited
    },
    async close() {
      child.stdin.end()
      await exited
    },
  }
}

export type DoomedOptions = Readonly<{
  dataDirectory: string
  /** Of limits, or `auto`. */
  method: string
  tag: string
  /** Programs of program.sh. */
  kinds: readonly string[]
}>
