/**
 * Wakes readers that wait for more. A notice from the server wakes them at once, a slow look at the head wakes them when no notice came: the
 * notice is a hint that may be lost, so nothing but speed depends on it. Runs from the first wait until closed.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Position } from '../../../domain/ports/event-store.ts'
import { backoff } from '../../database/backoff.ts'
import { aborted, orAborted } from '../../database/or-aborted.ts'
import type { Session } from '../../database/session.ts'

export type HeadWatchOptions = Readonly<{
  /** A session that already listens. */
  openListener: () => Promise<Session>
  readHead: () => Promise<Position>
  pollIntervalMs: number
}>

export class HeadWatch {
  readonly #options: HeadWatchOptions
  readonly #waiting = new Set<{ after: Position; wake: () => void }>()
  readonly #closing = new AbortController()
  /** The furthest end that anybody told us of. */
  #known: Position = 0n
  #running: Promise<unknown> | undefined

  constructor(options: HeadWatchOptions) {
    this.#options = options
  }

  /** Resolves when the log is known to go on behind `after`, or the signal aborts, or the watch is closed. */
  beyond(after: Position, signal: AbortSignal): Promise<void> {
    if (this.#known > after || signal.aborted || this.#closing.signal.aborted) return Promise.resolve()
    this.#running ??= Promise.all([this.#listen(), this.#poll()])
    return new Promise((resolve) => {
      const waiter = {
        after,
        wake: (): void => {
          this.#waiting.delete(waiter)
          signal.removeEventListener('abort', waiter.wake)
          resolve()
        },
      }
      this.#waiting.add(waiter)
      signal.addEventListener('abort', waiter.wake, { once: true })
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    for (const { wake } of this.#waiting) wake()
    await this.#running
  }

  #advance(head: Position): void {
    if (head <= this.#known) return
    this.#known = head
    for (const { after, wake } of this.#waiting) if (after < head) wake()
  }

  async #listen(): Promise<void> {
    const { signal } = this.#closing
    for (let failures = 0; !signal.aborted; failures += 1) {
      const session = await this.#options.openListener().catch(() => undefined)
      if (session) {
        failures = 0
        session.client.on('notification', ({ payload }) => {
          if (payload !== undefined && /^\d+$/.test(payload)) this.#advance(BigInt(payload))
        })
        // What was written before the session listened was announced to nobody.
        await this.#look()
        await aborted(signal, session.lost)
        session.destroy()
      }
      if (!signal.aborted) await backoff(failures, signal)
    }
  }

  async #poll(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      await sleep(this.#options.pollIntervalMs, undefined, { signal }).catch(() => undefined)
      if (this.#waiting.size > 0 && !signal.aborted) await this.#look()
    }
  }

  /** A failed look is no news: the next one comes soon, and whoever reads finds out by itself what is wrong. */
  async #look(): Promise<void> {
    const looked = this.#options.readHead().then((head) => this.#advance(head))
    await orAborted(looked, this.#closing.signal).catch(() => undefined)
  }
}
