/**
 * Processor time of servers, from readings of the processes of their runs: how much in all, which never becomes less, and how much of a processor
 * lately. What was used between the last reading of a run and its end is in neither.
 */
import { elapsedMs, type Instant } from '../../domain/instant.ts'

export type ProcessorTime = Readonly<{
  /** Of all runs that were read. */
  seconds: number
  /** Of one processor, between two readings; null before there are two of the same run, and when they lie too far apart to say anything of now. */
  percent: number | null
}>

export type RunReading = Readonly<{ serverId: string; runId: string; cpuSeconds: number; at: Instant }>

export interface ProcessorTimes {
  take(reading: RunReading): ProcessorTime
  /** Without a reading: what is known of before. */
  of(serverId: string): ProcessorTime | undefined
  /** Forgets all others. */
  keep(serverIds: ReadonlySet<string>): void
}

/** Closer together, the clock of the kernel (10 ms) is most of the answer; so several that ask at once are told the same. */
const LEAST_APART_MS = 1_000
const MOST_APART_MS = 120_000

type Mark = Readonly<{ at: Instant; seconds: number }>
type Known = Readonly<{ runId: string; ofRun: number; seconds: number; percent: number | null; mark: Mark }>

export function createProcessorTimes(): ProcessorTimes {
  const servers = new Map<string, Known>()
  return {
    take({ serverId, runId, cpuSeconds, at }) {
      const known = servers.get(serverId)
      const isSameRun = known?.runId === runId
      // A process of the group that ended unseen takes its time with it.
      const more = isSameRun ? Math.max(0, cpuSeconds - known.ofRun) : cpuSeconds
      const seconds = Math.round(((known?.seconds ?? 0) + more) * 1_000) / 1_000
      const next: Known = { runId, ofRun: cpuSeconds, seconds, ...(isSameRun ? since(known, seconds, at) : begun(at, seconds)) }
      servers.set(serverId, next)
      return { seconds, percent: next.percent }
    },
    of(serverId) {
      const known = servers.get(serverId)
      return known && { seconds: known.seconds, percent: null }
    },
    keep(serverIds) {
      for (const serverId of servers.keys()) if (!serverIds.has(serverId)) servers.delete(serverId)
    },
  }
}

const begun = (at: Instant, seconds: number) => ({ percent: null, mark: { at, seconds } })

function since({ mark, percent }: Known, seconds: number, at: Instant): Pick<Known, 'percent' | 'mark'> {
  const apartMs = elapsedMs(mark.at, at)
  if (apartMs >= 0 && apartMs < LEAST_APART_MS) return { percent, mark }
  if (apartMs < 0 || apartMs > MOST_APART_MS) return begun(at, seconds)
  return { percent: ((seconds - mark.seconds) / (apartMs / 1_000)) * 100, mark: { at, seconds } }
}
