/**
 * How long calls took, as counts in buckets that grow by a fixed ratio (as in DDSketch, Masson, Rim and Lee, VLDB 2019). Merging two sketches adds
 * their counts and loses nothing, so a percentile over ninety days has the same error as one over a minute.
 */

/** A percentile differs from the exact one by at most this part of it. Below a hundredth of a millisecond, by at most that. */
export const SKETCH_RELATIVE_ERROR = 0.01

/** By number of the bucket, written as text: it is a member name of JSON. */
export type LatencySketch = Readonly<Record<string, number>>

const LEAST_MS = 0.01
const MOST_MS = 86_400_000
const RATIO = (1 + SKETCH_RELATIVE_ERROR) / (1 - SKETCH_RELATIVE_ERROR)
const LOG_RATIO = Math.log(RATIO)

/** Bucket n > 0 holds what is longer than LEAST * RATIO^(n-1), up to LEAST * RATIO^n. */
export const bucketOf = (durationMs: number): number =>
  durationMs > LEAST_MS ? Math.ceil(Math.log(Math.min(durationMs, MOST_MS) / LEAST_MS) / LOG_RATIO) : 0

/** The value that is as far from the lower end of a bucket as from the upper, measured in parts of them. */
const middleOf = (bucket: number): number => (bucket === 0 ? LEAST_MS : (LEAST_MS * RATIO ** bucket * 2) / (RATIO + 1))

export const emptySketch: LatencySketch = {}

export function mergeSketches(...sketches: readonly LatencySketch[]): LatencySketch {
  const merged: Record<string, number> = {}
  for (const sketch of sketches) for (const bucket in sketch) merged[bucket] = (merged[bucket] ?? 0) + (sketch[bucket] ?? 0)
  return merged
}

/** Each by nearest rank: the ceil(fraction * n)th smallest of n. Null where nothing was counted. */
export function quantilesOf(sketch: LatencySketch, fractions: readonly number[]): readonly (number | null)[] {
  const buckets = Object.entries(sketch)
    .map(([bucket, count]) => ({ bucket: Number(bucket), count }))
    .sort((a, b) => a.bucket - b.bucket)
  const total = buckets.reduce((sum, { count }) => sum + count, 0)
  return fractions.map((fraction) => {
    const rank = Math.max(1, Math.ceil(fraction * total))
    let below = 0
    for (const { bucket, count } of buckets) {
      below += count
      if (below >= rank) return middleOf(bucket)
    }
    return null
  })
}
