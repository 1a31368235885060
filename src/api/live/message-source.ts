/**
 * Messages with the history they need: remembers what the streams it met amounted to, and reads what it has not met. Everybody gets the same
 * messages of an event, in the same order, whoever asks and when; so a place in them can be named and found again.
 */
import type { Recorded } from '../../domain/events.ts'
import type { Codec } from '../../domain/ports/codec.ts'
import type { EventStore, RecordedEvent } from '../../domain/ports/event-store.ts'
import { recordedEventJson } from '../schemas/event.ts'
import { after, type Before, type LiveMessage, messagesOf, nothingBefore } from './messages.ts'

export type MessageSource = Readonly<{ of: (event: RecordedEvent) => Promise<readonly LiveMessage[]> }>

const MOST_STREAMS = 2_000

export function createMessageSource({ events, codec }: Readonly<{ events: Pick<EventStore, 'readStream'>; codec: Codec }>): MessageSource {
  /** The one that was used last stands last. */
  const known = new Map<string, Readonly<{ revision: bigint; state: Before }>>()

  return {
    async of(recorded) {
      const shown = newEvent(recorded)
      const initial = nothingBefore(recorded.stream)
      const own = initial !== undefined || recorded.stream.startsWith('incident-')
      if (!own) return [shown]
      const event = decoded(recorded, codec)
      // What this program cannot read is shown as it is, and tells nothing else.
      if (!event) return [shown]
      if (initial === undefined) return [...messagesOf(event, undefined), shown]
      const before = await stateBefore(recorded, initial)
      remember(recorded.stream, recorded.revision, after(before, event))
      return [...messagesOf(event, before), shown]
    },
  }

  async function stateBefore({ stream, revision }: RecordedEvent, initial: Before): Promise<Before> {
    const met = known.get(stream)
    if (met?.revision === revision - 1n) return met.state
    const usable = met !== undefined && met.revision < revision ? met : undefined
    let state = usable?.state ?? initial
    for await (const each of events.readStream(stream, usable === undefined ? {} : { from: usable.revision + 1n })) {
      if (each.revision >= revision) break
      const event = decoded(each, codec)
      if (event) state = after(state, event)
    }
    return state
  }

  function remember(stream: string, revision: bigint, state: Before): void {
    known.delete(stream)
    known.set(stream, { revision, state })
    const [oldest] = known.keys()
    if (known.size > MOST_STREAMS && oldest !== undefined) known.delete(oldest)
  }
}

const newEvent = (event: RecordedEvent): LiveMessage => ({
  channel: 'events',
  type: 'new_event',
  data: recordedEventJson(event),
})

function decoded(event: RecordedEvent, codec: Codec): Recorded | undefined {
  try {
    return codec.decode(event)
  } catch {
    return undefined
  }
}
