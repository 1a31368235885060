/**
 * Writes down which tools were called. Taking a call waits for nothing and never throws; a batch is recorded once however often its append has to
 * be repeated; and while the log is away, calls wait in bounded memory. What has to be dropped then is counted and told to the log afterwards.
 */
import { elapsedMs } from '../../domain/instant.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Codec } from '../../domain/ports/codec.ts'
import type { EventStore } from '../../domain/ports/event-store.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { Metrics } from '../../domain/ports/metrics.ts'
import type { ToolCall } from '../../domain/usage/call.ts'
import { toolCallsStream, USAGE_FLUSH_MS } from '../../domain/usage/events.ts'
import { argumentsExcerpt } from '../../domain/usage/excerpt.ts'
import { DAY_MS } from '../../domain/usage/windows.ts'
import { inParallel } from './in-parallel.ts'
import { clipped, OTHER_TOOLS, sizeOf, type TakenCall, takenCall, type UsageBatch } from './usage-batch.ts'
import { createUsageWriter } from './usage-writer.ts'

export type UsageRecorderOptions = Readonly<{
  store: EventStore
  codec: Codec
  ids: Ids
  clock: Clock
  logger: Logger
  metrics: Metrics
  /** Whether arguments of calls of this server are kept, redacted and cut. Default: of none. */
  keepsArguments?: (serverId: string) => boolean
  /** Longest time between the end of a call and its append. Default 250 ms: what a second of many calls takes to record at once, their callers would feel. */
  flushMs?: number
  /** A batch is appended before its time when it holds so many calls (2 000) or bytes (500 000). */
  batchCalls?: number
  batchBytes?: number
  /** What may wait while the log is away. Default 32 MiB: about 100 000 calls. */
  mostWaitingBytes?: number
}>

export interface UsageRecorder {
  /** Takes a finished call. */
  record(call: ToolCall): void
  /** Records until `signal` aborts, then what is left; gives up when `drain` aborts. No call may be taken after it has resolved. */
  run(ending: Readonly<{ signal: AbortSignal; drain: AbortSignal }>): Promise<void>
  standing(): UsageStanding
  /** Tells the metrics how many calls wait. Before each scrape: while the log is away, nothing else would tell. */
  show(): void
}

/** Calls that are taken and not yet in the log, and those dropped since the start. */
export type UsageStanding = Readonly<{ waitingCalls: number; waitingBytes: number; droppedCalls: number }>

/** Names of tools per server and day that are kept apart. Beyond them somebody is calling names at random, and each would be a row for ninety days. */
const MOST_TOOLS = 1_000
const WRITES_AT_ONCE = 8

