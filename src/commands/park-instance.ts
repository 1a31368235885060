/** An instance stops at an input that it cannot bear, and no other one does; an operator mends the cause and retries, or skips the input. */

import type { Clock } from '../domain/ports/clock.ts'
import type { UndecodableEvent } from '../domain/ports/codec.ts'
import type { ExpectedRevision, RecordedEvent } from '../domain/ports/event-store.ts'
import { protect } from '../domain/protected.ts'
import type { BoundProcess } from './bound-process.ts'
import { causedBy } from './caused-by.ts'
import type { EventLog } from './event-log.ts'
import { processStreamOf } from './process-stream.ts'
import { decidedAgain } from './retry.ts'

type Input = Pick<RecordedEvent, 'position' | 'metadata'>
type Where = Readonly<{ process: Pick<BoundProcess, 'name'>; instance: string; log: EventLog; clock: Clock }>

export async function parkInstance({ process, instance, log, clock }: Where, input: Input, expected: ExpectedRevision, cause: unknown) {
  const data = {
    process: process.name,
    instance,
    position: String(input.position),
    eventId: input.metadata.eventId,
    cause: protect(cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)),
    at: clock.now(),
  }
  await log.append(processStreamOf(process.name, instance), expected, [{ type: 'InstanceParked', data }], causedBy(input))
}

/** Parks the instance that an event is for which cannot be read, unless it is beyond that event, or parked before it. Returns whether it did. */
export function parkUnread(where: Where, event: RecordedEvent, cause: UndecodableEvent): Promise<boolean> {
  const { process, instance, log } = where
  return decidedAgain(async () => {
    const { state, expected } = await log.processStream(processStreamOf(process.name, instance))
    const isBehind = state.lastInput !== undefined && event.position <= state.lastInput
    if (state.parked || isBehind || state.skipped.has(event.position)) return false
    await parkInstance(where, event, expected, cause)
    return true
  })
}
