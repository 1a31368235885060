/**
 * Whether the kernel killed a process for memory, where no control group of its own counts that. Only the kernel's own word is taken: a SIGKILL
 * alone may have come from anybody.
 */
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'

/** How many processes the kernel has killed for memory since it started; undefined where it does not tell. */
export function memoryKills(): number | undefined {
  try {
    const count = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'latin1'))?.[1]
    return count === undefined ? undefined : Number(count)
  } catch {
    return undefined
  }
}

/** `before`: the count when the process began. Most of the time nothing was killed since, and the log need not be read. */
export function wasKilledForMemory(pid: number, before: number | undefined): boolean {
  if (before !== undefined && memoryKills() === before) return false
  return namesVictim(kernelLog(), pid)
}

/** The kernel gives the id as the machine around all containers counts; in a container it may name none of ours. */
export const namesVictim = (log: string, pid: number): boolean => new RegExp(`Killed process ${pid} \\(`).test(log)

/** Each read gives one record. Ordinary users may read it on some systems only. */
function kernelLog(): string {
  let fd: number
  try {
    fd = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return ''
  }
  const record = Buffer.allocUnsafe(8_192)
  let log = ''
  try {
    for (let records = 0; records < MOST_RECORDS; records += 1) log += record.toString('utf8', 0, readSync(fd, record))
  } catch {
    // EAGAIN: that was the last one. EPIPE: records were overwritten meanwhile; what is left is still read next time.
  } finally {
    closeSync(fd)
  }
  return log
}

const MOST_RECORDS = 50_000
