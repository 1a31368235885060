/**
 * Keeps a flood of the same from becoming a flood of events: of each fingerprint one sighting per period is recorded, the rest is counted by byte
 * range, and the counts are taken out together, at most every ten seconds. What lasts is recorded less and less often, so that a fault that nobody
 * answers does not fill the log over a weekend; after a pause it is new again. Bounded in memory; beyond the bound, fingerprints are told apart by
 * their fault alone, so that a flood of one never hides another.
 */
import type { Detection, DetectionSource, Repetition } from '../../domain/anomaly/events.ts'
import { elapsedMs, type Instant, later } from '../../domain/instant.ts'

/** One recorded anomaly per fingerprint in this time, as long as it is young. */
export const RECORD_EVERY_MS = 10_000
/** After so many records in a row the time doubles with each: all records of a fingerprint are read again with the next one. */
const GROWS_AFTER_RECORDS = 6
export const RECORD_AT_LEAST_EVERY_MS = 300_000
/** Not seen for so long: it is over, and what comes then has begun anew. Longer than the time between two looks of a poll. */
export const PAUSE_MS = 120_000
/** Counts wait so long for more of their kind. */
export const COUNT_EVERY_MS = 10_000

const recordEveryMs = (records: number): number =>
  Math.min(RECORD_EVERY_MS * 2 ** Math.max(0, records - GROWS_AFTER_RECORDS), RECORD_AT_LEAST_EVERY_MS)
/** Different fingerprints of one target that are told apart at a time; whoever writes the log chooses their number. */
export const FINGERPRINTS_PER_TARGET = 50

/** As it is known before it is recorded. */
export type Counted = Omit<Repetition, 'fingerprintId' | 'at'>

/** What is seen, before anything is made of it. */
export type Sight = Readonly<{ fingerprintId: string; faultId?: string | undefined; source: DetectionSource; at: Instant }>

type LogSource = Extract<DetectionSource, { kind: 'log' }>
type Entry = {
  readonly anomalyId: string
  readonly at: Instant
  readonly records: number
  seenAt: Instant
  /** Not taken out yet, one per file: the last one grows. */
  counted: readonly Counted[]
  /** It was in the log before: what stands before this offset is accounted for, and what follows has an anomaly of its own, or none yet. */
  knownTo: Readonly<{ generation: string; offset: number }> | undefined
}

export class QuietPeriod {
  readonly #entries = new Map<string, Entry>()
  /** When the oldest count that still waits was made. */
  #waitingSince: Instant | undefined
  #drainedAt: Instant | undefined

  /** 'record': the first of its kind in this period; say `recorded` when it is. 'counted': one of many. 'known': the log holds it already, in a count. */
  see({ fingerprintId, faultId, source, at }: Sight, endOffset: number | undefined): 'record' | 'counted' | 'known' {
    const entry = this.#entries.get(this.#keyOf(fingerprintId, faultId, at))
    if (!entry) return 'record'
    const known = entry.knownTo
    if (known) {
      if (source.kind !== 'log' || source.generation !== known.generation || source.offset >= known.offset) return 'record'
      entry.seenAt = at
      return 'known'
    }
    // Counts that wait belong to the anomaly before: until they are taken out, nothing takes its place.
    const isQuiet = entry.counted.length > 0 || (lasts(entry, at) && elapsedMs(entry.at, at) < recordEveryMs(entry.records))
    if (!isQuiet) return 'record'
    entry.seenAt = at
    if (source.kind === 'log') {
      entry.counted = added(entry, source, endOffset ?? source.offset + 1)
      this.#waitingSince ??= at
    }
    return 'counted'
  }

  /** `knownTo`: it was in the log before, and its like are counted there up to this offset of its file: a log is being read again. */
  recorded({ fingerprintId, faultId, anomalyId, source, at }: Detection, knownTo?: number): void {
    const key = this.#keyOf(fingerprintId, faultId, at)
    const before = this.#entries.get(key)
    // Deleted first: whoever is recorded again goes to the end.
    this.#entries.delete(key)
    const records = before && !before.knownTo && lasts(before, at) ? before.records + 1 : 1
    const known = knownTo === undefined || source.kind !== 'log' ? undefined : { generation: source.generation, offset: knownTo }
    this.#entries.set(key, { anomalyId, at, seenAt: at, records, counted: [], knownTo: known })
  }

  /** When the counts are to be taken out: with the end of a quiet period, but never more than once in the time. Undefined: none waits. */
  dueAt(): Instant | undefined {
    if (this.#waitingSince === undefined) return undefined
    const ends = [...this.#entries.values()].flatMap(({ at, records, counted }) =>
      counted.length === 0 ? [] : [later(at, recordEveryMs(records))],
    )
    const notBefore = this.#drainedAt === undefined ? [] : [later(this.#drainedAt, COUNT_EVERY_MS)]
    const endOfPeriod = [...notBefore, earliest(ends)].reduce((a, b) => (a > b ? a : b))
    return earliest([later(this.#waitingSince, COUNT_EVERY_MS), endOfPeriod])
  }

  /** What was counted since the last time, to be recorded. */
  drain(now: Instant): readonly Counted[] {
    const all = [...this.#entries.values()].flatMap(({ counted }) => counted)
    for (const entry of this.#entries.values()) entry.counted = []
    this.#waitingSince = undefined
    if (all.length > 0) this.#drainedAt = now
    return all
  }

  #keyOf(fingerprintId: string, faultId: string | undefined, now: Instant): string {
    return this.#hasRoomFor(fingerprintId, now) ? fingerprintId : `many ${faultId ?? 'unknown'}`
  }

  #hasRoomFor(fingerprintId: string, now: Instant): boolean {
    if (this.#entries.has(fingerprintId) || this.#entries.size < FINGERPRINTS_PER_TARGET) return true
    // Oldest first.
    for (const [known, { seenAt, counted }] of this.#entries) {
      if (counted.length > 0 || elapsedMs(seenAt, now) < RECORD_EVERY_MS) continue
      this.#entries.delete(known)
      return true
    }
    return false
  }
}

const lasts = ({ seenAt }: Entry, now: Instant): boolean => elapsedMs(seenAt, now) < PAUSE_MS

const earliest = (moments: readonly Instant[]): Instant => moments.reduce((a, b) => (a < b ? a : b))

/** One more line. Another file begins a count of its own: offsets of two files are no range. */
function added(
  { counted: before, anomalyId, seenAt }: Entry,
  { path, generation, offset }: LogSource,
  toOffset: number,
): readonly Counted[] {
  const last = before.at(-1)
  if (last?.generation !== generation) return [...before, { anomalyId, count: 1, path, generation, fromOffset: offset, toOffset, seenAt }]
  return [...before.slice(0, -1), { ...last, count: last.count + 1, toOffset: Math.max(last.toOffset, toOffset), seenAt }]
}
