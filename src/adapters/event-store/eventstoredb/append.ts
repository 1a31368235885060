/**
 * One append, with a deadline of its own: the client has none. An attempt without an answer is repeated with the same ids and the same expectation,
 * which the server answers with the first result if it was stored after all. Only when the deadline is over is the outcome unknown to the caller.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Appended,
  ConcurrencyConflict,
  type ExpectedRevision,
  OutcomeUnknown,
  StoreUnavailable,
  type StreamName,
} from '../../../domain/ports/event-store.ts'
import type { SerialisedEvent } from '../shared/check-append.ts'
import { backoffMs } from './backoff.ts'
import type { Connection } from './connection.ts'
import { NoAnswer } from './connection.ts'
import { type AppendFailure, appendFailure } from './failures.ts'

/** An attempt may take this part of the deadline, so that one lost answer leaves time to ask again. */
const ATTEMPTS_PER_DEADLINE = 3

export type Append = Readonly<{ stream: StreamName; expected: ExpectedRevision; events: readonly SerialisedEvent[] }>

/**
 * @throws ConcurrencyConflict
 * @throws OutcomeUnknown an attempt was sent and no answer came until the deadline.
 * @throws StoreUnavailable nothing was ever sent.
 */
export async function appendWithin(connection: Connection, prefix: string, append: Append, deadlineMs: number): Promise<Appended> {
  const { stream, expected, events } = append
  const endMs = performance.now() + deadlineMs
  let maybeStored = false
  let cause: unknown
  for (let attempt = 0; ; attempt += 1) {
    const leftMs = endMs - performance.now()
    if (leftMs <= 1) break
    try {
      const attemptMs = Math.min(leftMs, deadlineMs / ATTEMPTS_PER_DEADLINE)
      const result = await connection.append(prefix + stream, expected === 'no-stream' ? 'no_stream' : expected, events, attemptMs)
      if (!result.position) throw new StoreUnavailable({ doing: 'append', cause: new Error('the server gives no position: it is too old') })
      return { revision: result.nextExpectedRevision, position: result.position.commit }
    } catch (error) {
      const failure = verdict(error)
      if (failure.kind === 'conflict') throw new ConcurrencyConflict({ stream, expected, actual: failure.actual })
      if (failure.kind === 'refused') throw new Error(`the server refuses the append to ${stream}: ${reasonOf(error)}`, { cause: error })
      if (failure.kind !== 'not-sent') maybeStored = true
      cause = error
    }
    await sleep(Math.max(0, Math.min(backoffMs(attempt), endMs - performance.now())))
  }
  throw maybeStored ? new OutcomeUnknown({ stream, cause }) : new StoreUnavailable({ doing: `append to ${stream}`, cause })
}

const verdict = (error: unknown): AppendFailure => (error instanceof NoAnswer ? { kind: 'unknown' } : appendFailure(error))

/** The client leaves the message of its own errors empty; their type says more. */
const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message || ('type' in error ? String(error.type) : error.name) : String(error)
