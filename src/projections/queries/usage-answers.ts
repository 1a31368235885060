/** The shapes of what is asked about usage. Rates and shares are 0 to 1; null where there is nothing to take a mean, a percentile or a share of. */
import type { Instant } from '../../domain/instant.ts'
import type { ToolState } from '../../domain/server/tool.ts'
import type { Period } from '../../domain/usage/windows.ts'
import type { ServerRow } from '../servers.ts'

export type UsageFigures = Readonly<{
  calls: number
  errors: number
  /** 1 without calls. */
  successRate: number
  cancelled: number
  refused: number
  bypassed: number
  averageMs: number | null
  /** By nearest rank, within 1 %. */
  p50Ms: number | null
  p95Ms: number | null
  p99Ms: number | null
  longestMs: number | null
  requestBytes: number
  responseBytes: number
}>

export type ToolFigures = UsageFigures &
  Readonly<{
    serverId: string
    /** Null: the server was never registered here. */
    server: string | null
    tool: string
    /** Null: the server has never offered it. */
    state: ToolState | null
    /** Within the period. */
    lastCallAt: Instant | null
    callsLast24h: number
    errorsLast24h: number
  }>

export type Counts = Readonly<{ calls: number; errors: number }>

type Common = Readonly<{
  period: Period
  from: Instant
  until: Instant
  today: Counts
  week: Counts
  month: Counts
  /** The last thirty days, today the last. */
  daily: readonly (Counts & Readonly<{ day: string; successRate: number }>)[]
  /** What the figures may lack: calls that ended within the last `flushMs`, and those known to be lost within the period. */
  recording: Readonly<{ flushMs: number; lostCalls: number }>
}>

export type ServerMetrics = UsageFigures &
  Readonly<Pick<ServerRow, 'serverId' | 'name' | 'displayName' | 'situation' | 'enabled' | 'state' | 'health'>> &
  Readonly<{
    /** Offered by the server; enabled ones can be called. */
    tools: Readonly<{ total: number; enabled: number }>
    byTool: readonly ToolFigures[]
    /** Of the ninety days that are kept. */
    lastCallAt: Instant | null
    /** Lives that began to serve within the period, and those that ended by a failure. */
    runs: number
    failures: number
    upMs: number
    /** Time in which it served, as a part of the period; of that, what lies between its registration and its retirement. */
    uptime: number | null
    dailyUptime: readonly Readonly<{ day: string; uptime: number | null }>[]
  }>

export type ServerAnalytics = ServerMetrics & Common

export type Analytics = UsageFigures &
  Common &
  Readonly<{
    /** Registered; active ones are running. */
    servers: Readonly<{ total: number; active: number }>
    tools: Readonly<{ total: number; enabled: number }>
    byServer: readonly ServerMetrics[]
    /** The ten with the most calls. */
    topTools: readonly ToolFigures[]
    /** More than five calls, and less than nine of ten succeeded; the worst first. */
    failingTools: readonly ToolFigures[]
  }>
