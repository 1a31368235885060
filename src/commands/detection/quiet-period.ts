/**
 * Keeps a flood of the same from becoming a flood of events: of each fingerprint one sighting per period is recorded, the rest is counted by byte
 * range. Bounded in memory; beyond the bound, the oldest counts are written out first.
 */
import type { Detection } from '../../domain/anomaly/events.ts'
import { elapsedMs, type Instant } from '../../domain/instant.ts'

/** One recorded anomaly per fingerprint in this time. */
export const RECORD_EVERY_MS = 10_000
/** Different fingerprints of one target that are told apart at a time; whoever writes the log chooses their number. */
export const FINGERPRINTS_PER_TARGET = 50

export type Counted = Readonly<{ anomalyId: string; count: number; path: string; generation: string; fromOffset: number; toOffset: number }>

export class QuietPeriod {
  readonly #recorded = new Map<string, { anomalyId: string; at: Instant; counted: Counted | undefined }>()

  /** 'record': the first of its kind in this period. 'counted': one of many. 'overflow': too many kinds; only the number of lines is kept. */
  see({ fingerprintId, anomalyId, source, at }: Detection, endOffset: number | undefined): 'record' | 'counted' | 'overflow' {
    const known = this.#recorded.get(fingerprintId)
    if (known && elapsedMs(known.at, at) < RECORD_EVERY_MS) {
      if (source.kind === 'log') known.counted = added(known.counted, known.anomalyId, source, endOffset ?? source.offset + 1)
      return 'counted'
    }
    if (!known && this.#recorded.size >= FINGERPRINTS_PER_TARGET && !this.#forgetOldest(at)) return 'overflow'
    this.#recorded.set(fingerprintId, { anomalyId, at, counted: undefined })
    return 'record'
  }

  /** What was counted since the last time, to be recorded. */
  drain(): readonly Counted[] {
    const all: Counted[] = []
    for (const entry of this.#recorded.values()) {
      if (entry.counted) all.push(entry.counted)
      entry.counted = undefined
    }
    return all
  }

  #forgetOldest(now: Instant): boolean {
    for (const [fingerprintId, { at, counted }] of this.#recorded) {
      if (elapsedMs(at, now) >= RECORD_EVERY_MS && !counted) {
        this.#recorded.delete(fingerprintId)
        return true
      }
    }
    return false
  }
}

function added(
  before: Counted | undefined,
  anomalyId: string,
  { path, generation, offset }: { path: string; generation: string; offset: number },
  toOffset: number,
): Counted {
  if (!before || before.generation !== generation) return { anomalyId, count: 1, path, generation, fromOffset: offset, toOffset }
  return { ...before, count: before.count + 1, toOffset: Math.max(before.toOffset, toOffset) }
}
