/** A subscription running beside the test. It collects what comes, and lets the test wait for a condition instead of a time. */
import type { Checkpoint, EventStore, Position, RecordedEvent } from '../../../src/domain/ports/event-store.ts'
import { isEvent } from './events.ts'

export class Follower {
  readonly events: RecordedEvent[] = []
  readonly checkpoints: Checkpoint[] = []
  /** Everything in the order in which it came. */
  readonly items: (RecordedEvent | Checkpoint)[] = []
  readonly ended: Promise<void>
  readonly #abort = new AbortController()
  #news = Promise.withResolvers<void>()
  #hasEnded = false
  #failure: { error: unknown } | undefined

  constructor(store: EventStore, options: { after?: Position; types?: readonly string[] } = {}) {
    this.ended = this.#follow(store, options)
      .catch((error: unknown) => {
        this.#failure = { error }
      })
      .finally(() => {
        this.#hasEnded = true
        this.#tell()
      })
  }

  /** Waits until the condition holds. Fails when the subscription fails or ends first. */
  async until(holds: (follower: Follower) => boolean): Promise<void> {
    while (!holds(this)) {
      if (this.#failure) throw this.#failure.error
      if (this.#hasEnded) throw new Error('the subscription ended first')
      await this.#news.promise
    }
  }

  caughtUp(position: Position): Promise<void> {
    return this.until(({ checkpoints }) => checkpoints.some(({ checkpoint, caughtUp }) => caughtUp && checkpoint >= position))
  }

  /** Aborts, and throws what the subscription threw, if it did. */
  async stop(): Promise<void> {
    this.#abort.abort()
    await this.ended
    if (this.#failure) throw this.#failure.error
  }

  async #follow(store: EventStore, options: { after?: Position; types?: readonly string[] }): Promise<void> {
    for await (const item of store.subscribe({ ...options, signal: this.#abort.signal })) {
      this.items.push(item)
      if (isEvent(item)) this.events.push(item)
      else this.checkpoints.push(item)
      this.#tell()
    }
  }
  #tell(): void {
    this.#news.resolve()
    this.#news = Promise.withResolvers()
  }
}
