/** Engines with one guard taken out. The simulation must catch each of them, or it proves nothing about the engine that has all. */
import type { Appended, EventStore, NewEvent } from '../../../src/domain/ports/event-store.ts'

export type Control = 'none' | 'no-intent-record' | 'derived-claim-ids'

export function withControl(control: Control, store: EventStore): EventStore {
  switch (control) {
    case 'none':
      return store
    case 'no-intent-record':
      return withoutIntentRecord(store)
    case 'derived-claim-ids':
      return withDerivedClaimIds(store)
  }
}

const isClaim = (events: readonly NewEvent[]): boolean => events[0]?.type === 'EffectStarted'

/** Effects are recorded only after they ran: whoever finds none runs it. */
const withoutIntentRecord = (store: EventStore): EventStore => ({
  ...store,
  async append(stream, expected, events): Promise<Appended> {
    if (isClaim(events)) return { revision: 0n, position: (await store.head()) ?? 0n }
    return store.append(stream, stream.startsWith('effect-') ? 'no-stream' : expected, events)
  },
})

/** A claim's id is derived from what is claimed, so the store takes a second claimant for a repeat of the first, and says yes to both. */
const withDerivedClaimIds = (store: EventStore): EventStore => ({
  ...store,
  append(stream, expected, events) {
    if (!isClaim(events)) return store.append(stream, expected, events)
    const derived = events.map((event) => ({ ...event, metadata: { ...event.metadata, eventId: derivedFrom(stream) } }))
    return store.append(stream, expected, derived)
  },
})

/** A well-formed id made of the one in the stream's name. */
const derivedFrom = (stream: string): string => `00000000${stream.slice(-28)}`
