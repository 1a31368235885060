/**
 * What watching looks like in figures. Labels are words of our own - services, faults of the catalogue, probes, reasons - so that neither a log nor
 * the number of targets makes a series.
 */
import type { Service } from '../../domain/catalogue/action.ts'
import type { Metrics } from '../../domain/ports/metrics.ts'
import type { BlindReason, GapReason, LogLine } from '../../domain/ports/remote-host.ts'

export type WatchFigures = Readonly<{
  read: (service: Service, lines: readonly LogLine[], endOffset: number) => void
  /** Lines that an anomaly stands for, by fault; `unknown` for those that no fault knows. */
  matched: (service: Service, faultIds: readonly (string | undefined)[]) => void
  gap: (reason: GapReason) => void
  /** Undefined: it can be read, or nobody reads it any more. */
  blind: (targetId: string, path: string, reason: BlindReason | undefined) => void
  polled: (probe: string, outcome: string) => void
}>

const BLIND_REASONS: readonly BlindReason[] = ['missing', 'unreadable', 'not-a-regular-file', 'host-unreachable']

export function createWatchFigures(metrics: Metrics): WatchFigures {
  const blind = new Map<string, BlindReason>()
  const showBlind = (): void => {
    for (const reason of BLIND_REASONS) {
      metrics.set('steward_log_blind', [...blind.values()].filter((each) => each === reason).length, { reason })
    }
  }
  showBlind()
  return {
    read(service, lines, endOffset) {
      const [first] = lines
      if (!first) return
      metrics.count('steward_log_lines_total', { service }, lines.length)
      metrics.count('steward_log_bytes_total', { service }, Math.max(0, endOffset - first.offset))
    },
    matched(service, faultIds) {
      for (const [fault, lines] of Map.groupBy(faultIds, (faultId) => faultId ?? 'unknown')) {
        metrics.count('steward_log_matches_total', { service, fault }, lines.length)
      }
    },
    gap: (reason) => metrics.count('steward_log_gaps_total', { reason }),
    blind(targetId, path, reason) {
      const log = `${targetId} ${path}`
      if (blind.get(log) === reason) return
      if (reason === undefined) blind.delete(log)
      else blind.set(log, reason)
      showBlind()
    },
    polled: (probe, outcome) => metrics.count('steward_polls_total', { probe, outcome }),
  }
}
