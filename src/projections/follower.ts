/**
 * Keeps one read model at the end of the log.
 *
 *   outdated    -> the table is of an older version; a rebuild is on its way   -> following
 *   following   -> takes batches from the live feed, or from the log when it is behind
 *   parked      -> an event stopped it here; waits for `retry`, or until another instance has taken the event in -> following
 *   superseded  -> a newer program has put its own build in place; this one only watches
 *
 * It owns nothing but its own idea of the checkpoint, and asks the database anew whenever that was wrong.
 */
import type { Clock } from '../domain/ports/clock.ts'
import type { Codec } from '../domain/ports/codec.ts'
import type { EventStore, Position } from '../domain/ports/event-store.ts'
import type { Logger } from '../domain/ports/logger.ts'
import type { Metrics } from '../domain/ports/metrics.ts'
import { applyBatch } from './apply-batch.ts'
import { type Batch, readAhead, readBatches } from './batch.ts'
import { ensureLive } from './builds.ts'
import { type Checkpoint, isNewer, isOlder, liveCheckpoint, type Parked, unpark } from './checkpoints.ts'
import type { Database } from './database.ts'
import type { Gate } from './gate.ts'
import type { IdleMover } from './idle-mover.ts'
import type { LiveFeed } from './live-feed.ts'
import type { ReadModel } from './projection.ts'

export type ProjectionMetric =
  | 'steward_projection_caught_up'
  | 'steward_projection_events_total'
  | 'steward_projection_parked'
  | 'steward_projection_rebuilds_total'

export type FollowerState = 'starting' | 'outdated' | 'following' | 'parked' | 'superseded'

export type FollowerStatus = Readonly<{
  state: FollowerState
  build: number
  /** Of the live table. */
  version: number
  position: Position
  caughtUp: boolean
  /** Age of the oldest event that is not in the table; 0 when caught up. */
  lagSeconds: number
  parked: Parked | undefined
}>

export type FollowerOptions = Readonly<{
  database: Database
  eventStore: EventStore
  codec: Codec
  clock: Clock
  logger: Logger
  metrics: Metrics<ProjectionMetric>
  model: ReadModel
  feed: LiveFeed
  gate: Gate
  moveIdle: IdleMover
}>

export type Follower = Readonly<{
  run: (signal: AbortSignal) => Promise<void>
  status: () => FollowerStatus
  /** Look at the checkpoint again now: another build took its place. */
  poke: () => void
  /** Try the event again that stopped it. */
  retry: () => void
  /** Resolves once everything up to the position is in the table, as far as this process knows. */
  reached: (position: Position, signal: AbortSignal) => Promise<void>
}>

const BUSY_AGAIN_MS = 20
const LOOK_AGAIN_MS = 1_000
const IDLE_LOOK_MS = 5_000
const silence: Pick<LiveFeed, 'listen'> = { listen: () => () => undefined }
const FAILED_AGAIN = { firstMs: 100, maxMs: 5_000 } as const

