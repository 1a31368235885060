/**
 * Reads what one namespace has between two positions, by a subscription that the server filters: foreign events stay on the server, and the read
 * is as fast as an unfiltered one. It ends at `until` for certain, whatever that position is and whether or not the server says "caught up".
 */
import { type Checkpoint, type Position, type RecordedEvent, UnknownPosition } from '../../../domain/ports/event-store.ts'
import type { Connection } from './connection.ts'
import { mayBeUnknownPosition, NoAnswer } from './failures.ts'
import { CaughtUp, CheckpointReached, isResolved, positionOf, Released, Silence } from './log-items.ts'
import { isOfServer, toRecordedEvent } from './recorded-event.ts'
import { PENDING_DEADLINE_MS, SILENCES_WHILE_PENDING, scan } from './scan.ts'

export type Range = Readonly<{ after: Position | undefined; until: Position; signal: AbortSignal | undefined }>

/** How many silences in a row make a server that may never say "caught up" worth asking in another way. */
const SILENCES_BEFORE_SCAN = 5

/**
 * Events after `after` up to `until`, as they come, with checkpoints of the server between them; the end says that `until` is reached.
 * @throws UnknownPosition `after` is no position of the log.
 */
export async function* catchUp(
  connection: Connection,
  prefix: string,
  { after, until, signal }: Range,
): AsyncGenerator<readonly (RecordedEvent | Checkpoint)[]> {
  let seen = after
  let heard = false
  for (let over = false; !over; ) {
    let silences = 0
    try {
      for await (const items of connection.subscribe(prefix, seen ?? 'start', signal)) {
        const given: (RecordedEvent | Checkpoint)[] = []
        let released = false
        for (const item of items) {
          if (over) break
          if (item instanceof Released) released = true
          else if (item instanceof CaughtUp) over = true
          else if (item instanceof Silence) silences += 1
          else {
            heard = true
            silences = 0
            const position = item instanceof CheckpointReached ? item.position : isResolved(item) ? positionOf(item) : undefined
            if (position === undefined || (seen !== undefined && position <= seen)) continue
            over = position >= until
            if (position > until) break
            seen = position
            if (item instanceof CheckpointReached) given.push({ checkpoint: position, caughtUp: false })
            else if (isResolved(item) && item.event && !isOfServer(item.event)) given.push(toRecordedEvent(item.event, prefix))
          }
        }
        if (given.length > 0) yield given
        if (over || released) break
        if (silences > 0 && silences % SILENCES_BEFORE_SCAN === 0) {
          const { reached, pending } = await scan(connection, prefix, { after: seen, until, signal })
          over = !pending && reached >= until
          if (over) break
          if (pending && silences >= SILENCES_WHILE_PENDING) throw new NoAnswer(PENDING_DEADLINE_MS)
        }
      }
    } catch (error) {
      // Only the first answer to the caller's own position can say this; later code 2 means something else.
      if (!heard && after !== undefined && mayBeUnknownPosition(error)) throw new UnknownPosition({ position: after, cause: error })
      throw error
    }
  }
}
