/**
 * Appends batches of tool calls, each exactly once: an attempt keeps its event id until its outcome is known, and when somebody else wrote to the
 * stream first, a look into it tells whether that attempt is among what is there.
 */
import type { Clock } from '../../domain/ports/clock.ts'
import type { Codec } from '../../domain/ports/codec.ts'
import type { EventStore, ExpectedRevision, NewEvent, StreamName } from '../../domain/ports/event-store.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { Metrics } from '../../domain/ports/metrics.ts'
import { isConflict, throughOutages } from '../retry.ts'
import { recordOf, type UsageBatch } from './usage-batch.ts'

export type UsageWriter = Readonly<{
  /** `refused`: the log would never take it. `stopped`: there was no time left. */
  write: (batch: UsageBatch, drain: AbortSignal) => Promise<'written' | 'refused' | 'stopped'>
}>

type Options = Readonly<{ store: EventStore; codec: Codec; ids: Ids; clock: Clock; logger: Logger; metrics: Metrics }>

/** Streams of today and yesterday; what is forgotten costs one look. */
const MOST_STREAMS = 2_000

export function createUsageWriter({ store, codec, ids, clock, logger, metrics }: Options): UsageWriter {
  const ends = new Map<StreamName, ExpectedRevision>()

  const remember = (stream: StreamName, end: ExpectedRevision): void => {
    ends.delete(stream)
    ends.set(stream, end)
    if (ends.size <= MOST_STREAMS) return
    const [oldest] = ends.keys()
    if (oldest !== undefined) ends.delete(oldest)
  }

  async function endOf(stream: StreamName): Promise<ExpectedRevision> {
    const known = ends.get(stream)
    if (known !== undefined) return known
    for await (const { revision } of store.readStream(stream, { direction: 'backwards', limit: 1 })) return revision
    return 'no-stream'
  }

  /** Goes on where the last try of the same attempt stopped. */
  async function advance(stream: StreamName, attempt: Attempt): Promise<void> {
    for (;;) {
      attempt.expected ??= await endOf(stream)
      try {
        const { revision } = await store.append(stream, attempt.expected, [attempt.event])
        remember(stream, revision)
        return
      } catch (error) {
        if (!isConflict(error)) throw error
      }
      const { end, holdsIt } = await lookAfter(stream, attempt)
      remember(stream, end)
      if (holdsIt) return
      attempt.expected = end
    }
  }

  async function lookAfter(stream: StreamName, { expected, event }: Attempt): Promise<{ end: ExpectedRevision; holdsIt: boolean }> {
    let end: ExpectedRevision = 'no-stream'
    let holdsIt = false
    const from = typeof expected === 'bigint' ? expected : 0n
    for await (const { revision, metadata } of store.readStream(stream, { from })) {
      end = revision
      holdsIt ||= metadata.eventId === event.metadata.eventId
    }
    return { end, holdsIt }
  }

  return {
    async write(batch, drain) {
      const { stream, calls } = batch
      const eventId = ids.fresh()
      const cause = { eventId, correlationId: eventId, causationId: eventId, actor: 'steward' }
      const event = codec.encode({ type: 'ToolCallsRecorded', data: recordOf(batch, eventId) }, cause)
      const attempt: Attempt = { event, expected: undefined }
      const onOutage = (error: unknown, waitMs: number): void => {
        logger.warn({ stream, calls: calls.length, error, waitMs }, 'tool calls cannot be recorded now; they wait')
      }
      try {
        await throughOutages(() => advance(stream, attempt), { clock, signal: drain, onOutage })
        metrics.count('steward_usage_recorded_total', {}, calls.length)
        return 'written'
      } catch (error) {
        const why = drain.aborted ? 'stopped' : 'refused'
        logger.error(
          { stream, calls: calls.length, error },
          `tool calls were not recorded: ${why === 'stopped' ? 'no time was left' : 'refused'}`,
        )
        return why
      }
    },
  }
}

type Attempt = { readonly event: NewEvent; expected: ExpectedRevision | undefined }
