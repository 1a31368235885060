/** Processes of a benchmark that are asked by messages: what they cost is counted apart from what is measured. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const at = (name: string): URL => new URL(name, import.meta.url)
/** The smallest server that still is one; its argument is the era. */
export const ECHO = fileURLToPath(at('echo-server.mjs'))

export function startHelper(stack: AsyncDisposableStack, name: string, args: readonly string[] = []): ChildProcess {
  const child = fork(at(name), args)
  stack.defer(async () => {
    const exited = once(child, 'exit')
    if (child.connected) child.disconnect()
    await exited
  })
  return child
}

/** One question, one answer. */
export async function ask<Answer>(child: ChildProcess, job: object): Promise<Answer> {
  const answer = once(child, 'message')
  child.send(job)
  const [first] = (await answer) as [Answer]
  return first
}
