/** Resident memory and processor time of process groups, from /proc. Without one, nothing is known of any. */
import { readFile } from 'node:fs/promises'
import type { GroupUsage, ProcessUsage } from '../../domain/ports/process-usage.ts'
import { allProcesses, factsOf, hasProcessTable } from './process-table.ts'

/** USER_HZ: what the kernel counts in towards programs, whatever its own clock does (proc(5), time(7)); 100 on every machine that Node runs on. */
const TICKS_PER_SECOND = 100

export const createProcessUsage = (): ProcessUsage => ({
  async ofGroups(groups) {
    const found = new Map<number, GroupUsage>()
    if (!hasProcessTable || groups.size === 0) return found
    for await (const pid of allProcesses()) {
      const facts = factsOf(pid)
      if (facts === undefined || !groups.has(facts.group)) continue
      const { memoryBytes, cpuSeconds } = found.get(facts.group) ?? { memoryBytes: 0, cpuSeconds: 0 }
      const bytes = await residentBytes(pid)
      // A zombie holds no memory, and its time goes to its parent once it is waited for.
      if (bytes === undefined) continue
      found.set(facts.group, { memoryBytes: memoryBytes + bytes, cpuSeconds: inTicks(cpuSeconds + facts.cpuTicks / TICKS_PER_SECOND) })
    }
    return found
  },
})

/** Sums of hundredths stay hundredths. */
const inTicks = (seconds: number): number => Math.round(seconds * TICKS_PER_SECOND) / TICKS_PER_SECOND

/** Undefined: it has just gone, or is a zombie and holds none. */
async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'latin1'))?.[1]
    return kib === undefined ? undefined : Number(kib) * 1_024
  } catch {
    return undefined
  }
}
