/**
 * One thing at a time, in an order that the seed chooses. Everything that touches the outside asks for a turn; when nobody can go on, the clock
 * jumps to the next sleeper. So a history of hours runs in milliseconds, and the same seed gives it again.
 */
import { setImmediate } from 'node:timers/promises'
import { type Instant, instant } from '../../../src/domain/instant.ts'
import type { Clock } from '../../../src/domain/ports/clock.ts'
import type { Random } from './random.ts'

type Waiting = Readonly<{ name: string; go: () => void }>
type Sleeper = Readonly<{ due: number; order: number; wake: () => void }>

export class Scheduler {
  readonly clock: Clock
  readonly #random: Random
  #now = Date.parse('2026-11-21T10:00:00.000Z')
  #order = 0
  #ready: Waiting[] = []
  #sleepers: Sleeper[] = []
  readonly trace: string[] = []

  constructor(random: Random) {
    this.#random = random
    this.clock = { now: () => this.now(), sleep: (ms, signal) => this.#sleep(ms, signal) }
  }

  now(): Instant {
    return instant(new Date(this.#now).toISOString())
  }

  /** Resolves when the scheduler picks it. */
  turn(name: string): Promise<void> {
    return new Promise((resolve) => this.#ready.push({ name, go: resolve }))
  }

  /** Picks and advances until `done`, or until nothing can happen any more. Returns whether `done` came true. */
  async runUntil(done: () => boolean, { maxTurns = 20_000 }: { maxTurns?: number } = {}): Promise<boolean> {
    for (let turns = 0; turns < maxTurns; turns++) {
      await setImmediate()
      if (done()) return true
      const index = this.#random.below(this.#ready.length)
      const [picked] = this.#ready.splice(index, 1)
      if (picked) {
        this.trace.push(picked.name)
        picked.go()
      } else if (!this.#wakeNext()) {
        return done()
      }
    }
    throw new Error(`no end after ${maxTurns} turns`)
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      this.#order += 1
      const sleeper: Sleeper = { due: this.#now + ms, order: this.#order, wake: resolve }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((each) => each !== sleeper)
        reject(signal.reason)
      })
    })
  }

  #wakeNext(): boolean {
    const next = this.#sleepers.reduce<Sleeper | undefined>(
      (first, each) => (!first || each.due < first.due || (each.due === first.due && each.order < first.order) ? each : first),
      undefined,
    )
    if (!next) return false
    this.#sleepers = this.#sleepers.filter((each) => each !== next)
    this.#now = Math.max(this.#now, next.due)
    next.wake()
    return true
  }
}
