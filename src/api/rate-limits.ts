/**
 * Token buckets in memory, one per caller and class of route. They keep one caller from taking the service from the others; with several
 * instances each has its own. The number of buckets is bounded: the longest unused goes first, which can only be to its caller's favour.
 */
import { ApiError } from './api-error.ts'

/** `report` is for programs that tell of errors: many small commands in a burst. */
export type RateClass = 'public' | 'read' | 'command' | 'report' | 'costly' | 'refused'
export type RateLimit = Readonly<{ perSecond: number; burst: number }>

export const defaultRateLimits: Readonly<Record<RateClass, RateLimit>> = {
  public: { perSecond: 50, burst: 500 },
  read: { perSecond: 200, burst: 1_000 },
  command: { perSecond: 50, burst: 300 },
  report: { perSecond: 200, burst: 1_000 },
  costly: { perSecond: 5, burst: 50 },
  // What an address may be refused for a missing or wrong key before it is told to wait.
  refused: { perSecond: 10, burst: 500 },
}

export interface RateLimiter {
  /** @throws ApiError `rate-limited` with Retry-After */
  take(who: string, rateClass: RateClass, nowMs: number): void
}

type Bucket = { tokens: number; filledAtMs: number }

export function createRateLimiter(
  limits: Readonly<Record<RateClass, RateLimit>> = defaultRateLimits,
  { maxBuckets = 10_000 }: { maxBuckets?: number } = {},
): RateLimiter {
  const buckets = new Map<string, Bucket>()

  return {
    take(who, rateClass, nowMs) {
      const { perSecond, burst } = limits[rateClass]
      const name = `${rateClass} ${who}`
      const bucket = buckets.get(name) ?? { tokens: burst, filledAtMs: nowMs }
      // Taken out and put back, so that the map is in order of use.
      buckets.delete(name)
      buckets.set(name, bucket)
      const elapsedMs = Math.max(0, nowMs - bucket.filledAtMs)
      bucket.tokens = Math.min(burst, bucket.tokens + (elapsedMs * perSecond) / 1_000)
      bucket.filledAtMs = nowMs
      if (bucket.tokens < 1) {
        const waitSeconds = Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond))
        throw new ApiError('rate-limited', { headers: { 'retry-after': String(waitSeconds) } })
      }
      bucket.tokens -= 1
      const [oldest] = buckets.keys()
      if (buckets.size > maxBuckets && oldest !== undefined) buckets.delete(oldest)
    },
  }
}