export function createUsageRecorder({
  keepsArguments = () => false,
  flushMs = USAGE_FLUSH_MS,
  batchCalls = 2_000,
  batchBytes = 500_000,
  mostWaitingBytes = 32 * 1024 * 1024,
  ...options
}: UsageRecorderOptions): UsageRecorder {
  const { clock, logger, metrics } = options
  const books = new Map<string, Book>()
  /** Full, oldest first. */
  const sealed: UsageBatch[] = []
  /** By server, not yet told to the log. */
  const losses = new Map<string, number>()
  const writer = createUsageWriter(options)
  let waitingCalls = 0
  let waitingBytes = 0
  let droppedCalls = 0
  let isDropping = false
  let wake: () => void = () => undefined
  let lastDay = { number: Number.NaN, text: '' }

  const dayOf = (startedAtMs: number): string => {
    const number = Math.floor(startedAtMs / DAY_MS)
    if (number !== lastDay.number) lastDay = { number, text: new Date(number * DAY_MS).toISOString().slice(0, 10) }
    return lastDay.text
  }

  const bookOf = (serverId: string, day: string): Book => {
    const stream = toolCallsStream(serverId, day)
    const known = books.get(stream)
    if (known) return known
    const made: Book = { serverId, day, stream, tools: new Set(), calls: [], bytes: 0 }
    books.set(stream, made)
    return made
  }

  function seal(book: Book): void {
    const lost = losses.get(book.serverId)
    if (book.calls.length === 0 && lost === undefined) return
    losses.delete(book.serverId)
    const { serverId, day, stream, calls, bytes } = book
    sealed.push({ serverId, day, stream, calls, bytes, ...(lost === undefined ? {} : { lost }) })
    book.calls = []
    book.bytes = 0
  }

  function drop(serverId: string, calls: number, reason: 'log-away' | 'refused' | 'stopped'): void {
    droppedCalls += calls
    if (reason === 'log-away') losses.set(serverId, (losses.get(serverId) ?? 0) + calls)
    metrics.count('steward_usage_dropped_total', { reason }, calls)
  }

  async function write(batch: UsageBatch, drain: AbortSignal): Promise<void> {
    const { serverId, calls, bytes, lost = 0 } = batch
    const written = await writer.write(batch, drain)
    waitingCalls -= calls.length
    waitingBytes -= bytes
    if (written !== 'written') drop(serverId, calls.length, written)
    // Known, but not told: the next batch of the server tells it.
    if (written !== 'written' && lost > 0) losses.set(serverId, (losses.get(serverId) ?? 0) + lost)
  }

  async function writeSealed(drain: AbortSignal): Promise<void> {
    // Batches of one stream one after the other, since each expects the one before; streams beside each other.
    const byStream = Map.groupBy(sealed.splice(0), ({ stream }) => stream)
    await inParallel([...byStream.values()], WRITES_AT_ONCE, async (batches) => {
      for (const batch of batches) await write(batch, drain)
    })
    if (isDropping && waitingBytes < mostWaitingBytes) {
      isDropping = false
      logger.warn({ droppedCalls }, 'tool calls are recorded again; what was dropped meanwhile is counted')
    }
  }

  function sealAll(): void {
    for (const book of books.values()) seal(book)
    for (const serverId of losses.keys()) seal(bookOf(serverId, clock.now().slice(0, 10)))
    forgetOldDays(books, clock.now().slice(0, 10))
  }

  /** Until the time has passed, a batch is full, or the end has come. */
  async function untilDue(ms: number, signal: AbortSignal): Promise<void> {
    if (ms <= 0 || sealed.length > 0) return
    const due = new AbortController()
    wake = () => due.abort()
    signal.addEventListener('abort', wake, { once: true })
    try {
      await clock.sleep(ms, due.signal)
    } catch (error) {
      if (!due.signal.aborted) throw error
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }

  return {
    record(call) {
      const book = bookOf(call.serverId, dayOf(call.startedAtMs))
      const args = keepsArguments(call.serverId) ? argumentsExcerpt(call.arguments) : undefined
      const taken = takenCall(call, toolName(book.tools, clipped(call.tool)), args)
      const bytes = sizeOf(taken)
      if (waitingBytes + bytes > mostWaitingBytes) {
        if (!isDropping) logger.error({ waitingCalls, waitingBytes }, 'the log has been away for too long; tool calls are dropped')
        isDropping = true
        drop(call.serverId, 1, 'log-away')
        return
      }
      book.calls.push(taken)
      book.bytes += bytes
      waitingCalls += 1
      waitingBytes += bytes
      if (book.calls.length < batchCalls && book.bytes < batchBytes) return
      seal(book)
      wake()
    },
    async run({ signal, drain }) {
      let lookedAt = clock.now()
      while (!signal.aborted) {
        await untilDue(flushMs - elapsedMs(lookedAt, clock.now()), signal)
        // In between, only what is full: a server that is called all the time must not make the others' batches small.
        if (elapsedMs(lookedAt, clock.now()) >= flushMs) {
          lookedAt = clock.now()
          sealAll()
        }
        await writeSealed(drain)
      }
      sealAll()
      await writeSealed(drain)
    },
    standing: () => ({ waitingCalls, waitingBytes, droppedCalls }),
    show: () => metrics.set('steward_usage_waiting_calls', waitingCalls),
  }
}

/** One stream, and what waits for it. */
type Book = Pick<UsageBatch, 'serverId' | 'day' | 'stream'> & { readonly tools: Set<string>; calls: TakenCall[]; bytes: number }

function toolName(known: Set<string>, tool: string): string {
  if (known.has(tool)) return tool
  if (known.size >= MOST_TOOLS) return OTHER_TOOLS
  known.add(tool)
  return tool
}

/** A call that runs over midnight still belongs to yesterday. */
function forgetOldDays(books: Map<string, Book>, today: string): void {
  if (books.size < 2) return
  const yesterday = new Date(Date.parse(today) - DAY_MS).toISOString().slice(0, 10)
  for (const [stream, { day, calls }] of books) if (day < yesterday && calls.length === 0) books.delete(stream)
}