export function createFollower(options: FollowerOptions): Follower {
  const { database, eventStore, codec, clock, logger, metrics, model, feed, gate, moveIdle } = options
  const labels = { projection: model.name }
  let status: FollowerStatus = {
    state: 'starting',
    build: 0,
    version: model.version,
    position: 0n,
    caughtUp: false,
    lagSeconds: 0,
    parked: undefined,
  }
  /** Where the event is that this program could not take in. Another instance may; then it goes on behind it. */
  let refused: Position | undefined
  let wake: () => void = () => undefined
  const waiting = new Set<{ position: Position; resolve: () => void }>()

  const show = (changes: Partial<FollowerStatus>): void => {
    const before = status
    status = { ...status, ...changes }
    if (before.caughtUp !== status.caughtUp || before.state === 'starting') {
      metrics.set('steward_projection_caught_up', status.caughtUp ? 1 : 0, labels)
    }
    if (before.state !== status.state) metrics.set('steward_projection_parked', status.state === 'parked' ? 1 : 0, labels)
    if (before.position === status.position) return
    for (const waiter of waiting) {
      if (waiter.position > status.position) continue
      waiting.delete(waiter)
      waiter.resolve()
    }
  }

  /** Until the source has more, somebody pokes, or the time is up. Nothing is left behind on what lives longer than the pause. */
  async function pause(signal: AbortSignal, ms: number, source: Pick<LiveFeed, 'listen'> = feed): Promise<'more' | 'look-again'> {
    const over = new AbortController()
    const woken = Promise.withResolvers<'more' | 'look-again'>()
    wake = () => woken.resolve('look-again')
    const ignore = source.listen(() => woken.resolve('more'))
    clock.sleep(ms, AbortSignal.any([signal, over.signal])).then(wake, wake)
    try {
      return await woken.promise
    } finally {
      ignore()
      over.abort()
    }
  }

  const secondsSince = (moment: string): number => Math.max(0, Date.parse(clock.now()) - Date.parse(moment)) / 1_000
  const lagOf = ({ events: [oldest] }: Batch): number => (oldest ? secondsSince(oldest.recorded.recordedAt) : status.lagSeconds)

  /** The checkpoint after the batch; undefined when it has to be looked up. */
  async function take(checkpoint: Checkpoint, batch: Batch, signal: AbortSignal): Promise<Checkpoint | undefined> {
    show({ caughtUp: false, lagSeconds: lagOf(batch) })
    const { name, build, position: from } = checkpoint
    if (batch.events.length === 0) {
      if (!(await moveIdle({ name, build, from, to: batch.to }))) {
        await clock.sleep(BUSY_AGAIN_MS, signal)
        return undefined
      }
      show({ position: batch.to })
      return { ...checkpoint, position: batch.to }
    }
    const applied = await gate(() => applyBatch({ database, model, table: model.table, checkpoint, batch, now: () => clock.now() }))
    switch (applied.kind) {
      case 'busy':
        await clock.sleep(BUSY_AGAIN_MS, signal)
        return undefined
      case 'moved':
        return undefined
      case 'parked':
        metrics.count('steward_projection_events_total', labels, applied.events)
        refused = BigInt(applied.parked.position)
        logger.error({ projection: model.name, parked: applied.parked, error: applied.cause }, 'an event stopped a read model')
        return undefined
      case 'applied':
        metrics.count('steward_projection_events_total', labels, applied.events)
        show({ position: applied.position })
        return { ...checkpoint, position: applied.position }
    }
  }

  /** Reads the log for itself, from where the read model is to the head. */
  async function readOn(checkpoint: Checkpoint, signal: AbortSignal): Promise<Checkpoint | undefined> {
    let current: Checkpoint | undefined = checkpoint
    for await (const batch of readAhead(readBatches({ eventStore, codec, model, after: checkpoint.position, signal }))) {
      current = await take(current, batch, signal)
      if (!current || signal.aborted) return undefined
    }
    // Nothing new, and yet the feed is not there: it has not begun.
    if (current.position === checkpoint.position) await pause(signal, BUSY_AGAIN_MS)
    return current
  }

  function stateOf(checkpoint: Checkpoint): FollowerState {
    if (isNewer(checkpoint, model)) return 'superseded'
    if (isOlder(checkpoint, model)) return 'outdated'
    return refused !== undefined && checkpoint.position < refused ? 'parked' : 'following'
  }

  async function follow(signal: AbortSignal): Promise<void> {
    let checkpoint: Checkpoint | undefined
    while (!signal.aborted) {
      checkpoint ??= (await liveCheckpoint(database, model.name)) ?? (await ensureLive(database, model))
      const { build, version, position, parked } = checkpoint
      const state = stateOf(checkpoint)
      if (state === 'following' && parked) {
        // Another instance could not take the event in. This program may be newer, or mended: it tries once.
        await unpark(database, model.name)
        checkpoint = undefined
        continue
      }
      show({ state, build, version, position, parked, ...(state === 'following' ? {} : { caughtUp: false }) })
      if (state !== 'following') {
        await pause(signal, LOOK_AGAIN_MS, silence)
        checkpoint = undefined
        continue
      }
      const batch = feed.after(model, position)
      if (batch === 'behind') checkpoint = await readOn(checkpoint, signal)
      else if (batch) checkpoint = await take(checkpoint, batch, signal)
      else {
        show({ caughtUp: true, lagSeconds: 0 })
        // Now and then it looks whether another instance has swapped or parked it in the meantime.
        if ((await pause(signal, IDLE_LOOK_MS)) === 'look-again') checkpoint = undefined
      }
    }
  }

  return {
    async run(signal) {
      for (let waitMs: number = FAILED_AGAIN.firstMs; !signal.aborted; waitMs = Math.min(2 * waitMs, FAILED_AGAIN.maxMs)) {
        const before = status.position
        try {
          await follow(signal)
        } catch (error) {
          if (signal.aborted) return
          show({ caughtUp: false })
          logger.warn({ projection: model.name, error }, 'a read model could not be moved; trying again')
          if (status.position !== before) waitMs = FAILED_AGAIN.firstMs
          await clock.sleep(waitMs, signal).catch(() => undefined)
        }
      }
    },
    status: () => (status.parked ? { ...status, lagSeconds: secondsSince(status.parked.at) } : status),
    poke: () => wake(),
    retry() {
      refused = undefined
      wake()
    },
    reached(position, signal) {
      if (status.position >= position) return Promise.resolve()
      return new Promise((resolve) => {
        const waiter = { position, resolve }
        waiting.add(waiter)
        signal.addEventListener('abort', () => waiting.delete(waiter), { once: true })
      })
    },
  }
}
