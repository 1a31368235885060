/**
 * Who is still there, seen by somebody who knows nothing of how the fleet keeps its programs: by a number in their arguments or environment.
 * Counts processes that run; zombies do not.
 */
import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { isRunning } from '../../support/is-running.ts'

/** No two of them see each other's programs. */
export function createWitness(prefix = String(randomInt(1e11, 1e12))): Witness {
  let next = 0
  const alive = (tag: string): number[] => {
    const found: number[] = []
    for (const name of readdirSync('/proc')) {
      const pid = Number(name)
      if (!Number.isInteger(pid) || pid === process.pid) continue
      if (shows(pid, tag) && isRunning(pid)) found.push(pid)
    }
    return found
  }
  return {
    tag() {
      next += 1
      return `${prefix}${String(next).padStart(6, '0')}`
    },
    alive,
    killAll() {
      for (let round = 0; round < 50; round += 1) {
        const left = alive(prefix)
        if (left.length === 0) return
        for (const pid of left) kill(pid)
      }
    },
  }
}

export type Witness = Readonly<{
  /** A number that nobody else has. */
  tag(): string
  /** Ids of the running processes that show it. */
  alive(tag: string): number[]
  /** At the end, also when a test failed. */
  killAll(): void
}>

function shows(pid: number, tag: string): boolean {
  return text(`/proc/${pid}/cmdline`).includes(tag) || text(`/proc/${pid}/environ`).includes(`FLEET_TAG=${tag}`)
}

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** Below zero: a process group. */
export function kill(pid: number | undefined): void {
  // 0 would be our own group.
  if (pid === undefined || pid === 0) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has gone by itself.
  }
}
