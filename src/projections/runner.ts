/**
 * Keeps all read models of this process at the end of the log. Several processes may do so on one database: each batch counts once, and when
 * one dies the others go on at once. A read model whose table is of an older version is rebuilt beside it at start.
 */
import type { Clock } from '../domain/ports/clock.ts'
import type { Codec } from '../domain/ports/codec.ts'
import type { EventStore, Position } from '../domain/ports/event-store.ts'
import type { ExpiringRows } from '../domain/ports/expiring-rows.ts'
import type { Logger } from '../domain/ports/logger.ts'
import type { Metrics } from '../domain/ports/metrics.ts'
import type { Retention } from '../domain/usage/retention.ts'
import { ensureLive } from './builds.ts'
import { isOlder, liveCheckpoint } from './checkpoints.ts'
import type { Database } from './database.ts'
import { clearExpired } from './expiry.ts'
import { createFollower, type Follower, type FollowerStatus, type ProjectionMetric } from './follower.ts'
import { createGate } from './gate.ts'
import { createIdleMover } from './idle-mover.ts'
import { createLiveFeed, type LiveFeed } from './live-feed.ts'
import type { ReadModel } from './projection.ts'
import { ProjectionLagging, UnknownProjection } from './projection-errors.ts'
import { type Rebuilt, rebuild } from './rebuild.ts'
import { type Verified, verify } from './verify.ts'

export type RunnerOptions = Readonly<{
  database: Database
  eventStore: EventStore
  codec: Codec
  clock: Clock
  logger: Logger
  metrics: Metrics<ProjectionMetric>
  models: readonly ReadModel[]
  retention: Retention
  /** Transactions of projections that may be open at once. Default 4. */
  maxTransactions?: number
}>

export type ProjectionStatus = FollowerStatus & Readonly<{ name: string; wantedVersion: number; rebuilding: boolean }>

export type Runner = Readonly<{
  /** Resolves when every table is there; not yet when all is read. */
  start: () => Promise<void>
  stop: () => Promise<void>
  status: () => readonly ProjectionStatus[]
  /** @throws ProjectionLagging @throws UnknownProjection */
  waitFor: (name: string, position: Position, timeoutMs: number, signal?: AbortSignal) => Promise<void>
  rebuild: (name: string) => Promise<Rebuilt>
  verify: (name: string) => Promise<Verified>
  /** Drops what is past its time in every table; how many rows went, by read model. @throws the reason of the signal. */
  dropExpired: ExpiringRows['dropExpired']
  /** Lets a parked projection try again. */
  retry: (name: string) => Promise<void>
  /** The end of the log, for whoever else wants to follow it: there is one subscription for all. */
  feed: LiveFeed
}>

const REBUILD_AGAIN_MS = 30_000

export function createRunner(options: RunnerOptions): Runner {
  const { database, eventStore, codec, clock, logger, metrics, models, retention, maxTransactions = 4 } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const feed = createLiveFeed({ eventStore, codec, clock, logger })
  const gate = createGate(maxTransactions)
  const moveIdle = createIdleMover(database)
  const followers = new Map(models.map((model) => [model.name, createFollower({ ...options, model, feed, gate, moveIdle })]))
  const rebuilding = new Map<string, Promise<Rebuilt>>()
  const running: Promise<void>[] = []

  const find = (name: string): { model: ReadModel; follower: Follower } => {
    const model = models.find((each) => each.name === name)
    const follower = followers.get(name)
    if (!model || !follower) throw new UnknownProjection({ projection: name })
    return { model, follower }
  }

  /** One rebuild of a projection at a time in this process; a second caller gets the result of the first. */
  function rebuildOnce(name: string): Promise<Rebuilt> {
    const begun = rebuilding.get(name)
    if (begun) return begun
    const { model, follower } = find(name)
    const labels = { projection: name }
    const work = rebuild({ database, eventStore, codec, clock, model, signal })
      .then(
        (rebuilt) => {
          metrics.count('steward_projection_rebuilds_total', { ...labels, outcome: 'succeeded' })
          logger.info({ ...rebuilt }, 'a read model was rebuilt')
          return clearRebuilt(model).then(() => rebuilt)
        },
        (error: unknown) => {
          metrics.count('steward_projection_rebuilds_total', { ...labels, outcome: 'failed' })
          throw error
        },
      )
      .finally(() => {
        rebuilding.delete(name)
        follower.poke()
      })
    rebuilding.set(name, work)
    return work
  }

  /** Until the live table is of this version, by us or by another instance. */
  async function bringUpToDate(model: ReadModel): Promise<void> {
    while (!signal.aborted) {
      try {
        const live = await liveCheckpoint(database, model.name)
        if (!live || !isOlder(live, model)) return
        await rebuildOnce(model.name)
      } catch (error) {
        if (signal.aborted) return
        logger.error({ projection: model.name, error }, 'a read model could not be rebuilt for the new version; trying again later')
        await clock.sleep(REBUILD_AGAIN_MS, signal).catch(() => undefined)
      }
    }
  }

  /** The log has what the table had dropped long ago. What stays of it now goes with the next clean-up. */
  async function clearRebuilt(model: ReadModel): Promise<void> {
    try {
      await clearExpired(database, model, { now: clock.now(), retention }, signal)
    } catch (error) {
      if (!signal.aborted)
        logger.warn({ projection: model.name, error }, 'rows past their time came back with the rebuild and could not be dropped')
    }
  }

  return {
    feed,
    async start() {
      const outdated: ReadModel[] = []
      for (const model of models) {
        const live = await ensureLive(database, model)
        if (isOlder(live, model)) outdated.push(model)
      }
      running.push(feed.run(signal))
      for (const follower of followers.values()) running.push(follower.run(signal))
      for (const model of outdated) running.push(bringUpToDate(model))
    },
    async stop() {
      stopping.abort(new Error('the read models are being stopped'))
      await Promise.allSettled([...running, ...rebuilding.values()])
    },
    status: () =>
      models.map((model) => ({
        name: model.name,
        wantedVersion: model.version,
        rebuilding: rebuilding.has(model.name),
        ...find(model.name).follower.status(),
      })),
    async waitFor(name, position, timeoutMs, callerSignal) {
      const { follower } = find(name)
      if (follower.status().position >= position) return
      const over = new AbortController()
      const ending = AbortSignal.any([over.signal, signal, ...(callerSignal ? [callerSignal] : [])])
      try {
        const isReached = await Promise.race([
          follower.reached(position, ending).then(() => true),
          clock.sleep(timeoutMs, ending).then(() => false),
        ])
        if (isReached) return
      } finally {
        over.abort()
      }
      throw new ProjectionLagging({ projection: name, position: follower.status().position, wanted: position })
    },
    async rebuild(name) {
      return rebuildOnce(name)
    },
    async verify(name) {
      return verify({ database, eventStore, codec, clock, model: find(name).model, retention, signal })
    },
    async dropExpired(asOf, asked) {
      const dropped: Record<string, number> = {}
      const either = AbortSignal.any([asked, signal])
      for (const model of models.filter(({ expires }) => expires.length > 0)) {
        dropped[model.name] = await clearExpired(database, model, { now: asOf, retention }, either)
      }
      return dropped
    },
    async retry(name) {
      find(name).follower.retry()
    },
  }
}
