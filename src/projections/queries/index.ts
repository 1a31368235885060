/**
 * Everything that may be asked of the read models. Each answer carries the position that it was read at, taken in the same statement as its
 * rows; `minPosition` makes a query wait until the read models it asks have come that far.
 */

import type { AnomalyStatus } from '../../domain/anomaly/events.ts'
import type { Service } from '../../domain/catalogue/action.ts'
import type { Instant } from '../../domain/instant.ts'
import type { OperationItem } from '../../domain/operation/events.ts'
import type { Position } from '../../domain/ports/event-store.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import type { ServerConfig } from '../../domain/server/config.ts'
import type { Health, ServerState } from '../../domain/server/lifecycle.ts'
import type { StatusWords } from '../../domain/server/status-words.ts'
import type { ToolState } from '../../domain/server/tool.ts'
import type { Severity } from '../../domain/severity.ts'
import type { Mode } from '../../domain/target/events.ts'
import type { CallOutcome } from '../../domain/usage/call.ts'
import type { Period } from '../../domain/usage/windows.ts'
import type { AnomalyRow } from '../anomalies.ts'
import type { ApiKeyRow } from '../api-keys.ts'
import type { ApprovalRow } from '../approvals.ts'
import type { CommandRow } from '../commands.ts'
import type { EventIndexRow } from '../event-index.ts'
import type { FingerprintRow } from '../fingerprints.ts'
import type { HealingSwitchRow } from '../healing-switch.ts'
import type { HostRow } from '../hosts.ts'
import type { TimelineRow } from '../incident-timeline.ts'
import type { IncidentRow, IncidentState, PlanView } from '../incidents.ts'
import type { OperationRow } from '../operations.ts'
import type { ParkedInstanceRow } from '../parked-instances.ts'
import type { RemedyGuardRow } from '../remedy-guards.ts'
import type { ServerToolRow } from '../server-tools.ts'
import type { ServerRow } from '../servers.ts'
import type { TargetRow } from '../targets.ts'
import type { ToolCallRow } from '../tool-calls.ts'
import type { Analytics, ServerAnalytics } from './usage-answers.ts'

/** @see ProjectionLagging, thrown by every query when `minPosition` is not reached in time. */
export type ReadOptions = Readonly<{
  minPosition?: Position | undefined
  /** How long to wait for `minPosition`. Default 5 s. */
  timeoutMs?: number | undefined
  signal?: AbortSignal | undefined
}>

export type ListOptions = ReadOptions &
  Readonly<{
    /** 1-500. Default 20. */
    limit?: number | undefined
    /** `nextCursor` of the page before. @throws InvalidCursor */
    cursor?: string | undefined
    /** Instead of a cursor, for lists with page numbers. */
    offset?: number | undefined
    /** Also count all matches; costs a scan. */
    withTotal?: boolean | undefined
  }>

/** `position`: everything up to here is in the answer. 0n when nothing was taken in yet. */
export type Answer<Value> = Readonly<{ value: Value; position: Position }>
export type Page<Item> = Readonly<{ items: readonly Item[]; nextCursor: string | undefined; total: number | undefined; position: Position }>

/** Lists begin with the newest, those of hosts, targets, servers and tools with the first name. An undefined filter filters nothing. */
export type Collection<Item, Filter, Details = Item> = Readonly<{
  list: (options?: Filter & ListOptions) => Promise<Page<Item>>
  show: (id: string, options?: ReadOptions) => Promise<Answer<Details | undefined>>
}>

