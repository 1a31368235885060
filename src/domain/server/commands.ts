/** What a managed server can be asked, by people, and told, by the supervisor. */
import type { Instant } from '../instant.ts'
import type { Protected } from '../protected.ts'
import type { Measured } from './alerts.ts'
import type { ServerConfig } from './config.ts'
import type { Exit, FailureReason, Instructions, Negotiated, SpawnedProcess, ToolSettings } from './events.ts'
import type { HealthFacts } from './lifecycle.ts'
import type { HashedTool } from './tool.ts'

export type ServerCommand = IntentCommand | FactCommand | ToolCommand

type By = Readonly<{ by: string; reason: string; now: Instant }>

export type IntentCommand =
  | Readonly<{
      type: 'RegisterServer'
      data: Readonly<{ serverId: string; name: string; config: ServerConfig; builtIn: boolean; enabled: boolean; by: string; now: Instant }>
    }>
  | Readonly<{ type: 'ChangeServerConfig'; data: By & Readonly<{ config: ServerConfig }> }>
  /** `start`: whether it is to run from now on. Default: as it is configured. */
  | Readonly<{ type: 'EnableServer'; data: By & Readonly<{ start?: boolean }> }>
  /** `because`: default `operator`. */
  | Readonly<{ type: 'DisableServer'; data: By & Readonly<{ because?: 'operator' | 'failures' }> }>
  | Readonly<{ type: 'RequestServerStart'; data: By }>
  | Readonly<{ type: 'RequestServerStop'; data: By }>
  | Readonly<{ type: 'RequestServerRestart'; data: By }>
  | Readonly<{ type: 'EnterMaintenance'; data: By }>
  | Readonly<{ type: 'LeaveMaintenance'; data: By }>
  /** A program that no list knows may run, with exactly these arguments. */
  | Readonly<{ type: 'ApproveExecutable'; data: By & Readonly<{ argvHash: string }> }>
  /** It may not any more; a run of it ends. */
  | Readonly<{ type: 'RevokeExecutable'; data: By & Readonly<{ argvHash: string }> }>
  | Readonly<{ type: 'RetireServer'; data: By }>
  | Readonly<{ type: 'RestoreServer'; data: By & Readonly<{ retentionMs: number }> }>
  | Readonly<{ type: 'FenceStep'; data: Readonly<{ executionId: string; step: string; now: Instant }> }>

export type FactCommand =
  /** Asked before anything is started: refused when nobody wants it to run any more. */
  | Readonly<{ type: 'BeginServerStart'; data: Readonly<{ runId: string; supervisorId: string; now: Instant }> }>
  | Readonly<{ type: 'ReportServerSpawned'; data: SpawnedProcess & Readonly<{ runId: string; now: Instant }> }>
  | Readonly<{ type: 'ReportServerRunning'; data: Negotiated & Readonly<{ runId: string; now: Instant }> }>
  | Readonly<{ type: 'ReportServerStopping'; data: Readonly<{ runId: string; now: Instant }> }>
  | Readonly<{ type: 'ReportServerStopped'; data: Readonly<{ runId: string; exit: Exit; now: Instant }> }>
  | Readonly<{ type: 'ReportServerFailed'; data: FailureReport }>
  /** Of no run: calls of the one before count as well. */
  | Readonly<{ type: 'ReportServerMeasures'; data: Readonly<{ measured: Measured; now: Instant }> }>
  | Readonly<{ type: 'ReportServerHealth'; data: Readonly<{ runId: string; facts: HealthFacts; now: Instant }> }>

export type FailureReport = Readonly<{
  runId: string
  reason: FailureReason
  says: Protected
  exit: Exit | null
  stderrTail: Protected
  /** 0 up to 1, from outside: spreads restarts of servers that fell together. */
  jitter: number
  now: Instant
}>

export type ToolCommand =
  | Readonly<{
      type: 'ReportTools'
      data: Readonly<{ runId: string; tools: readonly HashedTool[]; instructions: Instructions | null; now: Instant }>
    }>
  | Readonly<{ type: 'ApproveTool'; data: By & Readonly<{ tool: string; hash: string }> }>
  | Readonly<{ type: 'ApproveInstructions'; data: By & Readonly<{ hash: string }> }>
  | Readonly<{ type: 'EnableTool'; data: By & Readonly<{ tool: string }> }>
  | Readonly<{ type: 'DisableTool'; data: By & Readonly<{ tool: string }> }>
  | Readonly<{ type: 'ChangeToolSettings'; data: By & Partial<ToolSettings> & Readonly<{ tool: string }> }>
