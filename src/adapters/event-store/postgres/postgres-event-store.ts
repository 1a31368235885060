/**
 * The log in PostgreSQL, in the schema of the namespace. Every append takes the one row of `log_head` before it looks, so positions are given
 * out in commit order without gaps, and a reader that has seen a position will never find one before it.
 */
import { type EventStore, StoreUnavailable } from '../../../domain/ports/event-store.ts'
import type { Logger } from '../../../domain/ports/logger.ts'
import { createPool } from '../../database/create-pool.ts'
import { openSession, type Session } from '../../database/session.ts'
import { checkAppend } from '../shared/check-append.ts'
import { checkNamespace } from '../shared/namespace.ts'
import { AppendQueue } from './append-queue.ts'
import { HeadWatch } from './head-watch.ts'
import { LogReader } from './log-reader.ts'
import { LogTail } from './log-tail.ts'
import { subscription } from './subscription.ts'

export type PostgresEventStoreOptions = Readonly<{
  connectionString: string
  /** The schema; `Database.migrate` has made its tables. */
  namespace: string
  logger?: Logger
  /** How long an append may take before its outcome is called unknown. Default 5 000. */
  appendTimeoutMs?: number
  /** How long one page of a read may take. Default 10 000. */
  readTimeoutMs?: number
  /** How long events may go unnoticed when the server's notices are lost. Default 1 000. */
  pollIntervalMs?: number
  /** Reads at the same moment; subscriptions at rest need none. Default 8. One more connection appends, one more listens. */
  maxReadConnections?: number
}>

/**
 * The tables may grow by millions of rows before the first statistics exist; an index is never the wrong choice for these statements, and a
 * plan made for an empty table is kept for long.
 */
const PLANNER = { enable_seqscan: 'off', enable_bitmapscan: 'off', jit: 'off' }

export function createPostgresEventStore(options: PostgresEventStoreOptions): EventStore {
  const { connectionString, namespace, logger, appendTimeoutMs = 5_000, readTimeoutMs = 10_000, pollIntervalMs = 1_000 } = options
  checkNamespace(namespace)
  // Channels belong to the whole database, so the namespace is in the name.
  const channel = `${namespace}.appended`
  const connectTimeoutMs = Math.min(appendTimeoutMs, 5_000)

  const queue = new AppendQueue({ openSession: openWriter, channel, appendTimeoutMs, logger })
  const reader = new LogReader(
    createPool({
      connectionString,
      namespace,
      purpose: 'log reader',
      maxConnections: options.maxReadConnections ?? 8,
      queryTimeoutMs: readTimeoutMs,
      connectTimeoutMs,
      settings: PLANNER,
    }),
  )
  const tail = new LogTail(reader)
  const watch = new HeadWatch({ openListener, readHead: () => reader.head(), pollIntervalMs })
  const closing = new AbortController()

  function openWriter(): Promise<Session> {
    return openSession({
      connectionString,
      namespace,
      purpose: 'log writer',
      connectTimeoutMs,
      pipeline: true,
      settings: {
        ...PLANNER,
        // A process that stands still with the head in its hands must not stop all others.
        idle_in_transaction_session_timeout: `${appendTimeoutMs}ms`,
        lock_timeout: `${appendTimeoutMs}ms`,
      },
      // An acknowledged event survives a crash of the server, also where the server's own default gives that up for speed.
      setup: `select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`,
    })
  }

  function openListener(): Promise<Session> {
    return openSession({ connectionString, namespace, purpose: 'log listener', connectTimeoutMs, setup: `listen "${channel}"` })
  }

  const checkOpen = (doing: string): void => {
    if (closing.signal.aborted) throw new StoreUnavailable({ doing, cause: closing.signal.reason })
  }

  return {
    async append(stream, expected, events) {
      return queue.append({ stream, expected, events: checkAppend(stream, events) })
    },

    async *readStream(stream, readOptions = {}) {
      checkOpen('read a stream')
      yield* reader.stream(stream, readOptions)
    },

    async *readAll({ after = 0n, types, limit = Infinity, signal } = {}) {
      checkOpen('read the log')
      const end = await reader.head(signal)
      let position = after
      for (let left = limit; left > 0; ) {
        const page = await reader.page({ after: position, upTo: end, types, limitEvents: left, signal })
        for (const event of page.events) {
          signal?.throwIfAborted()
          yield event
        }
        left -= page.events.length
        position = page.seenTo
        if (left <= 0 || end === 0n) return
        const caughtUp = position >= end
        yield { checkpoint: position, caughtUp }
        if (caughtUp) return
      }
    },

    subscribe({ after = 0n, types, signal }) {
      return subscription(tail, watch, { after, types, signal: AbortSignal.any([signal, closing.signal]), logger })
    },

    async head() {
      checkOpen('read the head')
      const head = await reader.head()
      return head === 0n ? undefined : head
    },

    async close() {
      if (closing.signal.aborted) return
      closing.abort(new Error('the event store was closed'))
      await Promise.all([queue.close(), watch.close()])
      await reader.close()
    },
  }
}
