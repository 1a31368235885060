/**
 * The questions that the API asks of the read models. Every answer carries the position up to which it is true; `minPosition` waits for it.
 * Lists are newest first unless said otherwise; a cursor is opaque, made by the query that returned it.
 */
import type { AnomalyStatus } from '../domain/anomaly/events.ts'
import type { Service } from '../domain/catalogue/action.ts'
import type { ServiceSettings } from '../domain/catalogue/inventory.ts'
import type { Evidence } from '../domain/incident/events.ts'
import type { Instant } from '../domain/instant.ts'
import type { Role } from '../domain/key/events.ts'
import type { Plan } from '../domain/plan/plan.ts'
import type { EventMetadata, Position } from '../domain/ports/event-store.ts'
import type { Json, JsonObject } from '../domain/ports/json.ts'
import type { Severity } from '../domain/severity.ts'
import type { Mode } from '../domain/target/events.ts'

/** Each throws `ProjectionLagging` when `minPosition` is not reached in time. */
export interface Queries {
  keys: Listed<KeyView> & One<KeyView> & Readonly<{ bySha256: (sha256: string, options?: ReadOptions) => Promise<KeyView | undefined> }>
  hosts: Listed<HostView> & One<HostView>
  targets: Listed<TargetView, { hostId?: string; service?: Service; mode?: Mode; name?: string }> & One<TargetView>
  anomalies: Listed<AnomalyView, { targetId?: string; severity?: Severity; status?: AnomalyStatus }> & One<AnomalyView>
  incidents: Listed<IncidentSummary, { targetId?: string; hostId?: string; state?: string; severity?: Severity }> & One<IncidentView>
  approvals: Listed<ApprovalView, { state?: ApprovalState; incidentId?: string }> & One<ApprovalView>
  commands: Listed<CommandView, { actor?: string; name?: string; state?: CommandState; correlationId?: string }> & One<CommandView>
  operations: Listed<OperationView> & One<OperationView>
  parkedInstances: Listed<ParkedInstanceView>
  /** Oldest first. */
  events: Listed<EventView, EventFilter> &
    Readonly<{
      byId: (eventId: string, options?: ReadOptions) => Promise<Answer<EventView | undefined>>
      causality: (eventId: string, options?: ReadOptions) => Promise<Answer<Causality | undefined>>
    }>
  /** Folds the stream from the log itself; `undefined` when the stream had no event by then. */
  stateAt: (stream: string, at: { position: Position } | { time: Instant } | 'now') => Promise<StreamState | undefined>
  projections: () => Promise<readonly ProjectionView[]>
  healing: (options?: ReadOptions) => Promise<Answer<HealingView>>
}

export type ReadOptions = Readonly<{ minPosition?: Position }>
export type ListOptions = ReadOptions & Readonly<{ limit: number; cursor?: string; offset?: number }>
/** `total` is counted only when an `offset` was given. */
export type Page<Item> = Readonly<{ items: readonly Item[]; nextCursor?: string; position: Position; total?: number }>
export type Answer<Item> = Readonly<{ item: Item; position: Position }>

type Listed<Item, Filter = object> = Readonly<{ list: (options: ListOptions & Readonly<Filter>) => Promise<Page<Item>> }>
type One<Item> = Readonly<{ get: (id: string, options?: ReadOptions) => Promise<Answer<Item | undefined>> }>

export type KeyView = Readonly<{
  keyId: string
  name: string
  role: Role
  owner: string
  state: 'valid' | 'revoked'
  createdAt: Instant
  createdBy: string
  expiresAt?: Instant
  revision: bigint
}>

export type HostView = Readonly<{
  hostId: string
  name: string
  address: string
  port: number
  username: string
  hostKeyFingerprint: string
  state: 'registered' | 'retired'
  reachable: boolean | null
  lostBecause?: string
  createdAt: Instant
  revision: bigint
}>

