/** Appends three events at a time, for ever, and says so each time one is acknowledged. Runs in a process of its own, to be killed. */
import type { EventStore, ExpectedRevision, StreamName } from '../../../src/domain/ports/event-store.ts'
import { idOf, newEvents } from './events.ts'
import type { Acknowledged } from './log-under-test.ts'

export async function* appendForEver(store: EventStore, stream: StreamName): AsyncGenerator<Acknowledged> {
  for (let expected: ExpectedRevision = 'no-stream'; ; ) {
    const events = newEvents(3)
    const { revision } = await store.append(stream, expected, events)
    expected = revision
    yield { eventIds: events.map(idOf), revision }
  }
}
