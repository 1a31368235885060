/** Resident memory of process groups, from /proc. Without one, nothing is known of any. */
import { readFile } from 'node:fs/promises'
import type { ProcessMemory } from '../../domain/ports/process-memory.ts'
import { allProcesses, factsOf, hasProcessTable } from './process-table.ts'

export const createProcessMemory = (): ProcessMemory => ({
  async ofGroups(groups) {
    const found = new Map<number, number>()
    if (!hasProcessTable || groups.size === 0) return found
    for await (const pid of allProcesses()) {
      const group = factsOf(pid)?.group
      if (group === undefined || !groups.has(group)) continue
      const bytes = await residentBytes(pid)
      if (bytes !== undefined) found.set(group, (found.get(group) ?? 0) + bytes)
    }
    return found
  },
})

/** Undefined: it has just gone, or is a zombie and holds none. */
async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'latin1'))?.[1]
    return kib === undefined ? undefined : Number(kib) * 1_024
  } catch {
    return undefined
  }
}
