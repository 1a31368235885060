/**
 * What the API needs of the rest of the house: commands, queries, the log to stream from, and how well it all is. The composition root
 * provides it. Commands throw `CommandRefused` and the errors of the ports; nothing here knows HTTP.
 */
import type { FleetDesk } from '../commands/fleet/desk.ts'
import type { ConfigurationDesk } from '../commands/operator/configuration-desk.ts'
import type { Instant } from '../domain/instant.ts'
import type { EventStore, Position, StreamName } from '../domain/ports/event-store.ts'
import type { HealthSamples } from '../domain/ports/health-samples.ts'
import type { Json } from '../domain/ports/json.ts'
import type { StopFile } from '../domain/ports/stop-file.ts'
import type { UsualServer } from '../domain/server/config.ts'
import type { Queries } from '../projections/queries/index.ts'
import type { ServerPast } from '../projections/server-past.ts'
import type { OperatorCommands } from './operator-commands.ts'

export type Application = Readonly<{
  commands: OperatorCommands
  queries: Queries
  replay: Replay
  /** Managed servers as they were. */
  serverPast: ServerPast
  /** What a server has where its registration says nothing. */
  usualServer: UsualServer
  /** What only the instance that supervises can do. */
  fleet: FleetDesk
  /** What the probes of managed servers answered. */
  healthSamples: Pick<HealthSamples, 'latest'>
  /** Discovery, and the configuration of all servers as one document. */
  configuration: ConfigurationDesk
  readModels: ReadModels
  /** Only read from: streams, exports and the live feed show events as they were recorded. */
  events: Pick<EventStore, 'readStream' | 'readAll' | 'subscribe' | 'head'>
  health: SystemHealth
  /** Of the instance that is asked: its own data directory. */
  stopFile: StopFile
  /** The Prometheus text of now, and its content type. */
  metrics: () => Promise<Readonly<{ contentType: string; text: string }>>
}>

/** The past, folded from the log itself and not from a read model. */
export interface Replay {
  /** The state of an aggregate as of a position, a time, or now; undefined when its stream had no event by then, or is none of an aggregate. */
  stateAt(stream: StreamName, at: Readonly<{ position: Position }> | Readonly<{ time: Instant }> | 'now'): Promise<StreamState | undefined>
}

/** The state after the event at `revision`, which was recorded at `at`. */
export type StreamState = Readonly<{ stream: string; aggregate: string; state: Json; revision: bigint; position: Position; at: Instant }>

/** How the machinery behind the read models and processes is doing. */
export interface ReadModels {
  projections(): Promise<readonly ProjectionStatus[]>
  /** Instances of processes that stopped at an event they could not handle. */
  parkedInstances(): Promise<readonly ParkedInstance[]>
}

export type ProjectionStatus = Readonly<{
  name: string
  version: number
  state: 'live' | 'rebuilding' | 'parked'
  /** Null before the first event. */
  position: Position | null
  caughtUp: boolean
  /** Age of the oldest event that is not taken in yet; 0 when caught up, null when unknown. */
  lagSeconds: number | null
  parkedBecause: string | null
}>

export type ParkedInstance = Readonly<{ process: string; instance: string; position: string; eventId: string; cause: string; at: Instant }>

export interface SystemHealth {
  /** Whether requests can be answered now; otherwise what is missing, e.g. 'event-store'. */
  readiness(): Promise<Readonly<{ ready: boolean; missing: readonly string[] }>>
  report(): Promise<HealthReport>
}

export type HealthReport = Readonly<{
  status: 'healthy' | 'degraded' | 'unhealthy'
  version: string
  startedAt: string
  checks: readonly Readonly<{ name: string; status: 'healthy' | 'degraded' | 'unhealthy'; says: string }>[]
  /** Everything that works in the background: log followers, pollers, runners. */
  agents: readonly Readonly<{ name: string; status: 'running' | 'stopped'; lastAnalysis: string | null }>[]
  resources: Readonly<{ cpuPercent: number; memoryPercent: number; memoryUsedBytes: number; memoryTotalBytes: number }>
}>
