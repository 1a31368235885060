/**
 * Keeps a flood of the same from becoming a flood of events: of each fingerprint one sighting per period is recorded, the rest is counted by byte
 * range. What lasts is recorded less and less often, so that a fault that nobody answers does not fill the log over a weekend; after a pause it is
 * new again. Bounded in memory; beyond the bound, fingerprints are told apart by their fault alone, so that a flood of one never hides another.
 */
import type { Detection } from '../../domain/anomaly/events.ts'
import { elapsedMs, type Instant } from '../../domain/instant.ts'

/** One recorded anomaly per fingerprint in this time, as long as it is young. */
export const RECORD_EVERY_MS = 10_000
/** After so many records in a row the time doubles with each: all records of a fingerprint are read again with the next one. */
const GROWS_AFTER_RECORDS = 6
export const RECORD_AT_LEAST_EVERY_MS = 300_000
/** Not seen for so long: it is over, and what comes then has begun anew. Longer than the time between two looks of a poll. */
export const PAUSE_MS = 120_000

const recordEveryMs = (records: number): number =>
  Math.min(RECORD_EVERY_MS * 2 ** Math.max(0, records - GROWS_AFTER_RECORDS), RECORD_AT_LEAST_EVERY_MS)
/** Different fingerprints of one target that are told apart at a time; whoever writes the log chooses their number. */
export const FINGERPRINTS_PER_TARGET = 50

export type Counted = Readonly<{ anomalyId: string; count: number; path: string; generation: string; fromOffset: number; toOffset: number }>

export class QuietPeriod {
  readonly #recorded = new Map<string, { anomalyId: string; at: Instant; seenAt: Instant; records: number; counted: Counted | undefined }>()

  /** 'record': the first of its kind in this period. 'counted': one of many. */
  see({ fingerprintId, faultId = 'unknown', anomalyId, source, at }: Detection, endOffset: number | undefined): 'record' | 'counted' {
    const key = this.#hasRoomFor(fingerprintId, at) ? fingerprintId : `many ${faultId}`
    const known = this.#recorded.get(key)
    const lasts = known !== undefined && elapsedMs(known.seenAt, at) < PAUSE_MS
    if (lasts && elapsedMs(known.at, at) < recordEveryMs(known.records)) {
      known.seenAt = at
      if (source.kind === 'log') known.counted = added(known.counted, known.anomalyId, source, endOffset ?? source.offset + 1)
      return 'counted'
    }
    this.#recorded.delete(key)
    this.#recorded.set(key, { anomalyId, at, seenAt: at, records: lasts ? known.records + 1 : 1, counted: undefined })
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

  #hasRoomFor(fingerprintId: string, now: Instant): boolean {
    if (this.#recorded.has(fingerprintId) || this.#recorded.size < FINGERPRINTS_PER_TARGET) return true
    // Oldest first: whoever is recorded again goes to the end.
    for (const [known, { seenAt, counted }] of this.#recorded) {
      if (counted || elapsedMs(seenAt, now) < RECORD_EVERY_MS) continue
      this.#recorded.delete(known)
      return true
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
