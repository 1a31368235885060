/** What can happen to a managed MCP server. Calls and samples are no events of its stream: they would bury what people did. */
import type { Instant } from '../instant.ts'
import type { JsonObject } from '../ports/json.ts'
import type { Protected } from '../protected.ts'
import type { AlertKind } from './alerts.ts'
import type { ServerConfig } from './config.ts'
import type { Health, HealthFacts } from './lifecycle.ts'
import type { HashedTool } from './tool.ts'

export type ServerEvent =
  // Intent: what people, or processes in their name, want.
  | Readonly<{ type: 'ServerRegistered'; data: ServerRegistration }>
  | Readonly<{ type: 'ServerConfigChanged'; data: ServerConfigChange }>
  | Readonly<{ type: 'ServerEnabled'; data: By }>
  | Readonly<{ type: 'ServerDisabled'; data: By & Readonly<{ because: 'operator' | 'failures' }> }>
  | Readonly<{ type: 'ServerStartRequested'; data: By }>
  | Readonly<{ type: 'ServerStopRequested'; data: By }>
  | Readonly<{ type: 'ServerRestartRequested'; data: By }>
  | Readonly<{ type: 'MaintenanceEntered'; data: By }>
  | Readonly<{ type: 'MaintenanceLeft'; data: By }>
  | Readonly<{ type: 'ExecutableApproved'; data: By & Readonly<{ argvHash: string }> }>
  | Readonly<{ type: 'ExecutableApprovalRevoked'; data: By & Readonly<{ argvHash: string }> }>
  | Readonly<{ type: 'ServerRetired'; data: By }>
  | Readonly<{ type: 'ServerRestored'; data: By }>
  /** A step of a fix that is not known to have run never will: its command id is taken. */
  | Readonly<{ type: 'ServerStepFenced'; data: Of & Readonly<{ executionId: string; step: string; at: Instant }> }>
  // Facts: what the supervisor did and saw. `runId` names one life of the server.
  | Readonly<{ type: 'ServerStarting'; data: OfRun & Readonly<{ supervisorId: string; at: Instant }> }>
  | Readonly<{ type: 'ServerSpawned'; data: OfRun & SpawnedProcess & Readonly<{ at: Instant }> }>
  | Readonly<{ type: 'ServerRunning'; data: OfRun & Negotiated & Readonly<{ startedInMs: number; at: Instant }> }>
  | Readonly<{ type: 'ServerStopping'; data: OfRun & Readonly<{ at: Instant }> }>
  | Readonly<{ type: 'ServerStopped'; data: OfRun & Readonly<{ exit: Exit; at: Instant }> }>
  | Readonly<{ type: 'ServerFailed'; data: OfRun & Failure & Readonly<{ at: Instant }> }>
  | Readonly<{ type: 'ServerRestartScheduled'; data: Of & Readonly<{ attempt: number; dueAt: Instant; at: Instant }> }>
  | Readonly<{ type: 'ServerRestartBudgetExhausted'; data: Of & Readonly<{ crashes: number; at: Instant }> }>
  | Readonly<{ type: 'ServerHealthChanged'; data: Of & Readonly<{ from: Health; to: Health; facts: HealthFacts; at: Instant }> }>
  | Readonly<{ type: 'ServerAlertRaised'; data: Of & Readonly<{ alert: AlertKind; value: number; threshold: number; at: Instant }> }>
  /** `value` null: there is nothing to measure any more. */
  | Readonly<{ type: 'ServerAlertCleared'; data: Of & Readonly<{ alert: AlertKind; value: number | null; at: Instant }> }>
  // Tools.
  | Readonly<{ type: 'ToolCatalogChanged'; data: ToolCatalogChange }>
  | Readonly<{ type: 'InstructionsApproved'; data: Of & Readonly<{ hash: string; by: string; reason: string; at: Instant }> }>
  | Readonly<{ type: 'ToolQuarantined'; data: OfTool & Quarantine & Readonly<{ at: Instant }> }>
  | Readonly<{ type: 'ToolApproved'; data: OfTool & Readonly<{ hash: string; by: string; reason: string; at: Instant }> }>
  | Readonly<{ type: 'ToolEnabled'; data: OfTool & Readonly<{ by: string; reason: string; at: Instant }> }>
  | Readonly<{ type: 'ToolDisabled'; data: OfTool & Readonly<{ by: string; reason: string; at: Instant }> }>
  | Readonly<{ type: 'ToolSettingsChanged'; data: OfTool & ToolSettings & Readonly<{ by: string; reason: string; at: Instant }> }>

