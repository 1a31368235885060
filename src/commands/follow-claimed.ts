/**
 * Follows the log under a checkpoint that one instance of Steward owns at a time. The claim only saves double work: whoever handles an event must
 * know by himself what was handled already. Events that concern nobody are passed over without a claim; after a crash they are passed over again.
 */
import { elapsedMs } from '../domain/instant.ts'
import type { Checkpoints } from '../domain/ports/checkpoints.ts'
import type { Clock } from '../domain/ports/clock.ts'
import type { Checkpoint, EventStore, Position, RecordedEvent } from '../domain/ports/event-store.ts'
import { inBatches } from './in-batches.ts'
import { type OutageOptions, throughOutages } from './retry.ts'

export type FollowClaimedOptions = Readonly<{
  /** Of the checkpoint. */
  name: string
  /** Where it was found, or where to begin. */
  after: Position | undefined
  types: readonly string[]
  handle: (event: RecordedEvent) => Promise<void>
  store: Pick<EventStore, 'subscribe'>
  checkpoints: Checkpoints
  clock: Clock
  signal: AbortSignal
  onOutage?: OutageOptions['onOutage']
  batchSizeEvents: number
}>

/** How long to stand aside while another instance handles a batch. */
const BUSY_WAIT_MS = 100
/** So often the checkpoint is moved over what concerns nobody. With every tool call recorded, each move costs a handful of statements. */
const MOVE_IDLE_EVERY_MS = 10_000

/** Runs until the signal aborts or the subscription ends; returns where the checkpoint stands then. */
export async function followClaimed(options: FollowClaimedOptions): Promise<Position | undefined> {
  const { types, store, clock, signal, onOutage, batchSizeEvents } = options
  let position = options.after
  let movedAt = clock.now()
  // The read that is already on its way would hold a failure back until the next event comes, so it ends with the failure.
  const failed = new AbortController()
  const reading = AbortSignal.any([signal, failed.signal])
  const source = store.subscribe({ ...(position === undefined ? {} : { after: position }), types, signal: reading })
  for await (const batch of inBatches(source, batchSizeEvents)) {
    if (batch.every(isCheckpoint) && elapsedMs(movedAt, clock.now()) < MOVE_IDLE_EVERY_MS) continue
    try {
      position = await throughOutages(() => takeBatch(batch, position, options), { clock, signal, onOutage })
      movedAt = clock.now()
    } catch (error) {
      failed.abort(error)
      throw error
    }
    if (signal.aborted) break
  }
  return position
}

/** Handles what lies behind `position`, unless another instance has, and returns where the checkpoint stands then. */
async function takeBatch(
  batch: readonly (RecordedEvent | Checkpoint)[],
  position: Position | undefined,
  { name, checkpoints, clock, signal, handle }: FollowClaimedOptions,
): Promise<Position | undefined> {
  let from = position
  for (;;) {
    const rest = batch.filter((item) => from === undefined || positionOf(item) > from)
    const last = rest.at(-1)
    if (!last || signal.aborted) return from
    const claimed = await checkpoints.claim(name, from, async () => {
      for (const item of rest) if (!isCheckpoint(item)) await handle(item)
      return positionOf(last)
    })
    if (claimed === 'done') return positionOf(last)
    if (claimed === 'busy') await clock.sleep(BUSY_WAIT_MS, signal)
    from = await checkpoints.load(name)
  }
}

const isCheckpoint = (item: RecordedEvent | Checkpoint): item is Checkpoint => 'checkpoint' in item

const positionOf = (item: RecordedEvent | Checkpoint): Position => (isCheckpoint(item) ? item.checkpoint : item.position)
