/**
 * One subscriber: it reads the past by itself, joins the shared live feed at the head, and goes back to reading by itself whenever it was too slow
 * for the feed. Between the two nothing is lost and nothing comes twice, because every event at or below the last one given is passed over.
 */
import { type Checkpoint, type Position, type RecordedEvent, UnknownPosition } from '../../../domain/ports/event-store.ts'
import type { Logger } from '../../../domain/ports/logger.ts'
import { backoffMs } from './backoff.ts'
import { catchUp } from './catch-up.ts'
import type { Connection } from './connection.ts'
import { ATTEMPTS_PER_WARNING, type LiveFeed, mayPass } from './live-feed.ts'
import { pause } from './pause.ts'
import type { Seat } from './seat.ts'

/** How many events that do not match may pass between two checkpoints. */
const CHECKPOINT_INTERVAL_EVENTS = 1_000

/** At least so many events lie between two checkpoints of the server. */
const CHECKPOINT_INTERVAL_OF_SERVER_EVENTS = 32

/** How often the server must refuse the position of the caller before it is believed. */
const REFUSALS_BEFORE_BELIEF = 3

export type Subscription = Readonly<{ after: Position | undefined; types: readonly string[] | undefined; signal: AbortSignal }>

export async function* subscribe(
  connection: Connection,
  feed: LiveFeed,
  prefix: string,
  { after, types, signal }: Subscription,
  logger: Logger | undefined,
): AsyncGenerator<RecordedEvent | Checkpoint> {
  const progress = new Progress(after, types)
  // A server that stops may refuse a good position in the same words as a bad one.
  let proven = after === undefined
  let refusals = 0
  for (let attempt = 0; !signal.aborted; ) {
    let seat: Seat | undefined
    const seenBefore = progress.seen
    try {
      const head = await connection.head(signal)
      if (after !== undefined && progress.seen === after && (head === undefined || after > head))
        throw new UnknownPosition({ position: after })
      if (head !== undefined && (progress.seen === undefined || head > progress.seen)) {
        yield* progress.give(catchUp(connection, prefix, { after: progress.seen, until: head, signal }), signal)
        progress.seen = head
      }
      proven = true
      // The seat is taken first and the rest read behind it, so that nothing falls between the read and the feed.
      seat = feed.sit(head)
      yield* progress.give(untilFeed(connection, feed, prefix, progress, signal), signal)
      attempt = 0
      yield* progress.live(feed, seat, signal)
    } catch (error) {
      if (signal.aborted) return
      if (!mayPass(error)) throw error
      if (error instanceof UnknownPosition && !proven) {
        refusals += 1
        if (error.cause === undefined || refusals === REFUSALS_BEFORE_BELIEF) throw error
      }
      if (progress.seen !== seenBefore) attempt = 0
      if (attempt % ATTEMPTS_PER_WARNING === 0)
        logger?.warn({ error, attempt }, 'a subscription broke and goes on behind the last event it has given')
      await pause(backoffMs(attempt), signal)
      attempt += 1
    } finally {
      if (seat) feed.stand(seat)
    }
  }
}

/** What the feed had passed when the seat was taken, and this subscriber has not. */
async function* untilFeed(
  connection: Connection,
  feed: LiveFeed,
  prefix: string,
  progress: Progress,
  signal: AbortSignal,
): AsyncGenerator<readonly (RecordedEvent | Checkpoint)[]> {
  const until = feed.position
  if (until === undefined || (progress.seen !== undefined && progress.seen >= until)) return
  yield* catchUp(connection, prefix, { after: progress.seen, until, signal })
  progress.seen = until
}

/** How far one subscriber has come, and what it was told. */
class Progress {
  /** Everything up to here was given. */
  seen: Position | undefined
  readonly #types: ReadonlySet<string> | undefined
  #passedOver = 0
  #told: Checkpoint | undefined

  constructor(after: Position | undefined, types: readonly string[] | undefined) {
    this.seen = after
    this.#types = types && new Set(types)
  }

  async *give(
    batches: AsyncIterable<readonly (RecordedEvent | Checkpoint)[]>,
    signal: AbortSignal,
  ): AsyncGenerator<RecordedEvent | Checkpoint> {
    for await (const items of batches) {
      for (const item of items) {
        if (signal.aborted) return
        if ('checkpoint' in item) this.seen = item.checkpoint
        const given = 'checkpoint' in item ? this.#passOver(CHECKPOINT_INTERVAL_OF_SERVER_EVENTS) : this.#event(item)
        if (given) yield given
      }
    }
  }

  async *live(feed: LiveFeed, seat: Seat, signal: AbortSignal): AsyncGenerator<RecordedEvent | Checkpoint> {
    while (!signal.aborted) {
      feed.check()
      if (seat.overflowed) return
      for (const event of seat.take()) {
        const given = this.#event(event)
        if (given) yield given
        if (signal.aborted) return
      }
      if (seat.overflowed) return
      if (seat.queue.length > 0) continue
      // With an empty queue, everything the feed has passed was given.
      if (feed.position !== undefined && (this.seen === undefined || feed.position > this.seen)) this.seen = feed.position
      if (this.seen !== undefined && (this.#told?.checkpoint !== this.seen || (feed.live && !this.#told.caughtUp))) {
        yield this.#tell(feed.live)
        continue
      }
      await seat.news(signal)
    }
  }

  /** What the subscriber gets for an event: it, a checkpoint now and then instead of what does not match, or nothing. */
  #event(event: RecordedEvent): RecordedEvent | Checkpoint | undefined {
    if (this.seen !== undefined && event.position <= this.seen) return undefined
    this.seen = event.position
    if (this.#types && !this.#types.has(event.type)) return this.#passOver(1)
    this.#passedOver = 0
    return event
  }

  #passOver(count: number): Checkpoint | undefined {
    this.#passedOver += count
    return this.#passedOver >= CHECKPOINT_INTERVAL_EVENTS ? this.#tell(false) : undefined
  }

  #tell(caughtUp: boolean): Checkpoint {
    this.#passedOver = 0
    this.#told = { checkpoint: this.seen ?? 0n, caughtUp }
    return this.#told
  }
}
