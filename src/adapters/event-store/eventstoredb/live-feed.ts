/**
 * The one live subscription of a namespace in this process, shared by all its subscribers. It never waits for any of them: a subscriber that does
 * not keep up is dropped from it and reads on by itself, so that a slow one costs the others nothing and itself a bounded queue.
 */
import type { Position, RecordedEvent } from '../../../domain/ports/event-store.ts'
import type { Logger } from '../../../domain/ports/logger.ts'
import { backoffMs } from './backoff.ts'
import type { Connection } from './connection.ts'
import { isFinal, NoAnswer } from './failures.ts'
import { CaughtUp, CheckpointReached, isResolved, positionOf, Released, Silence } from './log-items.ts'
import { pause } from './pause.ts'
import { type ClientEvent, isOfServer, toRecordedEvent } from './recorded-event.ts'
import { PENDING_DEADLINE_MS, SILENCES_WHILE_PENDING, scan } from './scan.ts'
import { Seat } from './seat.ts'

/** In silence, the head is compared this often (in silences of 100 ms): foreign events move it without a word from the server. */
const SILENCES_BETWEEN_HEADS = 5

/** An outage of an hour is worth some lines in the log, not thousands. */
export const ATTEMPTS_PER_WARNING = 30

export class LiveFeed {
  readonly #connection: Connection
  readonly #prefix: string
  readonly #logger: Logger | undefined
  readonly #seats = new Set<Seat>()
  #running: AbortController | undefined
  #failure: unknown
  /** Everything of the namespace up to here was offered to every seat that was taken before. Undefined: the log was empty. */
  position: Position | undefined
  /** Nothing more is known to lie behind `position`. */
  live = false

  private constructor(connection: Connection, prefix: string, logger: Logger | undefined) {
    this.#connection = connection
    this.#prefix = prefix
    this.#logger = logger
  }

  static of(connection: Connection, prefix: string, logger: Logger | undefined): LiveFeed {
    const name = `live-feed ${prefix}`
    const existing = connection.shared.get(name)
    if (existing instanceof LiveFeed) return existing
    const feed = new LiveFeed(connection, prefix, logger)
    connection.shared.set(name, feed)
    return feed
  }

  /**
   * Takes a place. The feed begins with the first one, at `head`, and ends with the last.
   * What lies before `position`, as it is when this returns, is for the subscriber to read.
   */
  sit(head: Position | undefined): Seat {
    const seat = new Seat()
    this.#seats.add(seat)
    if (!this.#running) {
      this.#running = new AbortController()
      this.#failure = undefined
      this.position = head
      this.live = false
      void this.#run(this.#running.signal)
    }
    return seat
  }

  stand(seat: Seat): void {
    this.#seats.delete(seat)
    if (this.#seats.size > 0) return
    this.#running?.abort()
    this.#running = undefined
  }

  /** @throws what ended the feed for good, when something did. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await this.#follow(signal, () => {
          attempt = 0
        })
      } catch (error) {
        if (signal.aborted) return
        if (!mayPass(error)) {
          this.#failure = error
          this.#news()
          return
        }
        if (attempt % ATTEMPTS_PER_WARNING === 0) this.#logger?.warn({ error, attempt }, 'the live subscription broke and is made again')
      }
      this.live = false
      await pause(backoffMs(attempt), signal)
    }
  }

  async #follow(signal: AbortSignal, worked: () => void): Promise<void> {
    // What was there before the subscription is delivered when the server says "caught up".
    const head = await this.#connection.head(signal)
    let silences = 0
    for await (const items of this.#connection.subscribe(this.#prefix, this.position ?? 'start', signal)) {
      for (const item of items) {
        if (signal.aborted) return
        if (item instanceof Silence) {
          silences += 1
          continue
        }
        // The look at the head took so long that the stream was given back.
        if (item instanceof Released) return
        silences = 0
        worked()
        if (item instanceof CaughtUp) {
          this.live = true
          this.#moveTo(head)
        } else if (item instanceof CheckpointReached) this.#moveTo(item.position)
        else if (isResolved(item) && item.event) this.#see(item.event, positionOf(item))
      }
      if (silences === 0) this.#news()
      else if (silences % SILENCES_BETWEEN_HEADS === 0) {
        const pending = await this.#compareHead(signal)
        if (pending && silences >= SILENCES_WHILE_PENDING) throw new NoAnswer(PENDING_DEADLINE_MS)
      }
    }
    throw new Error('the subscription ended')
  }

  #see(event: ClientEvent, position: Position | undefined): void {
    if (isOfServer(event)) {
      const { streamId: stream, type } = event
      this.#logger?.warn({ stream, type }, 'an event of the server itself is passed over: the stream was deleted, or linked into')
      this.#moveTo(position)
    } else this.#offer(toRecordedEvent(event, this.#prefix), position)
  }

  #offer(event: RecordedEvent, position: Position | undefined): void {
    if (this.position !== undefined && event.position <= this.position) return
    const sizeBytes = JSON.stringify(event.data).length
    for (const seat of this.#seats) seat.offer(event, sizeBytes)
    this.#moveTo(position)
  }

  /** The head may be foreign, and the server does not tell of it until 32 such events have passed. True: an event is there, and did not come yet. */
  async #compareHead(signal: AbortSignal): Promise<boolean> {
    const head = await this.#connection.head(signal)
    if (head === undefined || (this.live && this.position !== undefined && head <= this.position)) return false
    const { reached, pending } = await scan(this.#connection, this.#prefix, { after: this.position, until: head, signal })
    if (pending) return true
    const wasLive = this.live
    const before = this.position
    this.#moveTo(reached)
    if (reached >= head) this.live = true
    if (this.live !== wasLive || this.position !== before) this.#news()
    return false
  }

  #moveTo(position: Position | undefined): void {
    if (position !== undefined && (this.position === undefined || position > this.position)) this.position = position
  }

  #news(): void {
    for (const seat of this.#seats) seat.wake()
  }
}

/** What another attempt may get over. A foreign event in our namespace, or missing rights, will be there again. */
export const mayPass = (error: unknown): boolean => !isFinal(error) && !(error instanceof Error && error.name === 'ForeignEvent')
