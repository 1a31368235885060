/** Managed MCP servers as they stand: what is wanted of them, what they are, and what went wrong last. */
import { unreachable } from '../domain/decider.ts'
import type { Recorded } from '../domain/events.ts'
import type { Instant } from '../domain/instant.ts'
import type { AlertKind, RaisedAlert } from '../domain/server/alerts.ts'
import type { Isolation, ServerConfig } from '../domain/server/config.ts'
import type { Exit, FailureReason, Instructions, LimitMethod, ServerEvent, ServerRegistration } from '../domain/server/events.ts'
import type { Health, HealthFacts, ServerState } from '../domain/server/lifecycle.ts'
import { defineProjection } from './projection.ts'

export type ServerRow = Readonly<{
  serverId: string
  name: string
  displayName: string
  transport: ServerConfig['transport']['kind']
  isolation: Isolation
  config: ServerConfig
  builtIn: boolean
  situation: 'registered' | 'retired'
  enabled: boolean
  disabledBecause: 'operator' | 'failures' | null
  desired: 'running' | 'stopped'
  state: ServerState
  stateSince: Instant
  health: Health
  healthFacts: HealthFacts | null
  healthSince: Instant | null
  runId: string | null
  pid: number | null
  limitedBy: LimitMethod | null
  era: 'stateless' | 'session' | null
  protocolVersion: string | null
  serverName: string | null
  serverVersion: string | null
  runningSince: Instant | null
  startedInMs: number | null
  /** The configuration has changed since this run began. */
  outdated: boolean
  /** What was beyond its threshold when it was last looked at. */
  alerts: readonly (RaisedAlert & Readonly<{ alert: AlertKind }>)[]
  restartAttempt: number | null
  restartDueAt: Instant | null
  failureReason: FailureReason | null
  failureSays: string | null
  failureStderr: string | null
  failedAt: Instant | null
  lastExit: Exit | null
  failedStarts: number
  crashes: number
  /** Hashes of argument vectors that a person let run. */
  approvedArgv: readonly string[]
  /** What the server tells every model about itself, as it was approved. */
  instructions: Instructions | null
  /** What it tells now, where that is something else; `told` null: nothing any more. */
  pendingInstructions: Readonly<{ told: Instructions | null }> | null
  /** Of all time. */
  starts: number
  failures: number
  registeredBy: string
  registeredAt: Instant
  changedBy: string
  changedAt: Instant
  retiredBy: string | null
  retiredReason: string | null
  retiredAt: Instant | null
  /** Of the last event of the server, whatever it was. */
  revision: bigint
}>

