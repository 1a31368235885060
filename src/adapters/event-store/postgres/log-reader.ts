/**
 * Reads the log and its streams page by page. A page is bounded in events and in bytes, so memory stays flat whatever the events weigh, and no
 * transaction is open while a consumer takes its time.
 */
import type pg from 'pg'
import { type Position, type RecordedEvent, StoreUnavailable, type StreamName, UnknownPosition } from '../../../domain/ports/event-store.ts'
import { isConnectionLost } from '../../database/connection-lost.ts'
import { orAborted } from '../../database/or-aborted.ts'
import { type EventColumns, toRecordedEvent } from './sql/event-columns.ts'
import { type HeadRow, readHead } from './sql/read-head.ts'
import { type LogPageRow, readLogPage } from './sql/read-log-page.ts'
import { readStreamPage } from './sql/read-stream-page.ts'

const PAGE_EVENTS = 1_000
const PAGE_BYTES = 2_000_000
/** How far one query looks for matching events, so that a filter without matches still makes progress, and none runs for long. */
const WINDOW_POSITIONS = 100_000n
const LAST_REVISION = 2n ** 63n - 1n

export type LogPage = Readonly<{
  events: readonly RecordedEvent[]
  /** Everything up to here was looked at. */
  seenTo: Position
  /** The end of the log in the same snapshot. */
  head: Position
}>

export class LogReader {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** 0n when the log is empty. */
  async head(signal?: AbortSignal): Promise<Position> {
    const [row] = await this.#query<HeadRow>('read the head', readHead, signal)
    return BigInt(row?.head ?? 0)
  }

  /** @throws UnknownPosition `after` is not in the log. Positions have no gaps here, so the end is all there is to check. */
  async page(query: {
    after: Position
    upTo?: Position
    types?: readonly string[] | undefined
    limitEvents?: number
    signal?: AbortSignal | undefined
  }): Promise<LogPage> {
    const { after, types, signal } = query
    const limitEvents = Math.min(query.limitEvents ?? PAGE_EVENTS, PAGE_EVENTS)
    const window = types ? after + WINDOW_POSITIONS : LAST_REVISION
    const upTo = query.upTo !== undefined && query.upTo < window ? query.upTo : window
    if (after < 0n || after > LAST_REVISION) throw new UnknownPosition({ position: after })
    const rows = await this.#query<LogPageRow>(
      'read the log',
      readLogPage({ after, upTo, types, limitEvents, limitBytes: PAGE_BYTES }),
      signal,
    )
    const head = BigInt(rows[0]?.head ?? 0)
    if (after > head) throw new UnknownPosition({ position: after })
    const found = rows.filter(isEvent)
    const events = found.map(toRecordedEvent)
    const cut = events.length === limitEvents || found.reduce((sum, { size_bytes }) => sum + size_bytes, 0) >= PAGE_BYTES
    const end = upTo < head ? upTo : head
    return { events, head, seenTo: cut ? (events.at(-1)?.position ?? after) : end }
  }

  async *stream(
    stream: StreamName,
    options: { from?: bigint; direction?: 'forwards' | 'backwards'; limit?: number; signal?: AbortSignal },
  ): AsyncGenerator<RecordedEvent> {
    const { direction = 'forwards', limit = Infinity, signal } = options
    let from = options.from ?? (direction === 'forwards' ? 0n : LAST_REVISION)
    if (from > LAST_REVISION) {
      if (direction === 'forwards') return
      from = LAST_REVISION
    }
    for (let left = limit; left > 0; ) {
      signal?.throwIfAborted()
      const limitEvents = Math.min(left, PAGE_EVENTS)
      const query = readStreamPage({ stream, from, direction, limitEvents, limitBytes: PAGE_BYTES })
      const rows = await this.#query<EventColumns>('read a stream', query, signal)
      for (const row of rows) {
        signal?.throwIfAborted()
        const event = toRecordedEvent(row)
        yield event
        from = direction === 'forwards' ? event.revision + 1n : event.revision - 1n
      }
      left -= rows.length
      const bytes = rows.reduce((sum, { size_bytes }) => sum + size_bytes, 0)
      if (rows.length < limitEvents && bytes < PAGE_BYTES) return
    }
  }

  close(): Promise<void> {
    return this.#pool.end()
  }

  async #query<Row extends pg.QueryResultRow>(doing: string, query: pg.QueryConfig, signal?: AbortSignal): Promise<Row[]> {
    signal?.throwIfAborted()
    try {
      // An abandoned query is bounded by the pool's own time-out, and returns its connection by itself.
      const result = await orAborted(this.#pool.query<Row>(query), signal)
      return result.rows
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      if (this.#pool.ending || isConnectionLost(error)) throw new StoreUnavailable({ doing, cause: error })
      throw error
    }
  }
}

const isEvent = (row: LogPageRow): row is LogPageRow & EventColumns => row.position !== null
