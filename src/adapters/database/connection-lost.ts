/**
 * The one table of what may be tried again: the connection or the server went away, or would not wait any longer. Whatever is not listed here
 * would fail again, and is reported at once.
 */
import pg from 'pg'

const NODE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  // The unix socket of a server that is not up.
  'ENOENT',
])

const SQL_STATES = new Set([
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now: starting up, or recovering
  '57P05', // idle_session_timeout
  '25P03', // idle_in_transaction_session_timeout: this process stood still while it held the head
  '53300', // too_many_connections
  '55P03', // lock_not_available: lock_timeout
  '40P01', // deadlock_detected
  '40001', // serialization_failure
])

/** Errors that `pg` makes itself have a message and no code. */
const PG_MESSAGES = [
  'Connection terminated',
  'timeout expired',
  'timeout exceeded when trying to connect',
  'Query read timeout',
  'Client has encountered a connection error',
  'Client was closed',
]

export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof SessionLost) return true
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isConnectionLost)
  if (error instanceof pg.DatabaseError) return error.code?.startsWith('08') === true || SQL_STATES.has(error.code ?? '')
  if ('code' in error && typeof error.code === 'string' && NODE_CODES.has(error.code)) return true
  return PG_MESSAGES.some((message) => error.message.startsWith(message))
}

/** The session with the database ended before its work did. */
export class SessionLost extends Error {
  override readonly name = 'SessionLost'
  constructor(facts: { session: string; cause?: unknown }) {
    super(`the database session of the ${facts.session} ended`, { cause: facts.cause })
  }
}
