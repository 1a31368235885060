/**
 * One append, with a deadline of its own: the client has none. An attempt without an answer is repeated with the same ids and the same expectation,
 * which the server answers with the first result if it was stored after all. Only when the deadline is over is the outcome unknown to the caller.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AppendResult } from '@eventstore/db-client'
import {
  type Appended,
  AppendTooLarge,
  ConcurrencyConflict,
  type ExpectedRevision,
  OutcomeUnknown,
  StoreUnavailable,
  type StreamName,
} from '../../../domain/ports/event-store.ts'
import type { SerialisedEvent } from '../shared/check-append.ts'
import { backoffMs } from './backoff.ts'
import type { Connection } from './connection.ts'
import { appendFailure } from './failures.ts'

/** An attempt may take this part of the deadline, so that one lost answer leaves time to ask again. */
const ATTEMPTS_PER_DEADLINE = 3

export type Append = Readonly<{ stream: StreamName; expected: ExpectedRevision; events: readonly SerialisedEvent[] }>

/**
 * @throws ConcurrencyConflict
 * @throws OutcomeUnknown an attempt was sent and no answer came until the deadline.
 * @throws StoreUnavailable nothing was ever sent.
 * @throws AppendTooLarge this server takes less at once than we do.
 */
export async function appendWithin(connection: Connection, prefix: string, append: Append, deadlineMs: number): Promise<Appended> {
  const { stream, expected, events } = append
  const endMs = performance.now() + deadlineMs
  let maybeStored = false
  let cause: unknown
  for (let attempt = 0; ; attempt += 1) {
    const leftMs = endMs - performance.now()
    if (leftMs <= 1) break
    const attemptMs = Math.min(leftMs, deadlineMs / ATTEMPTS_PER_DEADLINE)
    const answer = await connection
      .append(prefix + stream, expected === 'no-stream' ? 'no_stream' : expected, events, attemptMs)
      .catch((error: unknown) => {
        cause = error
      })
    if (answer) return appended(answer)
    const failure = appendFailure(cause)
    if (failure.kind === 'conflict') throw new ConcurrencyConflict({ stream, expected, actual: failure.actual })
    if (failure.kind === 'too-large') throw new AppendTooLarge({ sizeBytes: sizeOf(events), limitBytes: failure.limitBytes })
    // What is refused now says nothing of an attempt before it that had no answer.
    if (failure.kind === 'refused' && !maybeStored) {
      throw new Error(`the server refuses the append to ${stream}: ${reasonOf(cause)}`, { cause })
    }
    if (failure.kind !== 'not-sent') maybeStored = true
    await sleep(Math.max(0, Math.min(backoffMs(attempt), endMs - performance.now())))
  }
  throw maybeStored ? new OutcomeUnknown({ stream, cause }) : new StoreUnavailable({ doing: `append to ${stream}`, cause })
}

function appended({ nextExpectedRevision: revision, position }: AppendResult): Appended {
  if (!position) throw new Error('the server gives no position with an append: EventStoreDB 22.10 or later is needed')
  return { revision, position: position.commit }
}

const sizeOf = (events: readonly SerialisedEvent[]): number => events.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)

/** The client leaves the message of its own errors empty; their type says more. */
const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message || ('type' in error ? String(error.type) : error.name) : String(error)
