/**
 * Watches every registered target of every host that this instance follows. One instance follows a host at a time, held by a lease; when it dies,
 * another takes over from the cursors in the database.
 */

import type { Service } from '../../domain/catalogue/action.ts'
import type { Fault } from '../../domain/catalogue/fault.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { LogCursors } from '../../domain/ports/cursors.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { Lease, Leases } from '../../domain/ports/leases.ts'
import type { CompileLogMatcher, LogMatcher } from '../../domain/ports/log-matcher.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { Metrics } from '../../domain/ports/metrics.ts'
import type { RemoteHosts } from '../../domain/ports/remote-host.ts'
import type { Roster, Watched } from '../../domain/ports/roster.ts'
import type { HandleCommand } from '../aggregate-commands.ts'
import type { Reach } from '../effects/reach.ts'
import { isOutage } from '../retry.ts'
import { POLL_EVERY_MS, pollTarget } from './poll-target.ts'
import type { RecordAnomaly } from './record-anomaly.ts'
import type { Tools } from './sighting.ts'
import { createVisibility, SERVICE, type Unseen } from './visibility.ts'
import { createWatchFigures, type WatchFigures } from './watch-figures.ts'
import { watchLog } from './watch-log.ts'

export type WatchTargetsOptions = Readonly<{
  roster: Roster
  hosts: RemoteHosts
  reach: Reach
  faults: readonly Fault[]
  compileMatcher: CompileLogMatcher
  record: RecordAnomaly
  handle: HandleCommand
  cursors: LogCursors
  leases: Leases
  clock: Clock
  ids: Ids
  tools: Tools
  metrics: Metrics
  logger: Logger
  pollEveryMs?: number
  rosterEveryMs?: number
}>

/** Runs until the signal aborts; then every watch has ended. */
export async function watchTargets(options: WatchTargetsOptions & { signal: AbortSignal }): Promise<void> {
  const { roster, leases, clock, logger, signal, rosterEveryMs = 1_000 } = options
  const shared = { ...options, matcherOf: matchersByService(options), figures: createWatchFigures(options.metrics) }
  const followed = new Map<string, FollowedHost>()
  try {
    while (!signal.aborted) {
      const byHost = Map.groupBy(await roster.watched(), ({ host }) => host.hostId)
      for (const [hostId, watched] of byHost) {
        let host = followed.get(hostId)
        if (host?.lease.lost.aborted) {
          followed.delete(hostId)
          await host.stop()
          host = undefined
        }
        if (!host) {
          const lease = await leases.tryHold(`follow-host-${hostId}`)
          if (!lease) continue
          host = new FollowedHost(lease, shared)
          followed.set(hostId, host)
          logger.info({ hostId }, 'following host')
        }
        await host.keep(watched.filter(({ paused }) => !paused))
      }
      for (const [hostId, host] of followed) {
        if (byHost.has(hostId)) continue
        followed.delete(hostId)
        await host.stop()
      }
      await clock.sleep(rosterEveryMs, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await Promise.all([...followed.values()].map((host) => host.stop()))
  }
}

type MatcherOf = (service: Service) => LogMatcher
type FollowedHostOptions = WatchTargetsOptions & Readonly<{ signal: AbortSignal; matcherOf: MatcherOf; figures: WatchFigures }>

function matchersByService({ faults, compileMatcher }: WatchTargetsOptions): MatcherOf {
  const matchers = new Map<Service, LogMatcher>()
  return (service) => {
    const known = matchers.get(service)
    if (known) return known
    const matcher = compileMatcher(faults.filter((fault) => fault.service === service))
    matchers.set(service, matcher)
    return matcher
  }
}

/** The watches of one host, alive as long as its lease. */
class FollowedHost {
  readonly lease: Lease
  readonly #options: FollowedHostOptions
  readonly #watches = new Map<string, { hostKey: string; stop: AbortController; running: Promise<void> }>()

  constructor(lease: Lease, options: FollowedHostOptions) {
    this.lease = lease
    this.#options = options
  }

  /** Begins watches that are missing, and ends those of targets that are gone or paused, or whose host has a new key: the old one opens nothing any more. */
  async keep(watched: readonly Watched[]): Promise<void> {
    const wanted = new Map(watched.map(({ target, host }) => [target.targetId, host.hostKey.key]))
    for (const [targetId, watch] of this.#watches) {
      if (wanted.get(targetId) === watch.hostKey) continue
      this.#watches.delete(targetId)
      watch.stop.abort()
      await watch.running
    }
    for (const each of watched) if (!this.#watches.has(each.target.targetId)) this.#begin(each)
  }

  async stop(): Promise<void> {
    for (const { stop } of this.#watches.values()) stop.abort()
    await Promise.all([...this.#watches.values()].map(({ running }) => running))
    await this.lease[Symbol.asyncDispose]()
  }

  #begin(watched: Watched): void {
    const stop = new AbortController()
    const signal = AbortSignal.any([stop.signal, this.lease.lost, this.#options.signal])
    const running = this.#watch(watched, signal)
    this.#watches.set(watched.target.targetId, { hostKey: watched.host.hostKey.key, stop, running })
  }

  async #watch({ target, host }: Watched, signal: AbortSignal): Promise<void> {
    const { hosts, reach, faults, record, cursors, clock, tools, logger, figures, matcherOf, pollEveryMs = POLL_EVERY_MS } = this.#options
    const { targetId, service } = target
    const visibility = createVisibility(target, this.#options)
    const shared = { record, clock, tools, figures, signal }
    const watchPath = (path: string) =>
      watchLog({
        ...shared,
        target,
        path,
        // Asked for each time: a connection that was closed for good is not opened again.
        remote: hosts.open(host),
        matcher: matcherOf(service),
        cursors,
        visible: visibility.report,
        gap: visibility.gap,
        lost: this.lease.lost,
      })
    const poll = () =>
      pollTarget({
        ...shared,
        targetId,
        faults: faults.filter((fault) => fault.service === service),
        reach,
        logger,
        visible: (unseen) => visibility.report(SERVICE, unseen),
        everyMs: pollEveryMs,
      })
    const keepWatching = async (what: string, watch: () => Promise<void>): Promise<void> => {
      while (!signal.aborted) {
        try {
          await watch()
        } catch (error) {
          if (signal.aborted) return
          logger.warn({ targetId, what, error }, 'a watch failed and begins again')
          // A store that is away says nothing of the target.
          if (!isOutage(error)) await visibility.report(what, unwatched(what, error)).catch(() => undefined)
        }
        await clock.sleep(RESTART_AFTER_MS, signal).catch(() => undefined)
      }
    }
    await Promise.all([...target.logPaths.map((path) => keepWatching(path, () => watchPath(path))), keepWatching(SERVICE, poll)])
  }
}

const unwatched = (what: string, error: unknown): Unseen => ({
  reason: `${what} is not watched: ${error instanceof Error ? error.message : String(error)}`,
  host: 'unknown',
})

const RESTART_AFTER_MS = 2_000
