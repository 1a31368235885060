/** Whether a process still runs. One that has ended and waits for its parent to ask (a zombie) does not: not every init in a container asks. */
import { readFileSync } from 'node:fs'

export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name stands in parentheses and may hold anything; the state follows it.
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return false
  }
}
