/** One transaction for many appends: take the head, look, decide, write, commit. Two round trips on a pipelined session. */
import type { Appended, ConcurrencyConflict } from '../../../domain/ports/event-store.ts'
import type { Session } from '../../database/session.ts'
import type { StoredId } from '../shared/repeat.ts'
import { type Append, type Loaded, placesToCompare, planBatch } from './plan-batch.ts'
import { appendEvents } from './sql/append-events.ts'
import { loadStoredIds, type StoredIdRow } from './sql/load-stored-ids.ts'
import { loadStreams, type StreamEnd } from './sql/load-streams.ts'
import { lockHead } from './sql/lock-head.ts'

/**
 * @param onSent called with the index of each append whose rows are about to be sent: from here on a failure may hide a success.
 * @throws whatever the driver threw; the transaction is over, unless the session is.
 */
export async function writeBatch(
  { client }: Session,
  appends: readonly Append[],
  { channel, onSent }: { channel: string; onSent: (index: number) => void },
): Promise<readonly (Appended | ConcurrencyConflict)[]> {
  try {
    const streams = [...new Set(appends.map(({ stream }) => stream))]
    const [, ends] = await both(client.query(lockHead), client.query<StreamEnd>(loadStreams(streams)))
    const loaded = toLoaded(ends.rows)
    const places = placesToCompare(appends, loaded)
    const stored = places.length > 0 ? (await client.query<StoredIdRow>(loadStoredIds(places))).rows : []
    const plan = planBatch(appends, loaded, finder(stored))
    if (plan.rows.length === 0) {
      await client.query('commit')
      return plan.verdicts
    }
    for (const [index, writes] of plan.writes.entries()) if (writes) onSent(index)
    // A commit behind a failed insert is answered as a rollback, so the two may go out together.
    await both(client.query(appendEvents(plan.rows, channel)), client.query('commit'))
    return plan.verdicts
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

/** Like `Promise.all`, but waits for both before it throws: on a pipelined session an answer is still on its way behind an error. */
async function both<First, Second>(first: Promise<First>, second: Promise<Second>): Promise<[First, Second]> {
  await Promise.allSettled([first, second])
  return Promise.all([first, second])
}

function toLoaded(ends: readonly StreamEnd[]): Loaded {
  const revisions = new Map<string, bigint>()
  for (const { stream, revision } of ends) if (revision !== null) revisions.set(stream, BigInt(revision))
  return { head: BigInt(ends[0]?.head ?? 0), revisions }
}

function finder(rows: readonly StoredIdRow[]): (stream: string, revision: bigint) => StoredId | undefined {
  const byPlace = new Map(rows.map((row) => [`${row.revision} ${row.stream}`, row]))
  return (stream, revision) => {
    const row = byPlace.get(`${revision} ${stream}`)
    return row && { eventId: row.event_id, revision, position: BigInt(row.position) }
  }
}