export type TargetView = Readonly<{
  targetId: string
  name: string
  hostId: string
  service: Service
  logPaths: readonly string[]
  configPaths: readonly string[]
  stateDir: string
  connection?: ServiceSettings
  mode: Mode
  state: 'active' | 'paused' | 'frozen' | 'retired'
  paused: boolean
  frozen: Readonly<{ incidentId: string; reason: string }> | null
  /** Why it cannot be seen; null when it can. */
  unseen: string | null
  openIncidents: number
  createdAt: Instant
  revision: bigint
}>

export type AnomalyView = Readonly<{
  anomalyId: string
  incidentId: string | null
  targetId: string
  hostId: string
  service: Service
  faultId: string | null
  title: string
  severity: Severity
  status: AnomalyStatus
  fingerprint: string
  fingerprintId: string
  groupedBy: string
  source: JsonObject
  excerpt: string
  count: number
  firstSeenAt: Instant
  lastSeenAt: Instant
  revision: bigint
}>

export type IncidentSummary = Readonly<{
  id: string
  state: string
  title: string
  severity: Severity
  targetId: string
  hostId: string
  service: Service
  faultId: string | null
  fingerprint: string
  openedAt: Instant
  acknowledgedBy: string | null
  approvalId: string | null
  outcome: string | null
  revision: bigint
}>

export type IncidentView = IncidentSummary &
  Readonly<{
    evidence: readonly Evidence[]
    plan: Plan | null
    timeline: readonly Readonly<{ position: bigint; at: Instant; type: string; text: string; actor: string }>[]
  }>

export const approvalStates = ['pending', 'granted', 'rejected', 'revoked', 'expired', 'used'] as const
export type ApprovalState = (typeof approvalStates)[number]
export type ApprovalView = Readonly<{
  approvalId: string
  incidentId: string
  planHash: string
  state: ApprovalState
  requestedBy: string
  requestedAt: Instant
  expiresAt: Instant
  approversNeeded: number
  grantedBy: readonly string[]
  reason: string | null
  revision: bigint
}>

export const commandStates = ['received', 'succeeded', 'failed'] as const
export type CommandState = (typeof commandStates)[number]
export type CommandView = Readonly<{
  commandId: string
  name: string
  subject: string
  actor: string
  owner: string
  state: CommandState
  result: JsonObject | null
  refusal: Readonly<{ rule: string; facts: JsonObject }> | null
  receivedAt: Instant
  durationMs: number | null
  correlationId: string
}>

export type OperationView = Readonly<{
  operationId: string
  kind: string
  subject: string
  state: 'running' | 'succeeded' | 'failed'
  by: string
  startedAt: Instant
  endedAt: Instant | null
  result: JsonObject | null
  rule: string | null
  says: string | null
}>

export type ParkedInstanceView = Readonly<{
  process: string
  instance: string
  position: string
  eventId: string
  cause: string
  at: Instant
}>

/** An event as it was recorded. */
export type EventView = Readonly<{
  eventId: string
  type: string
  stream: string
  revision: bigint
  position: Position
  recordedAt: string
  data: JsonObject
  metadata: EventMetadata
}>

export type EventFilter = Readonly<{
  types?: readonly string[]
  stream?: string
  correlationId?: string
  actor?: string
  from?: Instant
  to?: Instant
}>

/** `causes` from the first cause to the nearest one; `effects` in log order, nearest causes first. */
export type Causality = Readonly<{ event: EventView; causes: readonly EventView[]; effects: readonly EventView[] }>

export type StreamState = Readonly<{ stream: string; aggregate: string; state: Json; revision: bigint; position: Position; at: Instant }>

export type ProjectionView = Readonly<{
  name: string
  version: number
  state: 'live' | 'catching-up' | 'rebuilding' | 'parked'
  position: bigint | null
  caughtUp: boolean
  lagSeconds: number | null
  parkedBecause: string | null
}>

export type HealingView = Readonly<{ stopped: boolean; by: string | null; reason: string | null; since: Instant | null }>
