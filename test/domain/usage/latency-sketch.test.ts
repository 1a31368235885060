import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  bucketOf,
  emptySketch,
  type LatencySketch,
  mergeSketches,
  quantilesOf,
  SKETCH_RELATIVE_ERROR,
} from '../../../src/domain/usage/latency-sketch.ts'

/** From a hundredth of a millisecond to an hour, every order of magnitude as likely as the next. */
const durationMs = fc.double({ min: Math.log(0.01), max: Math.log(3_600_000), noNaN: true }).map(Math.exp)
const fractions = [0, 0.5, 0.95, 0.99, 1]

/** As whoever counts calls makes it, one after the other. */
function sketchOf(durationsMs: readonly number[]): LatencySketch {
  const sketch: Record<string, number> = {}
  for (const durationMs of durationsMs) sketch[bucketOf(durationMs)] = (sketch[bucketOf(durationMs)] ?? 0) + 1
  return sketch
}

/** Nearest rank, from all values: what the sketch is measured by. */
function exact(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(fraction * sorted.length)) - 1] ?? Number.NaN
}

function expectNear(found: readonly (number | null)[], values: readonly number[]): void {
  for (const [index, fraction] of fractions.entries()) {
    const wanted = exact(values, fraction)
    // The last bits of a logarithm at the edge of a bucket.
    expect(Math.abs((found[index] ?? Number.NaN) - wanted)).toBeLessThanOrEqual(wanted * SKETCH_RELATIVE_ERROR * (1 + 1e-9))
  }
}

test('a percentile is within the stated error of the exact one, whatever the durations', () => {
  fc.assert(
    fc.property(fc.array(durationMs, { minLength: 1, maxLength: 300 }), (values) =>
      expectNear(quantilesOf(sketchOf(values), fractions), values),
    ),
  )
})

test('sketches of any parts, merged in any order, are the sketch of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.array(durationMs, { maxLength: 50 }), { maxLength: 12 }), (parts) => {
      const merged = mergeSketches(...parts.toReversed().map(sketchOf))
      expect(merged).toEqual(sketchOf(parts.flat()))
      if (parts.flat().length > 0) expectNear(quantilesOf(merged, fractions), parts.flat())
    }),
  )
})

test('a mean of percentiles would be wrong, and is not what comes out', () => {
  const quiet = Array.from({ length: 1_000 }, () => 1)
  const slow = Array.from({ length: 10 }, () => 1_000)
  const [p95] = quantilesOf(mergeSketches(sketchOf(quiet), sketchOf(slow)), [0.95])
  expect(p95).toBeCloseTo(1, 1)
})

test('nothing counted has no percentile, and nonsense is counted as the least', () => {
  expect(quantilesOf(emptySketch, [0.5, 0.99])).toEqual([null, null])
  expect(sketchOf([0, -5, Number.NaN])).toEqual({ 0: 3 })
  expect(quantilesOf(sketchOf([0.001]), [0.5])).toEqual([0.01])
})

test('a sketch stays small: an hour of calls between 0.1 ms and 30 s takes at most 640 buckets', () => {
  const spread = Array.from({ length: 100_000 }, (_, index) => 0.1 * 300_000 ** (index / 100_000))
  expect(Object.keys(sketchOf(spread)).length).toBeLessThanOrEqual(640)
})
