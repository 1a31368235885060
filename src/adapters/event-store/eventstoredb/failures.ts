/**
 * What an error of the client means. The client throws three kinds: answers of the server (a `type`, no `code`), failures of a stream (a `type`
 * and a gRPC `code`), and plain errors from before anything was sent (a `code` or nothing). Only this file knows; the rest asks for the verdict.
 */

/** No answer came in time. What it was about may have happened. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`)
  }
}

/** The parts of a client error that say what it is. */
type Facts = Readonly<{ type?: unknown; code?: unknown; message: string; actualVersion?: unknown; maxAppendSize?: unknown }>

const factsOf = (error: unknown): Facts => (error instanceof Error ? error : { message: String(error) })

/** The server's verdict on an append, as far as it gave one. */
export type AppendFailure =
  | Readonly<{ kind: 'conflict'; actual: bigint | 'no-stream' }>
  /** It is more than this server takes at once. Nothing was stored. */
  | Readonly<{ kind: 'too-large'; limitBytes: number }>
  /** The server said no; asking again changes nothing. Nothing was stored. */
  | Readonly<{ kind: 'refused' }>
  /** It failed before anything was sent. */
  | Readonly<{ kind: 'not-sent' }>
  /** The server answered that it did not finish, or was not ready. It may be stored; the connection is good. */
  | Readonly<{ kind: 'unknown' }>
  /** The connection broke behind it: it may be stored, and nothing more will be heard there. */
  | Readonly<{ kind: 'unknown-and-broken' }>

export function appendFailure(error: unknown): AppendFailure {
  if (error instanceof NoAnswer) return { kind: 'unknown' }
  const { type, code, message, actualVersion, maxAppendSize } = factsOf(error)
  if (type === 'wrong-expected-version') {
    return { kind: 'conflict', actual: typeof actualVersion === 'bigint' ? actualVersion : 'no-stream' }
  }
  if (type === undefined) return { kind: 'not-sent' }
  if (type === 'maximum-append-size-exceeded') return { kind: 'too-large', limitBytes: Number(maxAppendSize) }
  if (isFinal(error)) return { kind: 'refused' }
  // The client does not know this answer and only says so in words.
  if (type === 'unknown' && code === undefined && message.includes('BadRequest')) return { kind: 'refused' }
  // The client itself moves to the leader that the answer names.
  if (type === 'not-leader') return { kind: 'not-sent' }
  return { kind: code === undefined ? 'unknown' : 'unknown-and-broken' }
}

export const isStreamNotFound = (error: unknown): boolean => factsOf(error).type === 'stream-not-found'

/** gRPC code 2, which a real server gives for a position between two records (invalid argument, on newer ones). */
export function mayBeUnknownPosition(error: unknown): boolean {
  const { code } = factsOf(error)
  return code === 2 || code === 3
}

/** No time and no other connection will change this: wrong credentials, missing rights, a deleted stream. */
export const isFinal = (error: unknown): boolean => {
  const { type, code } = factsOf(error)
  return type === 'access-denied' || type === 'stream-deleted' || code === 7 || code === 16
}

/** Whether the client moves on by itself, to the leader that the answer names. */
const isNotLeader = (error: unknown): boolean => factsOf(error).type === 'not-leader'

/** Anything but an answer about the request itself: the connection cannot be trusted any more. */
export const isBroken = (error: unknown): boolean => {
  if (error instanceof NoAnswer) return true
  if (!(error instanceof Error) || isFinal(error) || isNotLeader(error)) return false
  const { type, code } = factsOf(error)
  // Cancelled, deadline, internal (RST_STREAM), unavailable, and discovery errors without any code. Not found and unknown are answers.
  return code === 1 || code === 4 || code === 13 || code === 14 || (code === undefined && type === undefined)
}

/** Also true before anything was sent: the client asks for the features of the server once, and keeps a failure of that question for ever. */
export const breaksAppends = (error: unknown): boolean => {
  const { kind } = appendFailure(error)
  return kind === 'unknown-and-broken' || (kind === 'not-sent' && !isNotLeader(error))
}
