/** Events of managed MCP servers, as they are in the log. */
import { z } from 'zod'
import { alertKinds } from '../../../domain/server/alerts.ts'
import { type Given, isolations, type ServerConfig, type ServerTransport } from '../../../domain/server/config.ts'
import { failureReasons, limitMethods, type ServerEvent } from '../../../domain/server/events.ts'
import { healthWords } from '../../../domain/server/lifecycle.ts'
import type { HashedTool } from '../../../domain/server/tool.ts'
import { count, flag, instant, jsonObject, protectedText, type SchemasOf, secretReference, text } from './common.ts'

const given = z.union([text, z.strictObject({ secret: secretReference })]) satisfies z.ZodType<Given>

const transport = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('stdio'),
    command: text,
    args: z.array(given),
    env: z.record(text, given),
    workingDirectory: text.exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('http'),
    url: text,
    pathEnd: given.exactOptional(),
    query: z.record(text, given),
    headers: z.record(text, given),
  }),
]) satisfies z.ZodType<ServerTransport>

const config = z.strictObject({
  displayName: text,
  description: text,
  transport,
  autoStart: flag,
  autoRestart: flag,
  autoRefresh: flag,
  isolation: z.enum(isolations),
  maxSessions: count,
  sessionIdleMs: count,
  startTimeoutMs: count,
  callTimeoutMs: count,
  stopGraceMs: count,
  healthEveryMs: count,
  maxFailures: count,
  restartBudget: count,
  limits: z.strictObject({
    memoryBytes: count.exactOptional(),
    cpuCores: z.number().exactOptional(),
    processes: count.exactOptional(),
    openFiles: count.exactOptional(),
  }),
  alerts: z.strictObject({ errorRate: z.number().exactOptional(), p95Ms: z.number().exactOptional(), memoryBytes: count.exactOptional() }),
  toolPolicy: z.strictObject({
    quarantine: z.enum(['changed-and-new', 'changed', 'nothing']),
    bypassWhenUnavailable: flag,
    recordArguments: flag,
  }),
}) satisfies z.ZodType<ServerConfig>

const of = { serverId: text, at: instant }
const ofRun = { ...of, runId: text }
const said = { ...of, by: text, reason: text }
const ofTool = { ...of, tool: text }
const saidOfTool = { ...said, tool: text }
const health = z.enum(healthWords)
const exit = z.strictObject({ how: z.enum(['asked', 'killed', 'gone', 'closed']), code: count.nullable(), signal: text.nullable() })
const instructions = z.strictObject({ hash: text, text })

const hashedTool = z.strictObject({
  hash: text,
  definition: z.strictObject({
    name: text,
    title: text.exactOptional(),
    description: text.exactOptional(),
    inputSchema: jsonObject,
    outputSchema: jsonObject.exactOptional(),
    annotations: jsonObject.exactOptional(),
  }),
}) satisfies z.ZodType<HashedTool>

export const serverSchemas = {
  ServerRegistered: z.strictObject({ ...of, name: text, config, builtIn: flag, enabled: flag, by: text }),
  ServerConfigChanged: z.strictObject({ ...said, config, changed: z.array(text) }),
  ServerEnabled: z.strictObject(said),
  ServerDisabled: z.strictObject({ ...said, because: z.enum(['operator', 'failures']) }),
  ServerStartRequested: z.strictObject(said),
  ServerStopRequested: z.strictObject(said),
  ServerRestartRequested: z.strictObject(said),
  MaintenanceEntered: z.strictObject(said),
  MaintenanceLeft: z.strictObject(said),
  ExecutableApproved: z.strictObject({ ...said, argvHash: text }),
  ExecutableApprovalRevoked: z.strictObject({ ...said, argvHash: text }),
  ServerRetired: z.strictObject(said),
  ServerRestored: z.strictObject(said),
  ServerStepFenced: z.strictObject({ ...of, executionId: text, step: text }),
  ServerStarting: z.strictObject({ ...ofRun, supervisorId: text }),
  ServerSpawned: z.strictObject({ ...ofRun, pid: count, startTicks: text, limitedBy: z.enum(limitMethods) }),
  ServerRunning: z.strictObject({
    ...ofRun,
    era: z.enum(['stateless', 'session']),
    protocolVersion: text,
    serverName: text,
    serverVersion: text,
    capabilities: jsonObject,
    startedInMs: count,
  }),
  ServerStopping: z.strictObject(ofRun),
  ServerStopped: z.strictObject({ ...ofRun, exit }),
  ServerFailed: z.strictObject({
    ...ofRun,
    reason: z.enum(failureReasons),
    says: protectedText,
    wasRunning: flag,
    exit: exit.nullable(),
    stderrTail: protectedText,
    failedStarts: count,
    crashes: count,
  }),
  ServerRestartScheduled: z.strictObject({ ...of, attempt: count, dueAt: instant }),
  ServerRestartBudgetExhausted: z.strictObject({ ...of, crashes: count }),
  ServerHealthChanged: z.strictObject({
    ...of,
    from: health,
    to: health,
    facts: z.strictObject({ live: flag, ready: flag, capable: flag, responseMs: z.number().exactOptional(), says: text.exactOptional() }),
  }),
  ServerAlertRaised: z.strictObject({ ...of, alert: z.enum(alertKinds), value: z.number(), threshold: z.number() }),
  ServerAlertCleared: z.strictObject({ ...of, alert: z.enum(alertKinds), value: z.number().nullable() }),
  ToolCatalogChanged: z.strictObject({
    ...of,
    added: z.array(hashedTool),
    removed: z.array(text),
    changed: z.array(z.strictObject({ name: text, from: text, to: hashedTool })),
    taken: z.array(text),
    instructions: z.strictObject({ told: instructions.nullable(), taken: flag }).exactOptional(),
  }),
  InstructionsApproved: z.strictObject({ ...said, hash: text }),
  ToolQuarantined: z.strictObject({
    ...ofTool,
    hash: text,
    reason: z.enum(['new', 'changed']),
    changed: z.array(text),
    hidden: z.array(text),
  }),
  ToolApproved: z.strictObject({ ...saidOfTool, hash: text }),
  ToolEnabled: z.strictObject(saidOfTool),
  ToolDisabled: z.strictObject(saidOfTool),
  ToolSettingsChanged: z.strictObject({ ...saidOfTool, bypass: flag.nullable(), retrySafe: flag }),
} satisfies SchemasOf<ServerEvent>
