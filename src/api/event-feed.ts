/**
 * The live feed of events over server-sent events. Each client pulls from its own subscription, so a slow one costs no memory; one that does
 * not read at all is dropped. The number of feeds is bounded, and a feed ends when its key no longer allows it.
 */
import type { Checkpoint, EventStore, Position, RecordedEvent } from '../domain/ports/event-store.ts'
import type { Metrics } from '../domain/ports/metrics.ts'
import { ApiError } from './api-error.ts'
import { recordedEventJson } from './schemas/event.ts'
import type { May } from './veil.ts'

export type FeedLimits = Readonly<{
  maxFeeds: number
  maxFeedsPerKey: number
  heartbeatMs: number
  /** A client that took nothing for so long is dropped. */
  stallMs: number
  /** How often the key is looked at again. */
  recheckMs: number
}>

export const defaultFeedLimits: FeedLimits = {
  maxFeeds: 200,
  maxFeedsPerKey: 20,
  heartbeatMs: 15_000,
  stallMs: 30_000,
  recheckMs: 15_000,
}

export type FeedRequest = Readonly<{
  keyId: string
  may: May
  /** Undefined: from the beginning of the log. */
  after: Position | undefined
  types: readonly string[] | undefined
  matches: (event: RecordedEvent) => boolean
  stillAllowed: () => Promise<boolean>
  signal: AbortSignal
}>

export interface EventFeeds {
  /** @throws ApiError `too-many-streams`, `shutting-down` */
  open(request: FeedRequest): ReadableStream<Uint8Array>
  /** Ends all feeds, and opens no more. */
  close(): void
}

export type FeedMetric = 'steward_http_streams' | 'steward_http_streams_dropped_total'

const KIND = { kind: 'events' }
const encoder = new TextEncoder()

export function createEventFeeds({
  events,
  metrics,
  limits = defaultFeedLimits,
}: {
  events: Pick<EventStore, 'subscribe'>
  metrics: Metrics<FeedMetric>
  limits?: FeedLimits
}): EventFeeds {
  const feeds = new Map<AbortController, string>()
  let closed = false

  function admit(keyId: string): AbortController {
    if (closed) throw new ApiError('shutting-down')
    const ofKey = [...feeds.values()].filter((each) => each === keyId).length
    if (feeds.size >= limits.maxFeeds || ofKey >= limits.maxFeedsPerKey) {
      throw new ApiError('too-many-streams', { headers: { 'retry-after': '5' } })
    }
    const controller = new AbortController()
    feeds.set(controller, keyId)
    metrics.set('steward_http_streams', feeds.size, KIND)
    return controller
  }

  function dismiss(controller: AbortController): void {
    if (feeds.delete(controller)) metrics.set('steward_http_streams', feeds.size, KIND)
  }

  return {
    open(request) {
      const controller = admit(request.keyId)
      controller.signal.addEventListener('abort', () => dismiss(controller), { once: true })
      return feed({ request, controller, events, limits, onDropped: () => metrics.count('steward_http_streams_dropped_total', KIND) })
    },
    close() {
      closed = true
      for (const controller of [...feeds.keys()]) controller.abort()
    },
  }
}

function feed({
  request,
  controller,
  events,
  limits: { heartbeatMs, stallMs, recheckMs },
  onDropped,
}: {
  request: FeedRequest
  controller: AbortController
  events: Pick<EventStore, 'subscribe'>
  limits: FeedLimits
  onDropped: () => void
}): ReadableStream<Uint8Array> {
  const signal = AbortSignal.any([controller.signal, request.signal])
  const subscription = events
    .subscribe({
      signal,
      ...(request.after === undefined ? {} : { after: request.after }),
      ...(request.types === undefined ? {} : { types: request.types }),
    })
    [Symbol.asyncIterator]()
  let pending: Promise<IteratorResult<RecordedEvent | Checkpoint>> | undefined
  /** Everything that matches up to here was given. */
  let passed = request.after ?? 0n
  let takenAtMs = performance.now()
  let timers: NodeJS.Timeout[] = []
  const eventJson = recordedEventJson(request.may)

  const end = () => {
    for (const timer of timers) clearInterval(timer)
    timers = []
    controller.abort()
  }

  return new ReadableStream<Uint8Array>(
    {
      start(sink) {
        // What a client gets at once: it is connected, how long to wait before it connects again, and where to go on from then.
        sink.enqueue(encoder.encode(`retry: 2000\n${mark(passed)}`))
        const finish = () => {
          end()
          closeQuietly(sink)
        }
        if (signal.aborted) return finish()
        signal.addEventListener('abort', finish, { once: true })
        timers = [
          setInterval(() => {
            // Room in the queue means that the client reads; without room, count how long it has not.
            if ((sink.desiredSize ?? 0) > 0) sink.enqueue(encoder.encode(`: still here\n${mark(passed)}`))
            else if (performance.now() - takenAtMs > stallMs) {
              onDropped()
              end()
              sink.error(new Error('the client does not read'))
            }
          }, heartbeatMs),
          setInterval(() => {
            request.stillAllowed().then(
              (allowed) => {
                if (!allowed) finish()
              },
              // Whether the key is still good cannot be found out now; the next look may.
              () => undefined,
            )
          }, recheckMs),
        ]
      },
      async pull(sink) {
        takenAtMs = performance.now()
        try {
          for (;;) {
            pending ??= subscription.next()
            const next = await pending
            pending = undefined
            if (next.done) {
              end()
              return closeQuietly(sink)
            }
            const item = next.value
            passed = 'checkpoint' in item ? item.checkpoint : item.position
            if (!('checkpoint' in item) && request.matches(item)) return sink.enqueue(encoder.encode(frame(eventJson(item))))
          }
        } catch (error) {
          end()
          if (signal.aborted) closeQuietly(sink)
          else sink.error(error)
        }
      },
      cancel() {
        end()
      },
    },
    { highWaterMark: 16 },
  )
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html: JSON has no raw line breaks, so one data line is enough. */
const frame = (event: ReturnType<ReturnType<typeof recordedEventJson>>): string =>
  `id: ${event.position}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`

/** A frame without data moves the client's Last-Event-ID and shows nothing: a filter that seldom matches is not searched from far behind. */
const mark = (position: Position): string => `id: ${position}\n\n`

function closeQuietly(sink: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    sink.close()
  } catch {
    // Already closed or failed: then there is nothing left to say.
  }
}
