/** The real time. A sleep owns its timer and its listener, and leaves neither behind, however it ends. */
import type { Instant } from '../../domain/instant.ts'
import { instant } from '../../domain/instant.ts'
import type { Clock } from '../../domain/ports/clock.ts'

export const createSystemClock = (): Clock => ({ now, sleep })

const now = (): Instant => instant(new Date().toISOString())

/** `setTimeout` fires at once when the delay does not fit in 31 bits, so a longer sleep is a row of shorter ones. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (Number.isNaN(ms)) throw new RangeError('a sleep of NaN milliseconds')
  for (let leftMs = ms; ; leftMs -= LONGEST_TIMER_MS) {
    await nap(Math.max(0, Math.min(leftMs, LONGEST_TIMER_MS)), signal)
    if (leftMs <= LONGEST_TIMER_MS) return
  }
}

const nap = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', abort, { once: true })
  })
