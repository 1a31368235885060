/** A place in the live feed: what came since it was taken, until the queue is full. Whoever falls behind costs a bounded queue, and no event. */
import type { RecordedEvent } from '../../../domain/ports/event-store.ts'

const QUEUE_LIMIT_EVENTS = 512
const QUEUE_LIMIT_BYTES = 4_000_000

export class Seat {
  readonly queue: RecordedEvent[] = []
  /** The queue was full and is gone: what the feed knows is no longer what this seat has. */
  overflowed = false
  #sizeBytes = 0
  #wake: () => void = () => undefined

  offer(event: RecordedEvent, sizeBytes: number): void {
    if (this.overflowed) return
    this.#sizeBytes += sizeBytes
    if (this.queue.length >= QUEUE_LIMIT_EVENTS || this.#sizeBytes > QUEUE_LIMIT_BYTES) {
      this.overflowed = true
      this.queue.length = 0
    } else this.queue.push(event)
  }

  /** Everything that is waiting, in order. */
  take(): RecordedEvent[] {
    this.#sizeBytes = 0
    return this.queue.splice(0)
  }

  wake(): void {
    this.#wake()
  }

  /** Resolves at the next news of the feed, or when the signal aborts. */
  news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done)
        this.#wake = () => undefined
        resolve()
      }
      this.#wake = done
      signal.addEventListener('abort', done, { once: true })
      if (signal.aborted) done()
    })
  }
}
