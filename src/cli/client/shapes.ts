/** The answers of the API as types. They come from the API's own schemas, so a change there that a screen does not know fails the type check. */
import type { z } from 'zod'
import type { RouteSpec } from '../../api/define-route.ts'
import type { restoreConfiguration, validateConfiguration } from '../../api/routes/configuration.ts'
import type { importServers, scanForServers } from '../../api/routes/discovery.ts'
import type { listEvents, showCausality } from '../../api/routes/events.ts'
import type { listFingerprints, listRemedies, showHealing } from '../../api/routes/healing.ts'
import type { testHost } from '../../api/routes/hosts.ts'
import type { createKey } from '../../api/routes/keys.ts'
import type { listParkedInstances } from '../../api/routes/processes.ts'
import type { projection, rebuildProjection } from '../../api/routes/projections.ts'
import type { previewBulk, startBulk } from '../../api/routes/server-bulk.ts'
import type { showServerLogs, testServer } from '../../api/routes/server-desk.ts'
import type { listServerVitals, showServerHealth } from '../../api/routes/server-health.ts'
import type { showServerDiff, showServerHistory } from '../../api/routes/server-past.ts'
import type { upgradeServer } from '../../api/routes/server-upgrade.ts'
import type { showStreamState } from '../../api/routes/streams.ts'
import type { showHealth, showStatus } from '../../api/routes/system.ts'
import type { showTargetStatus } from '../../api/routes/targets.ts'
import type { listServerCalls, showAnalytics, showServerMetrics } from '../../api/routes/usage.ts'
import type { anomaly } from '../../api/schemas/anomaly.ts'
import type { approval } from '../../api/schemas/approval.ts'
import type { command } from '../../api/schemas/command.ts'
import type { outcome } from '../../api/schemas/common.ts'
import type { event } from '../../api/schemas/event.ts'
import type { host } from '../../api/schemas/host.ts'
import type { incident, incidentSummary, plan } from '../../api/schemas/incident.ts'
import type { apiKey } from '../../api/schemas/key.ts'
import type { operation, operationSummary } from '../../api/schemas/operation.ts'
import type { preview } from '../../api/schemas/preview.ts'
import type { server } from '../../api/schemas/server.ts'
import type { serverTool, toolDefinition } from '../../api/schemas/server-tool.ts'
import type { target } from '../../api/schemas/target.ts'

type AnswerOf<Spec> = Spec extends RouteSpec<infer _P, infer _Q, infer _B, infer A> ? z.output<A> : never
/** What a route takes as its body. */
export type BodyOf<Spec> = Spec extends RouteSpec<infer _P, infer _Q, infer B, infer _A> ? z.input<B> : never

export type Page<Item> = Readonly<{ items: readonly Item[]; next_cursor: string | null; position: string; total?: number | undefined }>

export type Anomaly = z.output<typeof anomaly>
export type ApiKey = z.output<typeof apiKey>
export type Approval = z.output<typeof approval>
export type CommandRecord = z.output<typeof command>
export type StewardEvent = z.output<typeof event>
export type Host = z.output<typeof host>
export type Incident = z.output<typeof incident>
export type IncidentSummary = z.output<typeof incidentSummary>
export type Operation = z.output<typeof operation>
export type OperationSummary = z.output<typeof operationSummary>
export type Outcome = z.output<typeof outcome>
export type Plan = z.output<typeof plan>
export type Preview = z.output<typeof preview>
export type Projection = z.output<typeof projection>
export type Server = z.output<typeof server>
export type ServerTool = z.output<typeof serverTool>
export type Target = z.output<typeof target>
export type ToolCall = AnswerOf<typeof listServerCalls>['items'][number]
export type ToolDefinition = z.output<typeof toolDefinition>

type Applied = AnswerOf<typeof restoreConfiguration>
export type AppliedConfiguration = Extract<Applied, { done: number }>
export type ConfigurationPlan = Extract<Applied, { preview: true }>
export type DocumentCheck = AnswerOf<typeof validateConfiguration>
export type Discovery = AnswerOf<typeof scanForServers>
type Imported = AnswerOf<typeof importServers>
export type ImportResult = Extract<Imported, { done: number }>
export type ImportPreview = Extract<Imported, { preview: true }>

type Upgrade = AnswerOf<typeof upgradeServer>
export type UpgradeTrial = Extract<Upgrade, { preview: true }>
export type UpgradeStarted = Extract<Upgrade, { operationId: string }>

export type Analytics = AnswerOf<typeof showAnalytics>
export type BulkPreview = AnswerOf<typeof previewBulk>
export type BulkStarted = AnswerOf<typeof startBulk>
export type Causality = AnswerOf<typeof showCausality>
export type CreatedKey = AnswerOf<typeof createKey>
export type EventPage = AnswerOf<typeof listEvents>
export type Fingerprint = AnswerOf<typeof listFingerprints>['items'][number]
export type Healing = AnswerOf<typeof showHealing>
export type Health = AnswerOf<typeof showHealth>
export type HostTest = AnswerOf<typeof testHost>
export type ParkedInstance = AnswerOf<typeof listParkedInstances>['items'][number]
export type Remedy = AnswerOf<typeof listRemedies>['items'][number]
export type ServerDiff = AnswerOf<typeof showServerDiff>
export type ServerHistory = AnswerOf<typeof showServerHistory>
export type ServerAnalytics = AnswerOf<typeof showServerMetrics>
export type ServerHealth = AnswerOf<typeof showServerHealth>
export type ServerLogs = AnswerOf<typeof showServerLogs>
export type ServerVitals = AnswerOf<typeof listServerVitals>
export type ServerTest = AnswerOf<typeof testServer>
export type StartedOperation = AnswerOf<typeof rebuildProjection>
export type Status = AnswerOf<typeof showStatus>
export type StreamState = AnswerOf<typeof showStreamState>
export type TargetStatus = AnswerOf<typeof showTargetStatus>
