/**
 * What one client of the older era is told on one stream. Events have ids, and the last of them are kept, so that a client whose connection broke
 * comes back with the last id it saw and misses nothing; nothing is sent twice on another stream.
 */
import type { EventSink, Reply } from './exchange.ts'

const KEPT_EVENTS = 256
const KEPT_BYTES = 1 << 20

export type StreamOptions = Readonly<{
  /** Within its session. */
  number: number
  /** Open with an empty event, so that the client knows an id from the beginning. */
  primes: boolean
  /** Events that fell out of the memory before anybody read them. */
  onOverflow: (count: number) => void
}>

export interface ClientStream {
  readonly number: number
  readonly attached: boolean
  /** Everything was said, and written to somebody; or nobody could come back for it, because nobody was told an id. */
  readonly done: boolean
  /** The answer may still go as plain JSON on this reply. */
  await(reply: Reply): void
  /** Turns a waiting reply into a stream. */
  open(): void
  push(text: string): void
  /** The last message of this stream. */
  finish(text: string | undefined): void
  /** A reader (again). `after`: what he has seen; without it he gets what nobody has read yet. */
  attach(sink: EventSink, after?: number): void
  detach(reader: EventSink): void
  comment(): void
}

export function createClientStream({ number, primes, onOverflow }: StreamOptions): ClientStream {
  let waiting: Reply | undefined
  let sink: EventSink | undefined
  /** The one on the reply of the request itself. */
  let opened: EventSink | undefined
  let finished = false
  let sequence = 0
  /** Up to which everything was written to a reader. */
  let written = 0
  const kept: { sequence: number; text: string }[] = []
  let keptBytes = 0

  function remember(text: string): void {
    kept.push({ sequence: ++sequence, text })
    keptBytes += text.length
    let dropped = 0
    while (kept.length > 1 && (kept.length > KEPT_EVENTS || keptBytes > KEPT_BYTES)) {
      const oldest = kept.shift()
      keptBytes -= oldest?.text.length ?? 0
      if (oldest !== undefined && oldest.sequence > written) dropped++
    }
    if (dropped > 0) onOverflow(dropped)
  }

  function flush(): void {
    if (sink === undefined) return
    for (const { sequence: at, text } of kept) {
      if (at <= written) continue
      if (!sink.event(text, `${number}.${at}`)) {
        sink = undefined
        return
      }
      written = at
    }
    if (finished) {
      sink.end()
      sink = undefined
    }
  }

  function open(): void {
    if (waiting === undefined) return
    if (!waiting.over) {
      sink = waiting.events()
      opened = sink
      if (primes) sink.event('', `${number}.0`)
    }
    waiting = undefined
  }

  return {
    number,
    get attached() {
      return sink !== undefined || waiting !== undefined
    },
    get done() {
      return finished && (written === sequence || (opened === undefined && number !== 0))
    },
    await(reply) {
      waiting = reply
      reply.onGone(() => {
        if (waiting === reply) waiting = undefined
        else if (sink === opened) sink = undefined
      })
    },
    open,
    push(text) {
      if (finished) return
      open()
      remember(text)
      flush()
    },
    finish(text) {
      if (finished) return
      finished = true
      if (waiting !== undefined && text !== undefined && !waiting.over) {
        const reply = waiting
        waiting = undefined
        sequence++
        written = sequence
        reply.json(200, text)
        return
      }
      open()
      if (text !== undefined) remember(text)
      flush()
    },
    attach(to, after) {
      sink?.end()
      sink = to
      if (after !== undefined) written = Math.min(after, sequence)
      flush()
    },
    detach(reader) {
      // Another reader may have taken over since.
      if (sink === reader) sink = undefined
    },
    comment() {
      sink?.comment()
    },
  }
}