type Of = Readonly<{ serverId: string }>
type OfRun = Of & Readonly<{ runId: string }>
type OfTool = Of & Readonly<{ tool: string }>
type By = Of & Readonly<{ by: string; reason: string; at: Instant }>

export type ServerRegistration = Of &
  Readonly<{ name: string; config: ServerConfig; builtIn: boolean; enabled: boolean; by: string; at: Instant }>

export type ServerConfigChange = Of &
  Readonly<{
    /** The whole configuration from now on. */
    config: ServerConfig
    /** Dotted paths of the fields that differ from before. */
    changed: readonly string[]
    by: string
    reason: string
    at: Instant
  }>

/** Enough to know the process again: a pid alone may belong to somebody else tomorrow. */
export type SpawnedProcess = Readonly<{
  pid: number
  /** Start time of the process in clock ticks since boot, as the kernel tells it. */
  startTicks: string
  /** How limits are kept: by which means of the machine. */
  limitedBy: LimitMethod
}>

export const limitMethods = ['cgroup-v2', 'systemd-scope', 'cgroup-v1', 'rlimit', 'none'] as const
export type LimitMethod = (typeof limitMethods)[number]

export type Negotiated = Readonly<{
  era: 'stateless' | 'session'
  protocolVersion: string
  /** As the server names itself. */
  serverName: string
  serverVersion: string
  capabilities: JsonObject
}>

export type Exit = Readonly<{
  /** What ended it. `asked`: it went when its input closed or at SIGTERM; `killed`: it had to be killed. */
  how: 'asked' | 'killed' | 'gone' | 'closed'
  code: number | null
  signal: string | null
}>

export const failureReasons = [
  'executable-missing',
  'executable-forbidden',
  'secret-unavailable',
  'spawn-failed',
  'start-timeout',
  'handshake-refused',
  'not-mcp',
  'unreachable',
  'address-not-allowed',
  'metadata-address',
  'exited',
  'out-of-memory',
  'output-closed',
  'output-too-large',
  'unresponsive',
  'tools-unlistable',
  'stop-failed',
  'steward-error',
] as const
export type FailureReason = (typeof failureReasons)[number]

export type Failure = Readonly<{
  reason: FailureReason
  says: Protected
  /** Whether it had reached running. */
  wasRunning: boolean
  exit: Exit | null
  stderrTail: Protected
  /** Starts in a row that never reached running, this one included. */
  failedStarts: number
  /** Crashes after running since the budget was whole, this one included. */
  crashes: number
}>

export type ToolCatalogChange = Of &
  Readonly<{
    added: readonly HashedTool[]
    removed: readonly string[]
    changed: readonly Readonly<{ name: string; from: string; to: HashedTool }>[]
    /** Tools of `added` and `changed` whose definition is taken as it comes, by the policy; the others wait for a person. */
    taken: readonly string[]
    /** What the server tells every model about itself, when that is another text than before. */
    instructions?: Readonly<{ told: Instructions | null; taken: boolean }>
    at: Instant
  }>

export type Quarantine = Readonly<{
  /** Of the definition that waits. */
  hash: string
  reason: 'new' | 'changed'
  /** Dotted paths of what is not as it was approved. Of a new tool: none. */
  changed: readonly string[]
  /** Dotted paths of what holds characters that nobody sees. */
  hidden: readonly string[]
}>

export type Instructions = Readonly<{ hash: string; text: string }>

export type ToolSettings = Readonly<{ bypass: boolean | null; retrySafe: boolean }>

/** What a person wants, or what somebody in his name does. Facts are not among them. */
export const intentTypes = [
  'ServerRegistered',
  'ServerConfigChanged',
  'ServerEnabled',
  'ServerDisabled',
  'ServerStartRequested',
  'ServerStopRequested',
  'ServerRestartRequested',
  'MaintenanceEntered',
  'MaintenanceLeft',
  'ExecutableApproved',
  'ExecutableApprovalRevoked',
  'ServerRetired',
  'ServerRestored',
  'ToolApproved',
  'InstructionsApproved',
  'ToolEnabled',
  'ToolDisabled',
  'ToolSettingsChanged',
] as const satisfies readonly ServerEvent['type'][]

/** What may change what is wanted of a server, or what it is. */
export const serverEventTypes = [
  ...intentTypes,
  'ServerRestartScheduled',
  'ToolCatalogChanged',
] as const satisfies readonly ServerEvent['type'][]
