/** Ends the processes that carry the mark of one practice host in their environment, also those that left their group and their parent. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export const PROCESS_MARK = 'STEWARD_PRACTICE_HOST'

/** Between a request to end and the end by force. */
const GRACE_MS = 2_000
const POLL_MS = 20

export async function endMarkedProcesses(id: string): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const told = new Set<number>()
    const deadline = performance.now() + GRACE_MS
    // Again and again: what is told to end may just have started another.
    for (let left = marked(id); left.length > 0 && performance.now() < deadline; left = marked(id)) {
      for (const pid of left.filter((pid) => !told.has(pid))) kill(pid, signal)
      for (const pid of left) told.add(pid)
      await sleep(POLL_MS)
    }
  }
}

function marked(id: string): number[] {
  return pids().filter((pid) => environment(pid).includes(`${PROCESS_MARK}=${id}\0`))
}

function pids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    // No /proc: then nothing can be found, and time-outs end what is left.
    return []
  }
}

/** Empty when the process has gone, or belongs to somebody else. */
function environment(pid: number): string {
  try {
    return `${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`
  } catch {
    return ''
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended by itself.
  }
}
