/** A clock that only moves when the test says so; whoever sleeps wakes up in order of what is due. */
import { setImmediate } from 'node:timers/promises'
import { type Instant, instant, later } from '../../../src/domain/instant.ts'
import type { Clock } from '../../../src/domain/ports/clock.ts'

type Sleeper = Readonly<{ due: Instant; wake: () => void }>

export class HandClock implements Clock {
  #now: Instant
  #sleepers: Sleeper[] = []

  constructor(start: Instant = instant('2026-11-21T10:00:00.000Z')) {
    this.#now = start
  }

  now(): Instant {
    return this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const sleeper: Sleeper = { due: later(this.#now, ms), wake: resolve }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((each) => each !== sleeper)
        reject(signal.reason)
      })
    })
  }

  /** Moves on, waking everybody on the way, and lets each do what he does then. */
  async advance(ms: number): Promise<void> {
    const end = later(this.#now, ms)
    for (;;) {
      await settled()
      const next = this.#sleepers.reduce<Sleeper | undefined>((first, each) => (!first || each.due < first.due ? each : first), undefined)
      if (!next || next.due > end) break
      this.#sleepers = this.#sleepers.filter((each) => each !== next)
      this.#now = next.due > this.#now ? next.due : this.#now
      next.wake()
    }
    this.#now = end
    await settled()
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate()
}