export const servers = defineProjection({
  name: 'servers',
  version: 3,
  table: 'servers',
  columns: {
    serverId: 'text',
    name: 'text',
    displayName: 'text',
    transport: 'text',
    isolation: 'text',
    config: 'json',
    builtIn: 'boolean',
    situation: 'text',
    enabled: 'boolean',
    disabledBecause: 'text',
    desired: 'text',
    state: 'text',
    stateSince: 'timestamptz',
    health: 'text',
    healthFacts: 'json',
    healthSince: 'timestamptz',
    runId: 'text',
    pid: 'integer',
    limitedBy: 'text',
    era: 'text',
    protocolVersion: 'text',
    serverName: 'text',
    serverVersion: 'text',
    runningSince: 'timestamptz',
    startedInMs: 'integer',
    outdated: 'boolean',
    alerts: 'json',
    restartAttempt: 'integer',
    restartDueAt: 'timestamptz',
    failureReason: 'text',
    failureSays: 'text',
    failureStderr: 'text',
    failedAt: 'timestamptz',
    lastExit: 'json',
    failedStarts: 'integer',
    crashes: 'integer',
    approvedArgv: 'text[]',
    instructions: 'json',
    pendingInstructions: 'json',
    starts: 'integer',
    failures: 'integer',
    registeredBy: 'text',
    registeredAt: 'timestamptz',
    changedBy: 'text',
    changedAt: 'timestamptz',
    retiredBy: 'text',
    retiredReason: 'text',
    retiredAt: 'timestamptz',
    revision: 'bigint',
  },
  primaryKey: 'serverId',
  nullable: [
    'disabledBecause',
    'healthFacts',
    'healthSince',
    'runId',
    'pid',
    'limitedBy',
    'era',
    'protocolVersion',
    'serverName',
    'serverVersion',
    'runningSince',
    'startedInMs',
    'restartAttempt',
    'restartDueAt',
    'failureReason',
    'failureSays',
    'failureStderr',
    'failedAt',
    'lastExit',
    'instructions',
    'pendingInstructions',
    'retiredBy',
    'retiredReason',
    'retiredAt',
  ],
  indexes: [{ columns: ['name'] }, { columns: ['state'] }],
  eventTypes: [
    'ServerRegistered',
    'ServerConfigChanged',
    'ServerEnabled',
    'ServerDisabled',
    'ServerStartRequested',
    'ServerStopRequested',
    'ServerRestartRequested',
    'MaintenanceEntered',
    'MaintenanceLeft',
    'ServerRetired',
    'ServerRestored',
    'ServerStepFenced',
    'ServerStarting',
    'ServerSpawned',
    'ServerRunning',
    'ServerStopping',
    'ServerStopped',
    'ServerFailed',
    'ServerRestartScheduled',
    'ServerRestartBudgetExhausted',
    'ServerHealthChanged',
    'ServerAlertRaised',
    'ServerAlertCleared',
    'ExecutableApproved',
    'ExecutableApprovalRevoked',
    'ToolCatalogChanged',
    'InstructionsApproved',
    'ToolQuarantined',
    'ToolApproved',
    'ToolEnabled',
    'ToolDisabled',
    'ToolSettingsChanged',
  ],
  keys: (event) => [event.data.serverId],
  fold(row: ServerRow | undefined, event): ServerRow | 'none' {
    if (event.type === 'ServerRegistered') return registered(event.data, event.revision)
    return row ? { ...changed(row, event), revision: event.revision } : 'none'
  },
})

type RowEvent = Exclude<Recorded<ServerEvent>, { type: 'ServerRegistered' }>

function registered({ serverId, name, config, builtIn, enabled, by, at }: ServerRegistration, revision: bigint): ServerRow {
  return {
    ...{ serverId, name, builtIn, enabled, revision },
    ...configured(config),
    situation: 'registered',
    disabledBecause: null,
    desired: 'stopped',
    ...{ state: 'stopped', stateSince: at },
    ...{ health: 'unknown', healthFacts: null, healthSince: null },
    ...noRun,
    alerts: [],
    ...noRestart,
    ...noFailure,
    lastExit: null,
    ...{ failedStarts: 0, crashes: 0, starts: 0, failures: 0 },
    ...{ approvedArgv: [], instructions: null, pendingInstructions: null },
    ...{ registeredBy: by, registeredAt: at, changedBy: by, changedAt: at },
    ...{ retiredBy: null, retiredReason: null, retiredAt: null },
  }
}

const configured = (config: ServerConfig) => ({
  config,
  displayName: config.displayName,
  transport: config.transport.kind,
  isolation: config.isolation,
})

const noRun = {
  ...{ runId: null, pid: null, limitedBy: null, era: null, protocolVersion: null, serverName: null, serverVersion: null },
  ...{ runningSince: null, startedInMs: null, outdated: false },
} as const
const noRestart = { restartAttempt: null, restartDueAt: null } as const
const noFailure = { failureReason: null, failureSays: null, failureStderr: null, failedAt: null } as const
/** A person's word makes every count begin anew. */
const wanted = { desired: 'running', failedStarts: 0, crashes: 0, ...noRestart } as const

