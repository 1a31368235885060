/**
 * Reads what one namespace has between two positions, by a subscription that the server filters: foreign events stay on the server, and the read
 * is as fast as an unfiltered one. It ends at `until` for certain, whatever that position is and whether or not the server says "caught up".
 */
import { type Checkpoint, type Position, type RecordedEvent, UnknownPosition } from '../../../domain/ports/event-store.ts'
import { CaughtUp, CheckpointReached, type Connection, isResolved, positionOf, Released, Silence } from './connection.ts'
import { mayBeUnknownPosition } from './failures.ts'
import { toRecordedEvent } from './recorded-event.ts'
import { scan } from './scan.ts'

/** How many silences in a row make a server that may never say "caught up" worth asking in another way. */
const SILENCES_BEFORE_SCAN = 5

/**
 * Events after `after` up to `until`, with checkpoints of the server between them; the end of the sequence says that `until` is reached.
 * @throws UnknownPosition `after` is no position of the log.
 */
export async function* catchUp(
  connection: Connection,
  prefix: string,
  { after, until, signal }: { after: Position | undefined; until: Position; signal: AbortSignal | undefined },
): AsyncGenerator<RecordedEvent | Checkpoint> {
  let seen = after
  let heard = false
  for (let again = true; again; ) {
    again = false
    let silences = 0
    try {
      for await (const item of connection.subscribe(prefix, seen ?? 'start', signal)) {
        if (item instanceof Released) {
          again = true
          break
        }
        if (item instanceof CaughtUp) return
        if (item instanceof Silence) {
          silences += 1
          if (silences % SILENCES_BEFORE_SCAN !== 0) continue
          const { reached, pending } = await scan(connection, prefix, { after: seen, until, signal })
          if (pending) continue
          if (reached >= until) return
          continue
        }
        heard = true
        silences = 0
        if (item instanceof CheckpointReached) {
          if (item.position >= until) return
          if (seen !== undefined && item.position <= seen) continue
          seen = item.position
          yield { checkpoint: seen, caughtUp: false }
          continue
        }
        const position = isResolved(item) ? positionOf(item) : undefined
        if (position === undefined || position > until) return
        seen = position
        if (item.event) yield toRecordedEvent(item.event, prefix)
        if (position === until) return
      }
    } catch (error) {
      // Only the first answer to the caller's own position can say this; later code 2 means something else.
      if (!heard && after !== undefined && mayBeUnknownPosition(error)) throw new UnknownPosition({ position: after, cause: error })
      throw error
    }
  }
}
