/**
 * What the API needs of the rest of the house: commands, queries, the log to stream from, and how well it all is. The composition root
 * provides it. Commands throw `CommandRefused` and the errors of the ports; nothing here knows HTTP.
 */
import type { EventStore } from '../domain/ports/event-store.ts'
import type { OperatorCommands } from './operator-commands.ts'
import type { Queries } from './queries.ts'

export type Application = Readonly<{
  commands: OperatorCommands
  queries: Queries
  /** Only read from: streams, exports and the live feed show events as they were recorded. */
  events: Pick<EventStore, 'readStream' | 'readAll' | 'subscribe' | 'head'>
  health: SystemHealth
  /** The Prometheus text of now, and its content type. */
  metrics: () => Promise<Readonly<{ contentType: string; text: string }>>
}>

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