export type Queries = Readonly<{
  hosts: Collection<HostRow, HostFilter>
  targets: Collection<TargetView, TargetFilter>
  servers: Collection<ServerView, ServerFilter>
  serverTools: Collection<ServerToolView, ServerToolFilter>
  anomalies: Collection<AnomalyRow, AnomalyFilter>
  incidents: Collection<IncidentRow, IncidentFilter, IncidentDetails>
  approvals: Collection<ApprovalView, ApprovalFilter>
  commands: Collection<CommandRow, CommandFilter>
  operations: Collection<OperationRow, OperationFilter>
  /** Which servers an operation is to be about. */
  serverSelection: (selection: ServerSelection, options?: ReadOptions) => Promise<Answer<readonly OperationItem[]>>
  keys: Collection<ApiKeyRow, KeyFilter> & Readonly<{ bySha256: (sha256: string) => Promise<ApiKeyRow | undefined> }>
  fingerprints: Collection<FingerprintRow, FingerprintFilter>
  remedyGuards: Collection<RemedyGuardRow, NoFilter>
  /** Newest first. Ids are the names of their streams. */
  parkedInstances: Collection<ParkedInstanceRow, NoFilter>
  events: EventQueries
  /** Of managed servers: how often their tools were called, how long it took, how it went. */
  usage: UsageQueries
  /** Undefined: nobody ever touched the switch, and healing runs. */
  healingSwitch: (options?: ReadOptions) => Promise<Answer<HealingSwitchRow | undefined>>
  summary: (options?: ReadOptions) => Promise<Answer<Summary>>
}>

export type NoFilter = Readonly<Record<never, never>>

export type HostFilter = Readonly<{
  name?: string | undefined
  /** Default 'registered'. */
  state?: HostRow['state'] | 'all' | undefined
}>

export type TargetFilter = Readonly<{
  name?: string | undefined
  hostId?: string | undefined
  service?: Service | undefined
  mode?: Mode | undefined
  frozen?: boolean | undefined
  paused?: boolean | undefined
  /** Default 'registered'. */
  state?: TargetRow['state'] | 'all' | undefined
}>

/** A target with what others know of it. */
export type TargetView = TargetRow & Readonly<{ openIncidents: number; worstSeverity: Severity | null; status: TargetStatus }>

/** In order of precedence: the first that is true. */
export type TargetStatus = 'retired' | 'frozen' | 'paused' | 'unseen' | 'pending' | 'troubled' | 'healthy'

export type ServerFilter = Readonly<{
  name?: string | undefined
  /** Part of its name or display name, in small letters or capitals. */
  search?: string | undefined
  state?: ServerState | undefined
  health?: Health | undefined
  enabled?: boolean | undefined
  transport?: ServerConfig['transport']['kind'] | undefined
  builtIn?: boolean | undefined
  /** By one of the words that are derived of it. */
  words?: Partial<StatusWords> | undefined
  /** Default 'registered'. */
  situation?: ServerRow['situation'] | 'all' | undefined
}>

/** A server with what others know of it. */
export type ServerView = ServerRow & Readonly<{ tools: ToolCounts; words: StatusWords }>

/** `enabled`: those that a call may reach, once the server runs. */
export type ToolCounts = Readonly<{ offered: number; enabled: number; quarantined: number }>

export type ServerToolFilter = Readonly<{
  /** Undefined: of all that are registered. */
  serverId?: string | undefined
  tool?: string | undefined
  search?: string | undefined
  state?: ToolState | undefined
}>

/** A tool with the name of its server. */
export type ServerToolView = ServerToolRow &
  Readonly<{
    server: string
    /** Of the ninety days that are kept. */
    usage: Readonly<{ calls: number; errors: number; durationUs: number; lastCallAt: Instant | null }>
  }>

export type AnomalyFilter = Readonly<{
  targetId?: string | undefined
  incidentId?: string | undefined
  status?: AnomalyStatus | undefined
  severity?: Severity | undefined
  service?: Service | undefined
  faultId?: string | undefined
  from?: Instant | undefined
  until?: Instant | undefined
}>

export type IncidentFilter = Readonly<{
  targetId?: string | undefined
  hostId?: string | undefined
  service?: Service | undefined
  severity?: Severity | undefined
  state?: IncidentState | readonly IncidentState[] | undefined
  /** True: those without an end. */
  open?: boolean | undefined
  from?: Instant | undefined
  until?: Instant | undefined
}>

export type IncidentDetails = IncidentRow & Readonly<{ timeline: readonly TimelineRow[] }>

export type ApprovalFilter = Readonly<{
  pending?: boolean | undefined
  state?: ApprovalRow['state'] | undefined
  incidentId?: string | undefined
}>

/** With the incident that it is for. `plan` is the one of `planHash`, or null when another has taken its place. */
export type ApprovalView = ApprovalRow &
  Readonly<{
    incident: Readonly<{ title: string; severity: Severity; targetId: string; hostId: string; state: IncidentState }> | null
    plan: PlanView | null
  }>

