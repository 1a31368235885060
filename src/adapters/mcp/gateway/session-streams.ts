/**
 * The streams of one session: the one on which its client listens, and one for each request. A request's stream is kept for a while after its end,
 * for a client that comes back because its connection broke; nothing is told on two of them.
 */
import { takesPrimingEvent } from '../../../domain/mcp/versions.ts'
import { type ClientStream, createClientStream } from './client-stream.ts'
import type { Reply } from './exchange.ts'

export interface SessionStreams {
  /** Whether the client listens. */
  readonly listening: boolean
  /** For the answer of one request. */
  open(reply: Reply): ClientStream
  /** Its last message was said. */
  finished(stream: ClientStream): void
  /** On which something goes that belongs to no single call: that on which the client listens, or that of a call under way. */
  route(preferListening: boolean): ClientStream
  /** The client listens (again). Returns whether on the stream that belongs to no request. */
  listen(reply: Reply, lastEventId: string | undefined): boolean
  expire(nowMs: number): void
  /** Keeps what lies between from closing quiet streams. */
  keepAlive(): void
  close(): void
}

/** How long a finished or broken stream can still be asked for. */
const KEPT_MS = 300_000

export type SessionStreamsOptions = Readonly<{
  /** As it was agreed on by now. */
  version: () => string
  nowMs: () => number
  refused: (rule: string, says: string) => void
}>

export function createSessionStreams({ version, nowMs, refused }: SessionStreamsOptions): SessionStreams {
  const live = new Set<ClientStream>()
  const kept = new Map<number, { stream: ClientStream; sinceMs: number }>()
  let last = 0
  const standalone = make(0)

  function make(number: number): ClientStream {
    return createClientStream({
      number,
      primes: takesPrimingEvent(version()),
      onOverflow: (count) => refused('stream-overflow', `${count} events were not read in time and are lost`),
    })
  }

  function numbered(number: number): ClientStream | undefined {
    if (number === 0) return standalone
    for (const stream of live) if (stream.number === number) return stream
    return kept.get(number)?.stream
  }

  return {
    get listening() {
      return standalone.attached
    },
    open(reply) {
      const stream = make(++last)
      stream.await(reply)
      live.add(stream)
      return stream
    },
    finished(stream) {
      live.delete(stream)
      if (!stream.done) kept.set(stream.number, { stream, sinceMs: nowMs() })
    },
    route(preferListening) {
      if (preferListening && standalone.attached) return standalone
      const [one] = live
      return one === undefined || (standalone.attached && live.size > 1) ? standalone : one
    },
    listen(reply, lastEventId) {
      const [number, after] =
        /^(\d{1,9})\.(\d{1,9})$/
          .exec(lastEventId ?? '')
          ?.slice(1)
          .map(Number) ?? []
      // An id that is not known any more starts the listening stream anew, as one without an id does.
      const resumed = number === undefined ? undefined : numbered(number)
      const stream = resumed ?? standalone
      const sink = reply.events()
      reply.onGone(() => stream.detach(sink))
      stream.attach(sink, resumed === undefined ? undefined : after)
      return stream === standalone
    },
    expire(now) {
      for (const [number, { sinceMs, stream }] of kept) if (stream.done || now - sinceMs > KEPT_MS) kept.delete(number)
    },
    keepAlive() {
      standalone.comment()
      for (const stream of live) stream.comment()
    },
    close: () => standalone.finish(undefined),
  }
}
