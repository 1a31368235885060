/**
 * A subscription is a reader that remembers its place: read a page, hand it out, and at the head wait until there is more. When the store is
 * away it tries again from the same place, so an outage costs time and nothing else.
 */
import { type Checkpoint, type Position, type RecordedEvent, StoreUnavailable } from '../../../domain/ports/event-store.ts'
import type { Logger } from '../../../domain/ports/logger.ts'
import { backoff } from '../../database/backoff.ts'
import type { HeadWatch } from './head-watch.ts'
import type { LogPage } from './log-reader.ts'
import type { LogTail } from './log-tail.ts'

export type SubscriptionOptions = Readonly<{
  after: Position
  types: readonly string[] | undefined
  /** Ends the subscription, without an error. */
  signal: AbortSignal
  logger: Logger | undefined
}>

export async function* subscription(
  tail: Pick<LogTail, 'page'>,
  watch: HeadWatch,
  { after, types, signal, logger }: SubscriptionOptions,
): AsyncGenerator<RecordedEvent | Checkpoint> {
  let position = after
  let failures = 0
  while (!signal.aborted) {
    let page: LogPage
    try {
      page = await tail.page({ after: position, types, signal })
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof StoreUnavailable)) throw error
      if (failures === 0) logger?.warn({ error, position: String(position) }, 'a subscription lost the event store and waits for it')
      await backoff(failures, signal)
      failures += 1
      continue
    }
    for (const event of page.events) {
      yield event
      if (signal.aborted) return
    }
    position = page.seenTo
    const caughtUp = position >= page.head
    yield { checkpoint: position, caughtUp }
    if (caughtUp) await watch.beyond(position, signal)
  }
}