export type CommandFilter = Readonly<{
  name?: string | undefined
  subject?: string | undefined
  actor?: string | undefined
  owner?: string | undefined
  state?: CommandRow['state'] | undefined
  from?: Instant | undefined
  until?: Instant | undefined
}>

export type OperationFilter = Readonly<{ kind?: OperationRow['kind'] | undefined; state?: OperationRow['state'] | undefined }>

/** `ids` alone, in that order, or whatever registered servers fit the rest, by name. At most `limit`, default 1 000. */
export type ServerSelection = Readonly<{
  ids?: readonly string[] | undefined
  state?: ServerState | undefined
  health?: Health | undefined
  enabled?: boolean | undefined
  transport?: ServerConfig['transport']['kind'] | undefined
  /** Part of the name or display name, in small letters or capitals. */
  search?: string | undefined
  limit?: number | undefined
}>

/** Default: those that are not revoked. */
export type KeyFilter = Readonly<{ owner?: string | undefined; withRevoked?: boolean | undefined }>

export type FingerprintFilter = Readonly<{ targetId?: string | undefined; breaker?: FingerprintRow['breaker'] | undefined }>

export type EventQueries = Readonly<{
  list: (options?: EventFilter & ListOptions & Readonly<{ order?: 'newest' | 'oldest' | undefined }>) => Promise<Page<EventRecord>>
  show: (eventId: string, options?: ReadOptions) => Promise<Answer<EventRecord | undefined>>
  causality: (eventId: string, options?: ReadOptions) => Promise<Answer<Causality | undefined>>
}>

export type EventFilter = Readonly<{
  /** Exact names; several are alternatives. */
  types?: readonly string[] | undefined
  stream?: string | undefined
  /** What stands before the first dash of a stream's name. */
  category?: string | undefined
  actor?: string | undefined
  correlationId?: string | undefined
  causationId?: string | undefined
  commandId?: string | undefined
  from?: Instant | undefined
  until?: Instant | undefined
  after?: Position | undefined
}>

/** An event as the log holds it; data of an older version is not lifted. */
export type EventRecord = EventIndexRow & Readonly<{ schemaVersion: number; data: JsonObject }>

/** Why an event is there, and what came of it. Each list in the order of the log. */
export type Causality = Readonly<{
  event: EventRecord
  /** From the beginning of the story to the direct cause. */
  causes: readonly CausalLink[]
  /** All that came of it, directly or not. At most 1 000. */
  effects: readonly CausalLink[]
  /** Everything with the same correlation id. At most 1 000. */
  correlated: readonly EventIndexRow[]
}>

/** `depth`: how many steps away from the event. */
export type CausalLink = EventIndexRow & Readonly<{ depth: number }>

export type UsageQueries = Readonly<{
  analytics: (period: Period, options?: ReadOptions) => Promise<Answer<Analytics>>
  /** Undefined: no server of that id was ever registered. */
  server: (serverId: string, period: Period, options?: ReadOptions) => Promise<Answer<ServerAnalytics | undefined>>
  /** Single calls of the last ninety days, newest first. */
  calls: (options?: ToolCallFilter & ListOptions) => Promise<Page<ToolCallRow>>
}>

export type ToolCallFilter = Readonly<{
  serverId?: string | undefined
  tool?: string | undefined
  principal?: string | undefined
  conversation?: string | undefined
  /** Several are alternatives. */
  outcomes?: readonly CallOutcome[] | undefined
  from?: Instant | undefined
  until?: Instant | undefined
}>

/** For `GET /status`, in one look. */
export type Summary = Readonly<{
  hosts: Readonly<{ registered: number; lost: number }>
  targets: Readonly<{ registered: number; paused: number; frozen: number; unseen: number }>
  incidents: Readonly<{
    open: number
    byState: Readonly<Partial<Record<IncidentState, number>>>
    bySeverity: Readonly<Partial<Record<Severity, number>>>
  }>
  approvals: Readonly<{ pending: number }>
  anomalies: Readonly<{ total: number; last24h: number }>
  healing: Readonly<{ stopped: boolean }>
}>
