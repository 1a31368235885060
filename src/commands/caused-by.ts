/** The cause of what Steward does because of an event: the same story goes on, and this event is the reason. */
import type { RecordedEvent } from '../domain/ports/event-store.ts'
import type { Cause } from './event-log.ts'

export const causedBy = ({ metadata: { correlationId, eventId, traceparent } }: Pick<RecordedEvent, 'metadata'>): Cause => ({
  actor: 'steward',
  correlationId,
  causationId: eventId,
  ...(traceparent === undefined ? {} : { traceparent }),
})
