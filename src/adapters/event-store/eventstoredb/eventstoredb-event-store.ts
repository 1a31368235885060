/**
 * The event store on EventStoreDB, for clusters. Stream names carry the namespace as a prefix, which is also the only filter on the server; types
 * are filtered here. A `Position` is the commit position of the server's log.
 */
import {
  type Checkpoint,
  type EventStore,
  type Position,
  type RecordedEvent,
  StoreUnavailable,
  UnknownPosition,
} from '../../../domain/ports/event-store.ts'
import type { Logger } from '../../../domain/ports/logger.ts'
import { checkAppend } from '../shared/check-append.ts'
import { checkNamespace } from '../shared/namespace.ts'
import { appendWithin } from './append.ts'
import { catchUp } from './catch-up.ts'
import { Connection } from './connection.ts'
import { checkConnectionString } from './connection-string.ts'
import { isFinal, isStreamNotFound } from './failures.ts'
import { LiveFeed } from './live-feed.ts'
import { type From, Released, Silence } from './log-items.ts'
import { ForeignEvent, toRecordedEvent } from './recorded-event.ts'
import { subscribe } from './subscribe.ts'

export type EventStoreDbOptions = Readonly<{
  /** `esdb://` or `esdb+discover://`; without TLS only to a loopback address. On a secured server the user must be allowed to read `$all`. */
  url: string
  /** Permits a server on another machine without TLS. Default: no. */
  allowInsecure?: boolean
  namespace: string
  logger?: Logger
  /** After this time an append without an answer is an unknown outcome; default 10 000. */
  appendDeadlineMs?: number
}>

/** Revisions are 64 bits with a sign; no stream is longer. */
const LAST_REVISION = 2n ** 63n - 1n

/**
 * No traffic until the first call.
 * @throws InvalidConnectionString
 * @throws InvalidNamespace
 */
export function createEventStoreDbEventStore({
  url,
  allowInsecure = false,
  namespace,
  logger,
  appendDeadlineMs = 10_000,
}: EventStoreDbOptions): EventStore {
  const prefix = `${checkNamespace(namespace)}.`
  const connection = Connection.acquire(checkConnectionString(url, { allowInsecure }))
  const closing = new AbortController()
  const appending = new Set<Promise<unknown>>()
  let closed: Promise<void> | undefined

  const checkOpen = (doing: string): void => {
    if (closing.signal.aborted || closed) throw new StoreUnavailable({ doing, cause: new Error('the event store was closed') })
  }
  const untilClosed = (signal: AbortSignal | undefined): AbortSignal =>
    signal ? AbortSignal.any([signal, closing.signal]) : closing.signal

  /** Runs a read; its failures become ours. The caller's own reason for an abort is passed on as it is. */
  async function* reading<Item>(
    doing: string,
    signal: AbortSignal | undefined,
    batches: AsyncIterable<readonly Item[]>,
  ): AsyncGenerator<Item> {
    signal?.throwIfAborted()
    checkOpen(doing)
    try {
      for await (const items of batches) {
        for (const item of items) {
          yield item
          signal?.throwIfAborted()
        }
      }
    } catch (error) {
      signal?.throwIfAborted()
      checkOpen(doing)
      throw asReadFailure(doing, error)
    }
  }

  async function* streamEvents(
    stream: string,
    {
      from,
      direction,
      limit,
      signal,
    }: { from: bigint | undefined; direction: 'forwards' | 'backwards'; limit: number; signal: AbortSignal },
  ): AsyncGenerator<readonly RecordedEvent[]> {
    let next: From = from ?? (direction === 'forwards' ? 'start' : 'end')
    for (let left = limit, again = true; again && left > 0; ) {
      again = false
      try {
        for await (const items of connection.readStream(prefix + stream, { from: next, direction, limit: left }, signal)) {
          const events: RecordedEvent[] = []
          for (const item of items) {
            if (item instanceof Released) again = next !== -1n
            else if (!(item instanceof Silence) && item.event) {
              events.push(toRecordedEvent(item.event, prefix))
              next = item.event.revision + (direction === 'forwards' ? 1n : -1n)
            }
          }
          left -= events.length
          yield events
          if (again) break
        }
      } catch (error) {
        if (!isStreamNotFound(error)) throw error
      }
    }
  }

  async function* allEvents(
    after: Position | undefined,
    types: readonly string[] | undefined,
    limit: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly (RecordedEvent | Checkpoint)[]> {
    const until = await connection.head(signal)
    if (after !== undefined && (until === undefined || after > until || after < 0n)) throw new UnknownPosition({ position: after })
    if (until === undefined || limit <= 0) return
    const wanted = types && new Set(types)
    let left = limit
    if (after !== until) {
      for await (const items of catchUp(connection, prefix, { after, until, signal })) {
        const events = items.filter((item) => !('checkpoint' in item) && (!wanted || wanted.has(item.type))).slice(0, left)
        left -= events.length
        if (events.length > 0) yield events
        if (left === 0) return
      }
    }
    yield [{ checkpoint: until, caughtUp: true }]
  }

  return {
    async append(stream, expected, events) {
      const serialised = checkAppend(stream, events)
      checkOpen('append')
      const append = appendWithin(connection, prefix, { stream, expected, events: serialised }, appendDeadlineMs)
      appending.add(append)
      return append.finally(() => appending.delete(append))
    },

    readStream(stream, { from, direction = 'forwards', limit = Number.MAX_SAFE_INTEGER, signal } = {}) {
      const inRange = from === undefined || from <= LAST_REVISION ? from : direction === 'forwards' ? LAST_REVISION : undefined
      return reading(`read ${stream}`, signal, streamEvents(stream, { from: inRange, direction, limit, signal: untilClosed(signal) }))
    },

    readAll({ after, types, limit = Number.MAX_SAFE_INTEGER, signal } = {}) {
      return reading('read the log', signal, allEvents(after, types, limit, untilClosed(signal)))
    },

    async *subscribe({ after, types, signal }) {
      checkOpen('subscribe')
      const feed = LiveFeed.of(connection, prefix, logger)
      try {
        yield* subscribe(connection, feed, prefix, { after, types, signal: untilClosed(signal) }, logger)
      } catch (error) {
        throw asReadFailure('subscribe', error)
      }
    },

    async head() {
      checkOpen('read the head')
      return connection.head(closing.signal).catch((error: unknown) => {
        throw asReadFailure('read the head', error)
      })
    },

    close() {
      closed ??= (async () => {
        await Promise.allSettled(appending)
        closing.abort(new Error('the event store was closed'))
        await connection.release()
      })()
      return closed
    },
  }
}

/** Everything that is no verdict of ours is an outage, except what no waiting will change. */
function asReadFailure(doing: string, error: unknown): unknown {
  if (error instanceof UnknownPosition || error instanceof ForeignEvent || error instanceof StoreUnavailable) return error
  if (isFinal(error)) return new Error(`the server refuses to ${doing}`, { cause: error })
  return new StoreUnavailable({ doing, cause: error })
}
