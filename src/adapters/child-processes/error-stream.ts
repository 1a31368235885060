/**
 * What a program writes on its error stream: its end is kept to explain a failure, all of it goes into a bounded file. A program that prints
 * without end is read no faster than it may be: it waits on its pipe, and costs us neither memory nor a core.
 */
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { createRotatedFile } from './rotated-file.ts'
import { createTail } from './tail.ts'

export type ErrorStream = Readonly<{
  tail(): string
  /** The program has ended: takes what is still in the pipe, then closes the file. */
  close(): Promise<void>
}>

export function readErrors(source: Readable, { logPath, maxLogBytes, problem }: ErrorStreamOptions): ErrorStream {
  const tail = createTail(TAIL_BYTES)
  const file = logPath === undefined ? undefined : createRotatedFile(logPath, { maxBytes: maxLogBytes, problem })
  const ended = new AbortController()
  let allowance = BURST_BYTES
  let filledAtMs = performance.now()

  const { promise: over, resolve: isOver } = Promise.withResolvers<void>()
  source.on('data', (bytes: Buffer) => {
    tail.push(bytes)
    const written = file?.write(bytes)
    const now = performance.now()
    allowance = Math.min(BURST_BYTES, allowance + ((now - filledAtMs) / 1_000) * BYTES_PER_S) - bytes.length
    filledAtMs = now
    if (allowance > 0) return
    source.pause()
    void Promise.all([written, delay(PAUSE_MS, undefined, { signal: ended.signal, ref: false }).catch(() => undefined)]).then(() =>
      source.resume(),
    )
  })
  source.on('error', () => undefined)
  source.once('close', isOver)

  return {
    tail: tail.text,
    async close() {
      ended.abort()
      await Promise.race([over, delay(LAST_WORDS_MS, undefined, { ref: false })])
      source.destroy()
      await file?.close()
    },
  }
}

export type ErrorStreamOptions = Readonly<{ logPath: string | undefined; maxLogBytes: number; problem(error: unknown): void }>

const TAIL_BYTES = 64 * 1024
const BURST_BYTES = 4 * 1024 * 1024
const BYTES_PER_S = 2 * 1024 * 1024
const PAUSE_MS = 50
/** Everything that could write has gone, so the pipe ends as soon as it is empty. */
const LAST_WORDS_MS = 1_000