function changed(row: ServerRow, event: RowEvent): ServerRow {
  const { at } = event.data
  switch (event.type) {
    case 'ServerConfigChanged':
      return { ...row, ...configured(event.data.config), outdated: row.runId !== null, changedBy: event.data.by, changedAt: at }
    case 'ServerEnabled':
      return { ...row, enabled: true, disabledBecause: null, failedStarts: 0, crashes: 0 }
    case 'ServerDisabled':
      return { ...row, enabled: false, disabledBecause: event.data.because, desired: 'stopped', ...noRestart }
    case 'ServerStartRequested':
    case 'ServerRestartRequested':
      return { ...row, ...wanted, ...(row.state === 'error' ? inState('stopped', at) : {}) }
    case 'ServerStopRequested':
      return { ...row, desired: 'stopped', ...noRestart }
    case 'MaintenanceEntered':
      return { ...row, ...inState('maintenance', at), ...noRestart }
    case 'MaintenanceLeft':
      return { ...row, ...inState('stopped', at) }
    case 'ServerRetired': {
      const { by, reason } = event.data
      const retired = { situation: 'retired', retiredBy: by, retiredReason: reason, retiredAt: at } as const
      return { ...row, ...retired, enabled: false, desired: 'stopped', ...noRestart }
    }
    case 'ServerRestored':
      return { ...row, situation: 'registered', retiredBy: null, retiredReason: null, retiredAt: null }
    case 'ServerStarting': {
      const health = { health: 'unknown', healthFacts: null, healthSince: at } as const
      return { ...row, ...inState('starting', at), ...noRun, runId: event.data.runId, ...health, ...noRestart, starts: row.starts + 1 }
    }
    case 'ServerSpawned':
      return { ...row, pid: event.data.pid, limitedBy: event.data.limitedBy }
    case 'ServerRunning': {
      const { era, protocolVersion, serverName, serverVersion, startedInMs } = event.data
      const spoken = { era, protocolVersion, serverName, serverVersion, startedInMs, runningSince: at }
      // It was started, agreed with and asked for its tools: that is what running means.
      const proven = { health: 'healthy', healthFacts: { live: true, ready: true, capable: true }, healthSince: at } as const
      return { ...row, ...inState('running', at), ...spoken, ...proven, ...noFailure, failedStarts: 0 }
    }
    case 'ServerStopping':
      return { ...row, ...inState('stopping', at) }
    case 'ServerStopped': {
      const state = row.state === 'maintenance' ? {} : inState('stopped', at)
      return { ...row, ...state, ...noRun, health: 'unknown', healthFacts: null, healthSince: at, lastExit: event.data.exit }
    }
    case 'ServerFailed': {
      const { reason, says, stderrTail, exit, failedStarts, crashes } = event.data
      const failure = { failureReason: reason, failureSays: says.text, failureStderr: stderrTail.text, failedAt: at }
      const counts = { failedStarts, crashes, failures: row.failures + 1 }
      return {
        ...row,
        ...inState('error', at),
        ...noRun,
        health: 'unhealthy',
        healthFacts: null,
        healthSince: at,
        ...failure,
        ...counts,
        lastExit: exit,
      }
    }
    case 'ServerRestartScheduled':
      return { ...row, restartAttempt: event.data.attempt, restartDueAt: event.data.dueAt }
    case 'ServerRestartBudgetExhausted':
      return { ...row, desired: 'stopped', ...noRestart }
    case 'ServerHealthChanged':
      return { ...row, health: event.data.to, healthFacts: event.data.facts, healthSince: at }
    case 'ServerAlertRaised': {
      const { alert, value, threshold } = event.data
      return { ...row, alerts: [...without(row.alerts, alert), { alert, value, threshold, since: at }] }
    }
    case 'ServerAlertCleared':
      return { ...row, alerts: without(row.alerts, event.data.alert) }
    case 'ExecutableApproved':
      return { ...row, approvedArgv: [...row.approvedArgv, event.data.argvHash] }
    case 'ExecutableApprovalRevoked':
      return { ...row, approvedArgv: row.approvedArgv.filter((hash) => hash !== event.data.argvHash) }
    case 'ToolCatalogChanged': {
      const { instructions } = event.data
      if (instructions === undefined) return row
      const { told, taken } = instructions
      const approved = taken || told?.hash === row.instructions?.hash
      return approved ? { ...row, instructions: told, pendingInstructions: null } : { ...row, pendingInstructions: { told } }
    }
    case 'InstructionsApproved':
      return { ...row, instructions: row.pendingInstructions?.told ?? null, pendingInstructions: null }
    case 'ServerStepFenced':
    case 'ToolQuarantined':
    case 'ToolApproved':
    case 'ToolEnabled':
    case 'ToolDisabled':
    case 'ToolSettingsChanged':
      return row
    default:
      return unreachable(event)
  }
}

const without = (alerts: ServerRow['alerts'], gone: AlertKind): ServerRow['alerts'] => alerts.filter(({ alert }) => alert !== gone)
const inState = (state: ServerState, at: Instant) => ({ state, stateSince: at })
