/** The read side as one object: what the composition root starts and stops, and what the API and the processes ask. */
import type { Agenda } from '../domain/ports/agenda.ts'
import type { Clock } from '../domain/ports/clock.ts'
import type { Codec } from '../domain/ports/codec.ts'
import type { EventStore, Position } from '../domain/ports/event-store.ts'
import type { ExpiringRows } from '../domain/ports/expiring-rows.ts'
import type { Logger } from '../domain/ports/logger.ts'
import type { FigureSource, Metrics } from '../domain/ports/metrics.ts'
import type { OperationRoster } from '../domain/ports/operation-roster.ts'
import type { Roster } from '../domain/ports/roster.ts'
import type { ServerRoster } from '../domain/ports/server-roster.ts'
import { type Retention, usualRetention } from '../domain/usage/retention.ts'
import { createAgenda } from './agenda.ts'
import { allProjections } from './all.ts'
import type { Database } from './database.ts'
import type { ProjectionMetric } from './follower.ts'
import type { LiveFeed } from './live-feed.ts'
import { createOperationRoster } from './operation-roster.ts'
import type { ReadModel } from './projection.ts'
import { createQueries } from './queries/create-queries.ts'
import type { Queries } from './queries/index.ts'
import type { Rebuilt } from './rebuild.ts'
import { createReplay, type Replay } from './replay.ts'
import { createRoster } from './roster.ts'
import { createRunner, type ProjectionStatus } from './runner.ts'
import { createServerPast, type ServerPast } from './server-past.ts'
import { createServerRoster } from './server-roster.ts'
import { createStateFigures, type StateGauge } from './state-figures.ts'
import type { Verified } from './verify.ts'

export type ReadModelsOptions = Readonly<{
  /** Kysely. Its connections begin in the schema of the namespace, and its migrations have run. Stays open; its owner closes it. */
  database: Database
  eventStore: EventStore
  codec: Codec
  clock: Clock
  logger: Logger
  metrics: Metrics<ProjectionMetric>
  /** Default: all. */
  models?: readonly ReadModel[]
  /** Default: as long as the longest period that can be asked for. */
  retention?: Retention
}>

export interface ReadModels extends AsyncDisposable, ExpiringRows {
  /** Resolves when every table is there and is being followed; not yet when all of the log is read. */
  start(): Promise<void>
  /** Batches in flight finish or are undone; nothing runs any more afterwards. */
  stop(): Promise<void>
  readonly queries: Queries
  readonly agenda: Agenda
  readonly roster: Roster
  readonly serverRoster: ServerRoster
  readonly replay: Replay
  /** Which operations have not ended, for the runner that carries them out. */
  readonly operationRoster: OperationRoster
  /** The end of the log as the read models follow it, for the sockets that show it live. */
  readonly feed: LiveFeed
  /** Servers as they were. */
  readonly serverPast: ServerPast
  /** How things stand, for metrics. */
  readonly figures: FigureSource<StateGauge>
  status(): readonly ProjectionStatus[]
  /** Resolves when the read model has come so far. @throws ProjectionLagging @throws UnknownProjection */
  waitFor(projection: string, minPosition: Position, timeoutMs: number, signal?: AbortSignal): Promise<void>
  /** Builds it anew beside the live one and swaps. @throws BuildPoisoned @throws UnknownProjection */
  rebuild(projection: string): Promise<Rebuilt>
  /** Builds it anew and compares. @throws CannotVerify @throws BuildPoisoned @throws UnknownProjection */
  verify(projection: string): Promise<Verified>
  /** Lets a parked projection try the event again that stopped it. @throws UnknownProjection */
  retry(projection: string): Promise<void>
}

const WAIT_MS = 5_000

export function createReadModels(options: ReadModelsOptions): ReadModels {
  const { database, eventStore, codec, clock, models = allProjections, retention = usualRetention } = options
  const runner = createRunner({ ...options, models, retention })
  const queries = createQueries({
    database,
    eventStore,
    clock,
    async ready(asked, { minPosition, timeoutMs = WAIT_MS, signal }) {
      if (minPosition === undefined) return
      await Promise.all(asked.map(({ name }) => runner.waitFor(name, minPosition, timeoutMs, signal)))
    },
  })
  return {
    start: runner.start,
    stop: runner.stop,
    queries,
    agenda: createAgenda(database),
    roster: createRoster(database),
    serverRoster: createServerRoster(database),
    replay: createReplay({ eventStore, codec }),
    operationRoster: createOperationRoster(database),
    feed: runner.feed,
    serverPast: createServerPast({ eventStore, codec }),
    figures: createStateFigures({ database, clock }),
    status: runner.status,
    waitFor: runner.waitFor,
    rebuild: runner.rebuild,
    verify: runner.verify,
    retry: runner.retry,
    dropExpired: runner.dropExpired,
    [Symbol.asyncDispose]: runner.stop,
  }
}
