/**
 * All appends of this process, in the order in which they came, through one connection. What arrives while a transaction runs goes together
 * into the next, so the price of a commit is shared by all who wait for it.
 *
 * An append is in one of these situations:
 *   waiting -> in a batch -> answered                    the transaction committed: its result, or its conflict
 *                         -> alone in a batch            the transaction was refused: each is tried by itself, so that only the culprit fails
 *                         -> waiting                     the connection was lost: tried again on another, until its deadline
 *   waiting -> StoreUnavailable at its deadline          it was never sent
 *           -> OutcomeUnknown at its deadline            it was sent at least once, and no answer came
 * Trying again is safe: an append that was stored after all is recognised by its ids.
 */
import { type Appended, ConcurrencyConflict, OutcomeUnknown, StoreUnavailable } from '../../../domain/ports/event-store.ts'
import type { Logger } from '../../../domain/ports/logger.ts'
import { backoff } from '../../database/backoff.ts'
import { isConnectionLost, SessionLost } from '../../database/connection-lost.ts'
import { orAborted } from '../../database/or-aborted.ts'
import type { Session } from '../../database/session.ts'
import type { Append } from './plan-batch.ts'
import { writeBatch } from './write-batch.ts'

/** Bounds of one transaction: enough to share its price, small enough not to keep the head from other processes. */
const BATCH_APPENDS = 512
const BATCH_BYTES = 4_000_000

export type AppendQueueOptions = Readonly<{
  openSession: () => Promise<Session>
  channel: string
  appendTimeoutMs: number
  logger: Logger | undefined
}>

type Entry = Append & {
  readonly sizeBytes: number
  readonly deadlineMs: number
  sent: boolean
  lastFailure: unknown
  readonly resolve: (appended: Appended) => void
  readonly reject: (error: Error) => void
}

export class AppendQueue {
  readonly #options: AppendQueueOptions
  readonly #waiting: Entry[] = []
  #session: Session | undefined
  #running: Promise<void> | undefined
  #closed = false

  constructor(options: AppendQueueOptions) {
    this.#options = options
  }

  append(append: Append): Promise<Appended> {
    if (this.#closed) return Promise.reject(new StoreUnavailable({ doing: 'append', cause: new Error('the event store was closed') }))
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        ...append,
        sizeBytes: append.events.reduce((sum, event) => sum + event.sizeBytes, 0),
        deadlineMs: performance.now() + this.#options.appendTimeoutMs,
        sent: false,
        lastFailure: undefined,
        resolve,
        reject,
      })
      this.#running ??= this.#run()
    })
  }

  /** Refuses new appends, answers those that have begun, and gives the connection back. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
    await this.#session?.end()
    this.#session = undefined
  }

  async #run(): Promise<void> {
    // Whoever appends in the same turn of the event loop shares the first batch.
    await Promise.resolve()
    for (let failures = 0; this.#waiting.length > 0; ) {
      const batch = this.#take()
      if (batch.length === 0) continue
      const lost = await this.#attempt(batch)
      failures = lost ? failures + 1 : 0
      if (lost) await backoff(failures - 1, AbortSignal.timeout(this.#options.appendTimeoutMs))
    }
    this.#running = undefined
  }

  #take(): Entry[] {
    const now = performance.now()
    const batch: Entry[] = []
    let bytes = 0
    for (let entry = this.#waiting[0]; entry; entry = this.#waiting[0]) {
      const fits = batch.length < BATCH_APPENDS && (batch.length === 0 || bytes + entry.sizeBytes <= BATCH_BYTES)
      if (!fits) break
      this.#waiting.shift()
      if (entry.deadlineMs <= now) {
        expire(entry)
        continue
      }
      batch.push(entry)
      bytes += entry.sizeBytes
    }
    return batch
  }

  /** Runs one transaction and answers its appends. Returns true when the connection was lost and those with time left wait again. */
  async #attempt(batch: readonly Entry[]): Promise<boolean> {
    const firstDeadlineMs = Math.min(...batch.map(({ deadlineMs }) => deadlineMs))
    const timer = new AbortController()
    const tooLate = (): void => timer.abort(new SessionLost({ session: 'append queue', cause: new Error('no answer in time') }))
    const timeout = setTimeout(tooLate, Math.max(0, firstDeadlineMs - performance.now()))
    try {
      const session = await this.#openSession(timer.signal)
      const { channel } = this.#options
      const sent = (index: number): void => {
        const entry = batch[index]
        if (entry) entry.sent = true
      }
      const verdicts = await orAborted(writeBatch(session, batch, { channel, onSent: sent }), timer.signal, session.lost)
      for (const [index, verdict] of verdicts.entries()) {
        if (verdict instanceof ConcurrencyConflict) batch[index]?.reject(verdict)
        else batch[index]?.resolve(verdict)
      }
      return false
    } catch (error) {
      return this.#recover(batch, error)
    } finally {
      clearTimeout(timeout)
    }
  }

  async #recover(batch: readonly Entry[], error: unknown): Promise<boolean> {
    const [only, ...others] = batch
    if (isConnectionLost(error)) {
      this.#session?.destroy()
      this.#session = undefined
      this.#options.logger?.warn({ error, appends: batch.length }, 'an append transaction lost its connection')
      for (const entry of batch) entry.lastFailure = error
      this.#waiting.unshift(...batch)
      return true
    }
    if (only && others.length === 0) {
      // Refused, so nothing of this attempt was stored; an earlier one may still have been.
      const facts = { stream: only.stream, doing: 'append', cause: error }
      only.reject(only.sent && only.lastFailure !== undefined ? new OutcomeUnknown(facts) : new StoreUnavailable(facts))
      return false
    }
    this.#options.logger?.warn({ error, appends: batch.length }, 'an append transaction was refused; its appends are tried one at a time')
    for (const entry of batch) if (entry.lastFailure === undefined) entry.sent = false
    for (const [index, entry] of batch.entries()) {
      const lost = await this.#attempt([entry])
      if (!lost) continue
      // It waits in front again; those behind it may build on it, and must stay behind.
      this.#waiting.splice(1, 0, ...batch.slice(index + 1))
      return true
    }
    return false
  }

  async #openSession(signal: AbortSignal): Promise<Session> {
    if (this.#session && !this.#session.lost.aborted) return this.#session
    const opening = this.#options.openSession()
    try {
      this.#session = await orAborted(opening, signal)
      return this.#session
    } catch (error) {
      // The one that comes too late has no owner any more.
      void opening.then((session) => session.destroy()).catch(() => undefined)
      throw error
    }
  }
}

function expire({ stream, sent, lastFailure, reject }: Entry): void {
  reject(sent ? new OutcomeUnknown({ stream, cause: lastFailure }) : new StoreUnavailable({ doing: 'append', cause: lastFailure }))
}
