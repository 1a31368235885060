/** The answer to one stateless request: plain JSON, or a stream from the first thing that is said before the result. */
import type { EventSink, Reply } from './exchange.ts'

export interface StatelessReply {
  readonly over: boolean
  /** Returns false when nobody reads. */
  notify(text: string): boolean
  finish(status: number, text: string): void
  comment(): void
}

export function createStatelessReply(reply: Reply, onFinished: () => void): StatelessReply {
  let sink: EventSink | undefined
  let over = false
  return {
    get over() {
      return over || reply.over
    },
    notify(text) {
      if (over || reply.over) return false
      sink ??= reply.events()
      return sink.event(text)
    },
    finish(status, text) {
      if (over) return
      over = true
      onFinished()
      if (reply.over) return
      if (sink === undefined) reply.json(status, text)
      else {
        sink.event(text)
        sink.end()
      }
    },
    comment: () => sink?.comment(),
  }
}
