/**
 * Messages with the history they need: remembers what the streams it met amounted to, and reads what it has not met. Everybody gets the same
 * messages of an event, in the same order, whoever asks and when; so a place in them can be named and found again.
 */
import type { Recorded } from '../../domain/events.ts'
import type { Codec } from '../../domain/ports/codec.ts'
import type { EventStore, RecordedEvent } from '../../domain/ports/event-store.ts'
import { recordedEventJson } from '../schemas/event.ts'
import { mcpEventJson } from '../schemas/management-module.ts'
import { type May, veilOf } from '../veil.ts'
import { after, type Before, type LiveMessage, messagesOf, nothingBefore, tellsByItself } from './messages.ts'

export type MessageSource = Readonly<{ of: (event: RecordedEvent) => Promise<readonly LiveMessage[]> }>

const MOST_STREAMS = 2_000

export function createMessageSource({ events, codec }: Readonly<{ events: Pick<EventStore, 'readStream'>; codec: Codec }>): MessageSource {
  /** The one that was used last stands last. */
  const known = new Map<string, Readonly<{ revision: bigint; state: Before }>>()

  return {
    async of(recorded) {
      const initial = nothingBefore(recorded.stream)
      const own = initial !== undefined || tellsByItself(recorded.stream)
      if (!own) return [newEvent(recorded)]
      const event = decoded(recorded, codec)
      // What this program cannot read is shown as it is, and tells nothing else.
      if (!event) return [newEvent(recorded)]
      if (initial === undefined) return [...messagesOf(event, undefined), newEvent(recorded)]
      const before = await stateBefore(recorded, initial)
      const then = after(before, event)
      remember(recorded.stream, recorded.revision, then)
      return [...messagesOf(event, before), newEvent(recorded, then)]
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

/** As it was recorded; an event of a server in the documents' words too. Told to many at once: without what not all of them may see, and whole beside it. */
function newEvent(event: RecordedEvent, then?: Before): LiveMessage {
  const server = then?.kind === 'server' && then.state.situation !== 'absent' ? then.state : undefined
  const told = (may: May) => {
    const json = recordedEventJson(may)(event)
    return server === undefined ? json : { ...json, ...mcpEventJson({ id: server.serverId, name: server.name })(json) }
  }
  const message = { channel: 'events', type: 'new_event', data: told(() => false) } as const
  const permission = veilOf(event.type)
  return permission === undefined ? message : { ...message, whole: { permission, data: told(() => true) } }
}

function decoded(event: RecordedEvent, codec: Codec): Recorded | undefined {
  try {
    return codec.decode(event)
  } catch {
    return undefined
  }
}
