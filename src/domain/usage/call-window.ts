/** The calls of the last minutes, as counts: how many there were, how many failed, and how long they took. Bounded, however many calls there are. */
import { bucketOf, type LatencySketch, mergeSketches, quantilesOf } from './latency-sketch.ts'

export interface CallWindow {
  add(call: Readonly<{ endedAtMs: number; durationMs: number; isError: boolean }>): void
  /** `p95Ms`: null without calls. */
  read(nowMs: number): Readonly<{ calls: number; errors: number; p95Ms: number | null }>
}

/** The window moves in steps of a tenth of it. */
const SLICES = 10

export function createCallWindow(windowMs: number): CallWindow {
  const sliceMs = windowMs / SLICES
  const slices = new Map<number, Slice>()
  const sliceOf = (ms: number): number => Math.floor(ms / sliceMs)

  function forgetBefore(first: number): void {
    for (const number of slices.keys()) if (number < first) slices.delete(number)
  }

  return {
    add({ endedAtMs, durationMs, isError }) {
      const number = sliceOf(endedAtMs)
      const slice = slices.get(number) ?? { calls: 0, errors: 0, sketch: {} }
      if (slice.calls === 0) {
        slices.set(number, slice)
        forgetBefore(number - SLICES)
      }
      slice.calls += 1
      if (isError) slice.errors += 1
      const bucket = bucketOf(durationMs)
      slice.sketch[bucket] = (slice.sketch[bucket] ?? 0) + 1
    },
    read(nowMs) {
      forgetBefore(sliceOf(nowMs) - SLICES)
      const all = [...slices.values()]
      const [p95Ms = null] = quantilesOf(mergeSketches(...all.map(({ sketch }) => sketch)), [0.95])
      const sum = (count: (slice: Slice) => number): number => all.reduce((total, slice) => total + count(slice), 0)
      return { calls: sum(({ calls }) => calls), errors: sum(({ errors }) => errors), p95Ms }
    },
  }
}

type Slice = { calls: number; errors: number; readonly sketch: { -readonly [Bucket in keyof LatencySketch]: number } }
