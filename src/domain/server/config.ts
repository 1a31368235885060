/**
 * How a managed MCP server is run and reached. Whatever may be a secret is either a plain value or a reference; a value that was once recorded
 * stays in the log for ever, so the edges turn secrets into references before anything is appended.
 */
import type { SecretReference } from '../ports/secrets.ts'
import type { AlertThresholds } from './alerts.ts'

export type ServerConfig = Readonly<{
  displayName: string
  description: string
  transport: ServerTransport
  /** Started when it is enabled, and when Steward starts. */
  autoStart: boolean
  /** Restarted after a crash. */
  autoRestart: boolean
  /** The tools are listed again every hour. Never by a restart. */
  autoRefresh: boolean
  isolation: Isolation
  /** Children at the same time, with isolation `session`. */
  maxSessions: number
  sessionIdleMs: number
  startTimeoutMs: number
  callTimeoutMs: number
  stopGraceMs: number
  healthEveryMs: number
  /** Starts in a row that never reached running, before the server is disabled. */
  maxFailures: number
  /** Crashes after running, before restarts end. Begins anew after 30 s without one. */
  restartBudget: number
  limits: ProcessLimits
  alerts: AlertThresholds
  toolPolicy: ToolPolicy
}>

/** shared: one child for all clients. session: one child per client session. */
export const isolations = ['shared', 'session'] as const
export type Isolation = (typeof isolations)[number]

export type ServerTransport = StdioTransport | HttpTransport

export type StdioTransport = Readonly<{
  kind: 'stdio'
  /** A program from the allow-list, never a shell line. */
  command: string
  args: readonly Given[]
  env: Readonly<Record<string, Given>>
  workingDirectory?: string
}>

export type HttpTransport = Readonly<{
  kind: 'http'
  /** Without user, password and query. */
  url: string
  /** The end of the path, put behind that of the URL: many services give every customer an address that is itself the key. */
  pathEnd?: Given
  query: Readonly<Record<string, Given>>
  headers: Readonly<Record<string, Given>>
}>

/** A value, or the reference to one that must not be recorded. */
export type Given = string | Readonly<{ secret: SecretReference }>

/** Absent: no limit. */
export type ProcessLimits = Readonly<{
  memoryBytes?: number
  /** 0.8 is 80 % of one core. */
  cpuCores?: number
  processes?: number
  openFiles?: number
}>

export type ToolPolicy = Readonly<{
  /** What a definition must be to be served without a person's approval. The first catalogue of a server is approved as it comes. */
  quarantine: 'changed-and-new' | 'changed' | 'nothing'
  /** A call to a tool that is not available gets a marked, empty result instead of an error. */
  bypassWhenUnavailable: boolean
  /** Arguments of calls are kept with their records, without what looks like a secret, cut. Off: they are nowhere kept. */
  recordArguments: boolean
}>

export const serverDefaults = {
  description: '',
  autoStart: true,
  autoRestart: true,
  autoRefresh: true,
  isolation: 'shared',
  maxSessions: 16,
  sessionIdleMs: 300_000,
  startTimeoutMs: 60_000,
  callTimeoutMs: 30_000,
  stopGraceMs: 5_000,
  healthEveryMs: 60_000,
  maxFailures: 3,
  restartBudget: 10,
  limits: {},
  alerts: {},
  toolPolicy: { quarantine: 'changed-and-new', bypassWhenUnavailable: false, recordArguments: false },
} as const satisfies Omit<ServerConfig, 'displayName' | 'transport'>

/** What an installation may want otherwise for every server that does not say it itself. */
export type UsualServer = Pick<ServerConfig, 'autoRestart' | 'startTimeoutMs' | 'stopGraceMs' | 'healthEveryMs' | 'limits'>
