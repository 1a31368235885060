/**
 * One connection of one owner, for work that belongs to a session: a transaction held over several statements, LISTEN, advisory locks. It
 * never comes back by itself: `lost` aborts and the owner opens another.
 */
import { Socket } from 'node:net'
import pg from 'pg'
import { SessionLost } from './connection-lost.ts'
import { orAborted } from './or-aborted.ts'

export type SessionOptions = Readonly<{
  connectionString: string
  namespace: string
  /** What the session is for; shown in pg_stat_activity and in errors. */
  purpose: string
  /** Settings of the server for this session, names and plain values. */
  settings?: Readonly<Record<string, string>>
  /** SQL that makes the session what its owner needs, beyond settings. */
  setup?: string
  /** Until the session is set up. Default 5 000. */
  connectTimeoutMs?: number
  /** Queries are written without waiting for the answer to the one before. Default false. */
  pipeline?: boolean
}>

export type Session = Readonly<{
  client: pg.Client
  /** Aborts when the session has ended, however; the reason is a `SessionLost`. */
  lost: AbortSignal
  /** Ends it at once, whatever it is doing; queries in flight reject. */
  destroy: () => void
  /** Ends it politely. */
  end: () => Promise<void>
}>

export async function openSession(options: SessionOptions): Promise<Session> {
  const { connectionString, namespace, purpose, settings = {}, setup = '', connectTimeoutMs = 5_000, pipeline = false } = options
  // Our own socket, because `pg` offers no way to drop a connection on which a query hangs.
  const socket = new Socket()
  const client = new pg.Client({
    connectionString,
    application_name: `steward ${purpose}`,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    pipeline,
    stream: () => socket,
  })
  const ended = new AbortController()
  const lose = (cause?: unknown): void => {
    if (!ended.signal.aborted) ended.abort(new SessionLost({ session: purpose, cause }))
  }
  client.on('error', lose)
  client.on('end', () => lose())
  const destroy = (): void => {
    socket.destroy()
    lose()
  }
  const timeout = setTimeout(destroy, connectTimeoutMs)
  try {
    const opening = client.connect().then(() => client.query(`${sessionSetup(namespace, settings)} ${setup}`))
    await orAborted(opening, ended.signal)
  } catch (error) {
    destroy()
    throw error
  } finally {
    clearTimeout(timeout)
  }
  return {
    client,
    lost: ended.signal,
    destroy,
    async end() {
      // A server that does not answer any more cannot hold us up.
      const patience = setTimeout(destroy, END_PATIENCE_MS)
      if (!ended.signal.aborted) await orAborted(client.end(), ended.signal).catch(() => undefined)
      clearTimeout(patience)
      destroy()
    },
  }
}

const END_PATIENCE_MS = 1_000

/**
 * What every connection of Steward begins with. The schema comes from `search_path`, so SQL text names only tables. In `options` of the
 * start-up message it would be shorter, but connection poolers refuse that.
 */
export function sessionSetup(namespace: string, settings: Readonly<Record<string, string>> = {}): string {
  const all = { search_path: pg.escapeIdentifier(namespace), timezone: 'UTC', ...settings }
  return Object.entries(all)
    .map(([name, value]) => `set ${name} to ${name === 'search_path' ? value : pg.escapeLiteral(value)};`)
    .join(' ')
}
