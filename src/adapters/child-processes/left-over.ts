/**
 * Ends what an earlier life of Steward wrote down by id and start. Its mark finds it too, unless it took that off; what is written down in the log
 * it cannot take off. An id and a start belong to one boot of the machine, so what was recorded before this one is nobody.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { SpawnedProcess } from '../../domain/server/events.ts'
import { factsOf, hasProcessTable, isAlive, isGroupAlive, signalGroup } from './process-table.ts'

export async function endLeftOver({ pid, startTicks }: Pick<SpawnedProcess, 'pid' | 'startTicks'>, recordedAtMs: number): Promise<boolean> {
  if (!hasProcessTable || startTicks === '' || recordedAtMs < bootedAtMs()) return false
  const facts = factsOf(pid)
  if (!isAlive(facts) || facts.startTicks !== startTicks || facts.group !== pid) return false
  signalGroup(pid, 'SIGKILL')
  // What the kernel holds on to is named by nobody here: the sweep that came before has logged it.
  for (let waited = 0; waited < UNKILLABLE_MS && (await isGroupAlive(pid)); waited += POLL_MS) await delay(POLL_MS)
  return true
}

const POLL_MS = 20
const UNKILLABLE_MS = 5_000

/** By the clock of today; 0 where it cannot be read. */
function bootedAtMs(): number {
  try {
    return Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? 0) * 1_000
  } catch {
    return 0
  }
}
