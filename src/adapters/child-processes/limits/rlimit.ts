/**
 * Limits that every process of Unix has: open files, processes, core files. Memory is not among them: a limit of the address space breaks
 * programs that reserve far more than they use, Node and Go among them.
 */
import { readdirSync, statSync } from 'node:fs'
import type { ProcessLimits } from '../../../domain/server/config.ts'
import { factsOf } from '../process-table.ts'
import type { Confinement, Limiter } from './limiter.ts'

export function rlimitLimiter({ countsProcesses }: { countsProcesses: boolean }): Limiter {
  return {
    method: 'rlimit',
    keeps: countsProcesses ? ['openFiles', 'processes'] : ['openFiles'],
    contains: false,
    says: countsProcesses
      ? 'open files, and processes counted over all programs of our user; memory and CPU are not limited'
      : 'open files; memory, CPU and processes are not limited, because the kernel counts no processes of root',
    directories: [],
    confine: async (_, limits) => unconfined(limits, { countsProcesses }),
    sweep: async () => 0,
    close: async () => undefined,
  }
}

/** Only the limits of the process itself; open files are kept this way by every means. */
export const unconfined = ({ openFiles, processes }: ProcessLimits, { countsProcesses }: { countsProcesses: boolean }): Confinement => ({
  prefix: [],
  env: {},
  groupFiles: [],
  openFiles,
  processes: processes === undefined || !countsProcesses ? undefined : processes + threadsOfOurUser(),
  started: async () => undefined,
  members: () => [],
  kill: () => undefined,
  ranOutOfMemory: () => undefined,
  release: async () => undefined,
})

/**
 * The kernel counts every thread of our user against this limit, whoever started it, so the program gets its own number on top of what runs
 * at this moment. What others of the same user start later takes from it, and what they end is added: a bound for a program that forks
 * without end, not an exact share.
 */
function threadsOfOurUser(): number {
  const uid = process.getuid?.()
  let threads = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      if (statSync(`/proc/${name}`).uid === uid) threads += factsOf(Number(name))?.threads ?? 0
    } catch {
      // It has gone meanwhile.
    }
  }
  return threads
}
