/** What the tests of the launcher share: scratch directories, owners as processes of their own, and waiting for what the kernel shows. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { runProgram } from '../../../src/adapters/embedded-postgres/run-program.ts'

export async function scratch(prefix = 'epg-'): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), prefix))
  await chmod(path, 0o755)
  onTestFinished(async () => {
    // The server of a killed owner may still be writing its last checkpoint into what is removed next. Owners, made later, are gone by now.
    for (const lock of globSync(['owner.lock', '*/owner.lock', '*/*/owner.lock'], { cwd: path })) {
      await runProgram(['flock', '-w', '30', join(path, lock), 'true'])
    }
    await rm(path, { recursive: true, force: true })
  })
  return path
}

const message = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), pid: z.number(), connectionString: z.string(), socketDir: z.string() }),
  z.object({ kind: z.literal('refused'), rule: z.string(), says: z.string(), ownerPid: z.number().optional() }),
  z.object({ kind: z.literal('acknowledged'), value: z.number() }),
])
export type OwnerMessage = z.infer<typeof message>
type Ready = Extract<OwnerMessage, { kind: 'ready' }>

export type Owner = Readonly<{
  child: ChildProcess
  next(): Promise<OwnerMessage>
  ready(): Promise<Ready>
  kill(signal: NodeJS.Signals): Promise<void>
}>

/** Starts owner.ts; `prefix` is put before the command (to be another user), the environment is added to ours. */
export function startOwner(
  args: readonly string[],
  {
    prefix = [],
    env = {},
    checkout = { node: process.execPath, owner: join(import.meta.dirname, 'owner.ts') },
  }: { prefix?: readonly string[]; env?: NodeJS.ProcessEnv; checkout?: Readonly<{ node: string; owner: string }> } = {},
): Owner {
  const [program = checkout.node, ...rest] = [...prefix, checkout.node, checkout.owner, ...args]
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const exited = once(child, 'exit')
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await exited
  }
  onTestFinished(() => kill('SIGKILL'))
  const next = async (): Promise<OwnerMessage> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error(`the owner ended: ${stderr}`)
    return message.parse(JSON.parse(value))
  }
  const ready = async (): Promise<Ready> => {
    const first = await next()
    if (first.kind !== 'ready') throw new Error(`the owner did not start: ${JSON.stringify(first)}`)
    return first
  }
  return { child, next, ready, kill }
}

export async function query(connectionString: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString })
  // An error of a connection that we break on purpose is told by the query.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Reads /proc: of a process of others there is no event to wait for. */
export const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(statusOf(pid))

export const statusOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}

export const parentOf = (pid: number): number => Number(/^PPid:\s+(\d+)$/m.exec(statusOf(pid))?.[1])

/** Asks again and again, since there is nothing to await; fails after `withinMs` with what was waited for. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const deadlineMs = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`waited ${withinMs} ms in vain until ${what}`)
    await delay(20)
  }
}
