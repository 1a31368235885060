/**
 * Kills what is left of some runs until nothing is: by their mark, wherever their processes went in the meantime, and by their control group.
 * Bounded: a process that the kernel itself cannot end is named, not waited for.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Marks } from './marks.ts'
import { type MarkedProcess, signalProcess } from './process-table.ts'

export type Cleared = Readonly<{
  /** How many processes there were. */
  killed: number
  /** Ids of those that would not go. */
  left: readonly number[]
}>

export async function clearAway({ marks, isTheirs, group, timeoutMs = 5_000 }: ClearAwayOptions): Promise<Cleared> {
  const killed = new Set<string>()
  const deadlineMs = performance.now() + timeoutMs
  let looksWithout = 0
  for (;;) {
    const members = group?.members() ?? []
    if (members.length > 0) group?.kill()
    for (const pid of members) killed.add(`member ${pid}`)
    const { marked, unsure } = await marks.look()
    const theirs = marked.filter(isTheirs)
    for (const process of theirs) {
      signalProcess(process, 'SIGKILL')
      if (!members.includes(process.pid)) killed.add(`${process.pid} ${process.startTicks}`)
    }
    looksWithout = members.length + theirs.length === 0 ? looksWithout + 1 : 0
    if (looksWithout >= looksNeeded(unsure, group)) return { killed: killed.size, left: [] }
    if (performance.now() > deadlineMs) return { killed: killed.size, left: [...new Set([...members, ...theirs.map(({ pid }) => pid)])] }
    await delay(looksWithout > 0 ? 10 : 3)
  }
}

/** What forks and exits while we look can be missed by one look, and so can what is in the middle of an exec; but nothing leaves a control group. */
function looksNeeded(unsure: number, group: ClearAwayOptions['group']): number {
  if (group?.contains === true) return 1
  return unsure > 0 ? 3 : 2
}

export type ClearAwayOptions = Readonly<{
  marks: Marks
  isTheirs(process: MarkedProcess): boolean
  group?: Readonly<{ contains: boolean; members(): readonly number[]; kill(): void }>
  timeoutMs?: number
}>
