/**
 * Looks, with a plain read, whether anything of a namespace lies between two positions. Answers for servers that never say "caught up", and for
 * the last few foreign events behind the server's last checkpoint, of which a filtered subscription says nothing.
 */
import type { Position } from '../../../domain/ports/event-store.ts'
import type { Connection } from './connection.ts'
import { isResolved, positionOf } from './log-items.ts'
import { TICK_MS } from './pull.ts'

/** Checkpoints come every 32 events, so there is rarely more to look at. What is left is looked at the next time. */
const SCAN_LIMIT_EVENTS = 2_000

/**
 * How long a subscription may keep silent of an event that a scan finds. Reads go to the node that leads now; a subscription may hang on one that
 * led before, is cut off from the others, and will never bring it.
 */
export const PENDING_DEADLINE_MS = 5_000
export const SILENCES_WHILE_PENDING = PENDING_DEADLINE_MS / TICK_MS

export type Scan = Readonly<{
  /** Everything up to here was looked at. */
  reached: Position
  /** An event of the namespace lies there; the subscription is about to bring it. */
  pending: boolean
}>

export async function scan(
  connection: Connection,
  prefix: string,
  { after, until, signal }: { after: Position | undefined; until: Position; signal: AbortSignal | undefined },
): Promise<Scan> {
  let reached = after ?? 0n
  for await (const items of connection.readAll(after ?? 'start', SCAN_LIMIT_EVENTS, signal)) {
    for (const item of items) {
      if (!isResolved(item)) continue
      const position = positionOf(item) ?? 0n
      if (position > until) return { reached: until, pending: false }
      // Reading forwards includes the position it begins at.
      if (after !== undefined && position <= after) continue
      if ((item.link ?? item.event)?.streamId.startsWith(prefix)) return { reached, pending: true }
      reached = position
    }
    if (reached === until) break
  }
  return { reached, pending: false }
}
