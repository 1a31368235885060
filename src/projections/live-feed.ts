/**
 * The end of the log, for all projections of this process: one subscription fills it, each projection takes from it at its own pace. It keeps
 * a bounded stretch; who falls behind that reads the log for itself until it has caught up.
 */
import type { Clock } from '../domain/ports/clock.ts'
import type { Codec } from '../domain/ports/codec.ts'
import type { EventStore, Position } from '../domain/ports/event-store.ts'
import type { Logger } from '../domain/ports/logger.ts'
import type { Batch } from './batch.ts'
import { isEvent, textIn } from './batch.ts'
import { type ReadModel, type SharedEvent, shareEvent, wants } from './projection.ts'

const KEPT_EVENTS = 2_000
/** A batch of tool calls is as large as a thousand other events. */
const KEPT_CHARACTERS = 2_000_000
const SUBSCRIBE_AGAIN_MS = 1_000

export type LiveFeed = Readonly<{
  /** What follows a position: a batch, `behind` when it is no longer kept, or nothing yet. */
  after: (model: Pick<ReadModel, 'eventTypes'>, position: Position) => Batch | 'behind' | undefined
  /** Calls each time there is more, until the returned function is called. */
  listen: (listener: () => void) => () => void
  /** Runs until the signal aborts. */
  run: (signal: AbortSignal) => Promise<void>
}>

export function createLiveFeed({
  eventStore,
  codec,
  clock,
  logger,
}: {
  eventStore: EventStore
  codec: Codec
  clock: Clock
  logger: Logger
}): LiveFeed {
  let kept: (SharedEvent & Readonly<{ characters: number }>)[] = []
  let keptCharacters = 0
  /** Everything in between is in `kept`. Undefined until the subscription has begun. */
  let covers: { from: Position; to: Position } | undefined
  const listeners = new Set<() => void>()

  const tell = (): void => {
    for (const listener of listeners) listener()
  }

  /** Down to half of what may be kept; the newest stays in any case. Returns the last position that is gone. */
  function dropOldest(): Position | undefined {
    let dropped = 0
    while (dropped < kept.length - 1 && (kept.length - dropped > KEPT_EVENTS || keptCharacters > KEPT_CHARACTERS)) {
      keptCharacters -= kept[dropped]?.characters ?? 0
      dropped += 1
    }
    const last = kept[dropped - 1]?.recorded.position
    kept = kept.slice(dropped)
    return last
  }

  async function subscribe(signal: AbortSignal): Promise<void> {
    const from = covers?.to ?? (await eventStore.head()) ?? 0n
    covers ??= { from, to: from }
    for await (const item of eventStore.subscribe({ ...(from > 0n ? { after: from } : {}), signal })) {
      if (isEvent(item)) {
        const event = { ...shareEvent(item, codec), characters: textIn(item.data) }
        kept.push(event)
        keptCharacters += event.characters
        covers = { ...covers, to: item.position }
        if (kept.length > 2 * KEPT_EVENTS || keptCharacters > 2 * KEPT_CHARACTERS) covers = { ...covers, from: dropOldest() ?? covers.from }
      } else if (item.checkpoint > covers.to) {
        covers = { ...covers, to: item.checkpoint }
      }
      tell()
    }
  }

  return {
    after(model, position) {
      if (!covers || position < covers.from) return 'behind'
      if (position >= covers.to) return undefined
      const events: SharedEvent[] = []
      for (let index = firstAfter(kept, position); index < kept.length; index += 1) {
        const event = kept[index]
        if (event && wants(model, event.recorded.type)) events.push(event)
      }
      return { events, to: covers.to }
    },
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async run(signal) {
      while (!signal.aborted) {
        try {
          await subscribe(signal)
        } catch (error) {
          if (signal.aborted) break
          logger.warn({ error }, 'the read models lost the end of the log and look for it again')
          await clock.sleep(SUBSCRIBE_AGAIN_MS, signal).catch(() => undefined)
        }
      }
    },
  }
}

/** Binary search: positions only grow. */
function firstAfter(events: readonly SharedEvent[], position: Position): number {
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const event = events[middle]
    if (event && event.recorded.position <= position) low = middle + 1
    else high = middle
  }
  return low
}
