/** A whole Steward for the benchmarks, as an operator starts it: its own process, its own database, keys and records as always. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { type Api, createApi, ok } from '../../e2e/support/api.ts'
import { startSteward } from '../../e2e/support/steward-process.ts'

export type BenchSteward = AsyncDisposable & Readonly<{ url: string; key: string; pid: number; api: Api }>

export async function openSteward(): Promise<BenchSteward> {
  await using stack = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'bench-fleet-'))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  const key = randomBytes(32).toString('hex')
  const env = { STEWARD_LISTEN: '127.0.0.1:0', STEWARD_DATA_DIR: join(dir, 'data'), STEWARD_ADMIN_KEY: key, STEWARD_LOG_LEVEL: 'info' }
  const { url, pid, terminate } = await startSteward(env, dir)
  stack.defer(async () => void (await terminate()))
  const opened = stack.move()
  return { url, pid, key, api: createApi(() => url, key), [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

const usage = z.object({ calls: z.number(), recording: z.object({ lostCalls: z.number() }) })

/** What its records say of one server, for the last hour. */
export const usageOf = ({ api }: BenchSteward, serverId: string): Promise<z.output<typeof usage>> =>
  ok(api.get(`/api/v1/servers/${serverId}/metrics?period=1h`), usage)

const TICK_US = 10_000

/** User and system time of one process, without its children; in steps of ten milliseconds. */
export function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return (Number(user) + Number(system)) * TICK_US
}

/** Resident memory of one process, in MiB. */
export function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  return Number(kib) / 1_024
}
