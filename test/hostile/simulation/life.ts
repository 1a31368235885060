/**
 * The life of one simulated instance. Every call to a port is a point with a name, before and after; at any of them the instance may be killed.
 * A killed instance never runs another line: its calls simply never return, as after kill -9.
 */
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

export class Life {
  readonly name: string
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #crashProbability: () => number
  readonly #onDeath: (point: string) => void
  readonly #onPause: () => void
  #dead = false
  /** Slow instances are picked like all others, but a paused one rests for a while: a zombie that wakes up late. */
  readonly pauseProbability: number

  constructor(options: {
    name: string
    scheduler: Scheduler
    random: Random
    crashProbability: () => number
    pauseProbability: number
    onDeath: (point: string) => void
    onPause: () => void
  }) {
    this.name = options.name
    this.#scheduler = options.scheduler
    this.#random = options.random
    this.#crashProbability = options.crashProbability
    this.pauseProbability = options.pauseProbability
    this.#onDeath = options.onDeath
    this.#onPause = options.onPause
  }

  get dead(): boolean {
    return this.#dead
  }

  kill(point: string): void {
    if (this.#dead) return
    this.#dead = true
    this.#onDeath(point)
  }

  /** Does `work` between two points. */
  async at<Result>(point: string, work: () => Promise<Result>): Promise<Result> {
    await this.#pass(`${point}:before`)
    try {
      return await work()
    } finally {
      await this.#pass(`${point}:after`)
    }
  }

  /** Waits without being a point: nothing happens in it, but the dead do not wake up. */
  async rest(work: () => Promise<void>): Promise<void> {
    if (this.#dead) return never()
    await work()
    if (this.#dead) return never()
  }

  async #pass(point: string): Promise<void> {
    if (this.#dead) return never()
    await this.#scheduler.turn(`${this.name} ${point}`)
    if (this.#dead) return never()
    if (this.#random.chance(this.#crashProbability() * weightOf(point))) {
      this.kill(point)
      return never()
    }
    if (this.#random.chance(this.pauseProbability)) {
      this.#onPause()
      await this.#scheduler.clock.sleep(this.#random.below(120_000))
    }
    if (this.#dead) return never()
  }
}

/** Most calls read or sleep; what matters is what happens around writes and around the host. */
const weightOf = (point: string): number => (/^(append|run|settle|move|claim|prepare|verify|prove)/.test(point) ? 10 : 0.3)

const never = (): Promise<never> => new Promise(() => undefined)
