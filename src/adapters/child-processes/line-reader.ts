/**
 * The standard output of a program as lines. Every byte is looked at once and copied at most once, whatever the pieces it comes in; memory is
 * bounded by the longest line allowed; while paused, neither the pipe nor what was already read is touched.
 */
import type { Readable } from 'node:stream'
import type { ChildReader } from '../../domain/ports/child-processes.ts'

export type LineReading = Readonly<{
  read(reader: ChildReader): void
  pause(): void
  resume(): void
  /** Nothing more will come: called when everything that could write has gone. */
  abandon(): void
}>

const NEWLINE = 0x0a

export function readLines(source: Readable, { maxLineBytes, tooLong }: LineReadingOptions): LineReading {
  let reader: ChildReader | undefined
  let paused = false
  /** No line may follow: it was told so, or a line was too long. */
  let over = false
  let ended = false
  let delivering = false
  /** Pieces of the line that is not complete yet. */
  let begun: Buffer[] = []
  let begunBytes = 0
  /** Bytes that were read before the pause and not yet looked at. */
  let waiting: Buffer | undefined

  function take(bytes: Buffer, to: ChildReader): void {
    let from = 0
    while (!paused && !over) {
      const at = bytes.indexOf(NEWLINE, from)
      const end = at === -1 ? bytes.length : at
      if (begunBytes + end - from > maxLineBytes) {
        refuse(to)
        return
      }
      if (at === -1) {
        if (from < end) begin(bytes.subarray(from))
        return
      }
      const text = begunBytes === 0 ? bytes.toString('utf8', from, at) : complete(bytes.subarray(from, at))
      from = at + 1
      to.line(text)
    }
    if (!over && from < bytes.length) waiting = bytes.subarray(from)
  }

  function begin(piece: Buffer): void {
    begun.push(piece)
    begunBytes += piece.length
  }

  function complete(piece: Buffer): string {
    begun.push(piece)
    const text = Buffer.concat(begun, begunBytes + piece.length).toString('utf8')
    begun = []
    begunBytes = 0
    return text
  }

  function refuse(to: ChildReader): void {
    over = true
    begun = []
    // First its end, then the pipe: a program that meets a closed pipe ends in its own way, and would be taken for one that failed by itself.
    tooLong()
    source.destroy()
    to.ended('too-long')
  }

  /** Also a reader that pauses or resumes from within `line` comes through here, and gets its lines in order. */
  function goOn(): void {
    if (reader === undefined || delivering || paused || over) return
    delivering = true
    try {
      while (waiting !== undefined && !paused && !over) {
        const bytes = waiting
        waiting = undefined
        take(bytes, reader)
      }
    } finally {
      delivering = false
    }
    if (paused || over) return
    if (ended) {
      over = true
      reader.ended('closed')
    } else source.resume()
  }

  function atEnd(): void {
    ended = true
    goOn()
  }

  source.on('data', (bytes: Buffer) => {
    waiting = waiting === undefined ? bytes : Buffer.concat([waiting, bytes])
    goOn()
  })
  // Nothing is lost before somebody reads.
  source.pause()
  source.once('end', atEnd)
  source.once('close', atEnd)
  source.on('error', atEnd)

  return {
    read(to) {
      if (reader !== undefined) throw new TypeError('the output of a program has one reader')
      reader = to
      goOn()
    },
    pause() {
      paused = true
      source.pause()
    },
    resume() {
      paused = false
      goOn()
    },
    abandon() {
      source.destroy()
    },
  }
}

export type LineReadingOptions = Readonly<{ maxLineBytes: number; tooLong(): void }>
