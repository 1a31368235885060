/** A managed server as it stands. Intent, lifecycle and health are three things; whatever one word must say of them all is derived from these. */
import type { Instant } from '../instant.ts'
import type { RaisedAlerts } from './alerts.ts'
import type { ServerConfig } from './config.ts'
import { type Failure, type Instructions, intentTypes, type Negotiated, type SpawnedProcess } from './events.ts'
import type { Health, ServerState } from './lifecycle.ts'
import type { Tool } from './tool.ts'

export type Server =
  | Readonly<{ situation: 'absent' }>
  /** Retired servers keep everything, so that they can be restored as they were. */
  | (Readonly<{ situation: 'registered' }> & ServerFields)
  | (Readonly<{ situation: 'retired'; retiredAt: Instant }> & ServerFields)

export type RegisteredServer = Extract<Server, { situation: 'registered' }>

export type ServerFields = Readonly<{
  serverId: string
  name: string
  builtIn: boolean
  config: ServerConfig
  /** May run. */
  enabled: boolean
  disabledBecause: 'operator' | 'failures' | undefined
  /** Should run. */
  desired: 'running' | 'stopped'
  /** It is wanted stopped because its restart budget was used up, and not by anybody. */
  exhausted: boolean
  state: ServerState
  run: Run | undefined
  /** What its last run spoke, so that the next one need not be asked again. */
  spoken: Readonly<{ era: Negotiated['era']; version: string }> | undefined
  health: Health
  /** The last thing that went wrong, until it runs again. */
  failure: Failure | undefined
  /** Starts in a row that never reached running. */
  failedStarts: number
  /** Crashes after running, since the budget was whole. */
  crashes: number
  /** What was beyond its threshold when it was last looked at. */
  alerts: RaisedAlerts
  restart: Readonly<{ attempt: number; dueAt: Instant }> | undefined
  /** Hashes of argument vectors that a person let run. */
  approvedArgv: ReadonlySet<string>
  tools: ReadonlyMap<string, Tool>
  instructions: Readonly<{ approved: Instructions | null; pending: Instructions | null | undefined }>
  /** No catalogue was seen yet: the first one is approved as it comes. */
  catalogued: boolean
}>

/** One life of a server. */
export type Run = Readonly<{
  runId: string
  supervisorId: string
  startingAt: Instant
  process: SpawnedProcess | undefined
  negotiated: Negotiated | undefined
  runningSince: Instant | undefined
  /** Somebody asked for another run in its place, or put the server into maintenance. */
  replace: boolean
  /** Its configuration is not the one of today: that takes effect with the next run. */
  outdated: boolean
  /** What a person had let run when it began: by one of these it may run, and by no later one. */
  approvedArgv: ReadonlySet<string>
  /** A person let a program run since it began: that may be what it is about to be refused for. */
  approvedSince: boolean
}>

const intents: ReadonlySet<string> = new Set(intentTypes)
/** Whether somebody decided something there: an undo is refused when one of these came after what it would undo. */
export const isIntent = ({ type }: Readonly<{ type: string }>): boolean => intents.has(type)
