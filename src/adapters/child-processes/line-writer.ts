/**
 * Lines into the standard input of a program. What is written in one turn goes out in one system call; a program that does not read makes its
 * writers wait, and one that is gone, or has closed its input, refuses them.
 */
import type { Writable } from 'node:stream'
import { InputClosed } from '../../domain/ports/child-processes.ts'

export type LineWriting = Readonly<{
  write(line: string): Promise<void>
  /** No line is taken any more; what was taken is still sent, as far as the program reads it. */
  end(): void
  /** Closes at once, whatever is still to be sent. */
  destroy(): void
}>

const TAKEN = Promise.resolve()

export function writeLines(sink: Writable): LineWriting {
  let batch = ''
  let closed: unknown
  let isClosed = false
  let waiting: PromiseWithResolvers<void> | undefined

  function flush(): void {
    if (batch === '') return
    const text = batch
    batch = ''
    if (!isClosed && !sink.write(text) && waiting === undefined) wait()
  }

  function wait(): PromiseWithResolvers<void> {
    waiting = Promise.withResolvers<void>()
    // Whoever wrote before the pipe was full does not wait for it.
    waiting.promise.catch(() => undefined)
    return waiting
  }

  function close(cause: unknown): void {
    if (isClosed) return
    isClosed = true
    closed = cause
    waiting?.reject(new InputClosed(cause))
    waiting = undefined
  }

  sink.on('drain', () => {
    waiting?.resolve()
    waiting = undefined
  })
  sink.on('error', close)
  sink.on('close', () => close(undefined))

  return {
    write(line) {
      if (isClosed || sink.writableEnded) return Promise.reject(new InputClosed(closed))
      if (line.includes('\n')) return Promise.reject(new TypeError('a line holds no newline'))
      if (batch === '') queueMicrotask(flush)
      batch += `${line}\n`
      if (waiting !== undefined) return waiting.promise
      // A batch beyond what the pipe takes at once: the writer learns it now, not after it has written everything it has.
      if (batch.length < sink.writableHighWaterMark) return TAKEN
      flush()
      return waitingOr(TAKEN)
    },
    end() {
      flush()
      sink.end()
    },
    destroy() {
      sink.destroy()
    },
  }

  function waitingOr(otherwise: Promise<void>): Promise<void> {
    return waiting === undefined ? otherwise : waiting.promise
  }
}
