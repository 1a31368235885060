/**
 * What a person wants to hear of a server before it fails: thresholds of its own, and whether what was measured is beyond them. An alert that was raised
 * is cleared well below the threshold that raised it, so that one which is touched again and again does not ring each time.
 */
import type { Instant } from '../instant.ts'

/** Absent: nobody wants to hear of it. */
export type AlertThresholds = Readonly<{
  /** Part of the calls of the window that failed, above 0 and up to 1. */
  errorRate?: number
  /** Of the calls of the window. */
  p95Ms?: number
  /** Of the processes of its group together, at the moment in which they are looked at. */
  memoryBytes?: number
}>

export const alertKinds = ['errorRate', 'p95Ms', 'memoryBytes'] as const satisfies readonly (keyof AlertThresholds)[]
export type AlertKind = (typeof alertKinds)[number]

/** What is measured of calls is measured over the last so many milliseconds. */
export const ALERT_WINDOW_MS = 300_000
/** Fewer calls than that are no rate. */
export const LEAST_CALLS = 10
/** An alert is cleared when the value is at most this part of its threshold. */
const CLEARED_AT = 0.8

/** Null: there is nothing to measure, as of a server without calls. Absent: it is not known, and nothing follows from it. */
export type Measured = Readonly<Partial<Record<AlertKind, number | null>>>

export type RaisedAlert = Readonly<{ value: number; threshold: number; since: Instant }>
export type RaisedAlerts = ReadonlyMap<AlertKind, RaisedAlert>

export type AlertChange =
  | Readonly<{ kind: 'raised'; alert: AlertKind; value: number; threshold: number }>
  | Readonly<{ kind: 'cleared'; alert: AlertKind; value: number | null }>

export function alertChanges(thresholds: AlertThresholds, raised: RaisedAlerts, measured: Measured): readonly AlertChange[] {
  return alertKinds.flatMap((alert): readonly AlertChange[] => {
    const value = measured[alert]
    const threshold = thresholds[alert]
    if (raised.has(alert)) {
      if (threshold === undefined) return [{ kind: 'cleared', alert, value: value ?? null }]
      if (value === undefined) return []
      return value === null || value <= threshold * CLEARED_AT ? [{ kind: 'cleared', alert, value }] : []
    }
    const isBeyond = threshold !== undefined && typeof value === 'number' && value > threshold
    return isBeyond ? [{ kind: 'raised', alert, value, threshold }] : []
  })
}

const MIB = 1_048_576
const words: Readonly<Record<AlertKind, (value: number) => string>> = {
  errorRate: (value) => `${percent(value)} of its calls failed`,
  p95Ms: (value) => `5 % of its calls took longer than ${Math.round(value)} ms`,
  memoryBytes: (value) => `it uses ${Math.round(value / MIB)} MiB`,
}
const limits: Readonly<Record<AlertKind, (value: number) => string>> = {
  errorRate: percent,
  p95Ms: (value) => `${value} ms`,
  memoryBytes: (value) => `${Math.round(value / MIB)} MiB`,
}

export const alertText = (alert: AlertKind, { value, threshold }: Pick<RaisedAlert, 'value' | 'threshold'>): string =>
  `${words[alert](value)}; the alert is set to ${limits[alert](threshold)}`

function percent(part: number): string {
  return `${Math.round(part * 1_000) / 10} %`
}
