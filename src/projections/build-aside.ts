/** Fills a build beside the live read model: from the log, in big batches, up to where the caller wants it. */
import type { Clock } from '../domain/ports/clock.ts'
import type { Codec } from '../domain/ports/codec.ts'
import type { EventStore, Position } from '../domain/ports/event-store.ts'
import { applyBatch } from './apply-batch.ts'
import { readAhead, readBatches } from './batch.ts'
import { type Checkpoint, type Parked, readCheckpoint } from './checkpoints.ts'
import type { Database } from './database.ts'
import type { ReadModel } from './projection.ts'
import { asideName } from './tables.ts'

export type BuildOptions = Readonly<{
  database: Database
  eventStore: EventStore
  codec: Codec
  clock: Clock
  model: ReadModel
  build: number
  /** Never beyond this position; default the head of the log as it is now. */
  until?: Position | undefined
  batchSizeEvents?: number | undefined
  signal: AbortSignal
}>

const BUSY_AGAIN_MS = 50

/** @throws BuildPoisoned. Undefined: the build is gone; another instance has put it in place, or dropped it. */
export async function catchUp(options: BuildOptions): Promise<Readonly<{ checkpoint: Checkpoint; events: number }> | undefined> {
  const { database, model, build, clock, signal } = options
  let events = 0
  for (;;) {
    signal.throwIfAborted()
    const checkpoint = await readCheckpoint(database, model.name, build)
    if (!checkpoint || checkpoint.stage === 'live') return undefined
    const round = await oneRound(options, checkpoint)
    events += round.events
    if (round.complete) return { checkpoint: { ...checkpoint, position: round.position }, events }
    // Another instance builds the same; go on from where it is.
    await clock.sleep(BUSY_AGAIN_MS, signal)
  }
}

async function oneRound(
  { database, eventStore, codec, clock, model, build, until, batchSizeEvents, signal }: BuildOptions,
  checkpoint: Checkpoint,
): Promise<{ complete: boolean; position: Position; events: number }> {
  const table = asideName(model, build)
  let { position } = checkpoint
  let events = 0
  for await (const batch of readAhead(readBatches({ eventStore, codec, model, after: position, until, batchSizeEvents, signal }))) {
    const applied = await applyBatch({ database, model, table, checkpoint: { ...checkpoint, position }, batch, now: () => clock.now() })
    if (applied.kind === 'parked') throw new BuildPoisoned({ projection: model.name, parked: applied.parked, cause: applied.cause })
    if (applied.kind !== 'applied') return { complete: false, position, events }
    position = applied.position
    events += applied.events
  }
  return { complete: true, position, events }
}

/** An event of the log cannot be folded: the live read model stays as it is. */
export class BuildPoisoned extends Error {
  override readonly name = 'BuildPoisoned'
  readonly projection: string
  readonly parked: Parked
  constructor(facts: { projection: string; parked: Parked; cause: unknown }) {
    super(`${facts.projection} cannot take in ${facts.parked.type} at position ${facts.parked.position}: ${facts.parked.cause}`, {
      cause: facts.cause,
    })
    this.projection = facts.projection
    this.parked = facts.parked
  }
}
