/**
 * The best means that this machine really offers: each is tried, from the best to the least, and the reasons why the better ones are not in
 * force are kept, because somebody will ask.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Mark } from '../mark.ts'
import { tryCgroupV1 } from './cgroup-v1.ts'
import { tryCgroupV2 } from './cgroup-v2.ts'
import type { Limiter, Tried } from './limiter.ts'
import { rlimitLimiter } from './rlimit.ts'
import { openScopes } from './systemd-scope.ts'

export async function chooseLimiter(
  mark: Mark,
  { env, only }: ChooseOptions,
): Promise<Readonly<{ limiter: Limiter; insteadOf: readonly string[] }>> {
  const isRoot = process.getuid?.() === 0
  const last = rlimitLimiter({ countsProcesses: !isRoot && process.platform === 'linux' })
  if (process.platform !== 'linux') {
    return { limiter: last, insteadOf: ['control groups exist on Linux only'] }
  }
  const underSystemd = existsSync('/run/systemd/system')
  const means: readonly (readonly [Limiter['method'], () => Promise<Tried>])[] = [
    ['cgroup-v2', () => tryCgroupV2(mark, { underSystemd })],
    ['systemd-scope', async () => ({ limiter: openScopes(mark, { isRoot, env }) })],
    ['cgroup-v1', () => tryCgroupV1(mark, { underSystemd })],
  ]
  const insteadOf: string[] = []
  for (const [method, attempt] of means) {
    if (only !== undefined && only !== method) continue
    const tried = await attempt()
    const unavailable = 'limiter' in tried ? await problemOf(tried.limiter, env['PATH']) : tried.unavailable
    if (unavailable === undefined && 'limiter' in tried) return { limiter: tried.limiter, insteadOf }
    insteadOf.push(unavailable ?? '')
  }
  return { limiter: last, insteadOf }
}

/** Runs a program in it, with every limit it says it keeps: what is refused now would otherwise be refused at the first start of a server. */
async function problemOf(limiter: Limiter, path: string | undefined): Promise<string | undefined> {
  try {
    const trial = await limiter.confine('trial', { memoryBytes: 2 ** 30, processes: 64, cpuCores: 1 })
    const { prefix, groupFiles } = trial
    const [program = 'sh', ...args] = [...prefix, 'sh', LAUNCHER, '-', '-', '-', String(groupFiles.length), ...groupFiles, 'true']
    try {
      await run(program, args, { env: { PATH: path, ...trial.env }, timeout: TRIAL_MS })
    } finally {
      await trial.release()
    }
    return undefined
  } catch (error) {
    await limiter.close().catch(() => undefined)
    return `${limiter.method} does not work here (${firstLine(error)})`
  }
}

const run = promisify(execFile)
const LAUNCHER = fileURLToPath(new URL('../launch.sh', import.meta.url))
const TRIAL_MS = 5_000

function firstLine(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error && error.stderr ? String(error.stderr) : String(error)
  return text.trim().split('\n')[0] ?? ''
}

export type ChooseOptions = Readonly<{
  env: NodeJS.ProcessEnv
  /** Tries this one alone. */
  only?: Limiter['method'] | undefined
}>
