/** A managed server as it is shown: what is wanted of it, what it is, and how it is - three things, and every other word for them. */
import { z } from 'zod'
import type { Hash } from '../../domain/ports/hash.ts'
import { alertKinds, alertText } from '../../domain/server/alerts.ts'
import { isolations, serverDefaults } from '../../domain/server/config.ts'
import { failureReasons, limitMethods } from '../../domain/server/events.ts'
import { argvHash, judgeExecutable } from '../../domain/server/executable.ts'
import { healthWords, nextStates, serverStates } from '../../domain/server/lifecycle.ts'
import type { ServerView } from '../../projections/queries/index.ts'
import type { May } from '../veil.ts'
import { exampleId, exampleTime, listOf, positionText, timeText } from './common.ts'

const given = z.union([z.string(), z.object({ secret: z.string() })])
const givens = z.record(z.string(), given)

export const serverConfig = z
  .object({
    displayName: z.string(),
    description: z.string(),
    transport: z.union([
      z.object({
        kind: z.literal('stdio'),
        command: z.string(),
        args: listOf(given),
        env: givens,
        workingDirectory: z.string().optional(),
      }),
      z.object({ kind: z.literal('http'), url: z.string(), pathEnd: given.optional(), query: givens, headers: givens }),
    ]),
    autoStart: z.boolean(),
    autoRestart: z.boolean(),
    autoRefresh: z.boolean(),
    isolation: z.enum(isolations),
    maxSessions: z.int(),
    sessionIdleMs: z.int(),
    startTimeoutMs: z.int(),
    callTimeoutMs: z.int(),
    stopGraceMs: z.int(),
    healthEveryMs: z.int(),
    maxFailures: z.int(),
    restartBudget: z.int(),
    limits: z.object({
      memoryBytes: z.int().optional(),
      cpuCores: z.number().optional(),
      processes: z.int().optional(),
      openFiles: z.int().optional(),
    }),
    alerts: z.object({ errorRate: z.number().optional(), p95Ms: z.number().optional(), memoryBytes: z.int().optional() }),
    toolPolicy: z.object({
      quarantine: z.enum(['changed-and-new', 'changed', 'nothing']),
      bypassWhenUnavailable: z.boolean(),
      recordArguments: z.boolean(),
    }),
  })
  .meta({ id: 'ServerConfig', description: 'Secrets are references.' })

const instructions = z.object({ hash: z.string(), text: z.string().describe('Text from outside. Show it as text only.') })

const exit = z.object({ how: z.enum(['asked', 'killed', 'gone', 'closed']), code: z.int().nullable(), signal: z.string().nullable() })

export const healthFacts = z.object({
  live: z.boolean().describe('The process lives, or the address answers.'),
  ready: z.boolean().describe('It answers in its protocol.'),
  capable: z.boolean().describe('It lists what it offers.'),
  responseMs: z.number().optional(),
  says: z.string().optional(),
})

export const server = z
  .object({
    id: z.string(),
    name: z.string(),
    displayName: z.string(),
    transport: z.enum(['stdio', 'http']),
    isolation: z.enum(isolations),
    builtIn: z.boolean(),
    situation: z.enum(['registered', 'retired']),
    enabled: z.boolean().describe('May run.'),
    disabledBecause: z.enum(['operator', 'failures']).nullable(),
    desired: z.enum(['running', 'stopped']).describe('Should run.'),
    state: z.enum(serverStates).describe('What it is.'),
    nextStates: listOf(z.enum(serverStates)).describe('What it can become from here.'),
    stateSince: timeText,
    health: z.enum(healthWords).describe('How it is.'),
    healthFacts: healthFacts.nullable(),
    healthSince: timeText.nullable(),
    statusWords: z
      .object({
        management: z.enum(['running', 'stopped', 'error', 'starting', 'stopping']),
        toolServer: z.enum(['enabled', 'disabled', 'error', 'starting', 'stopping']),
        dashboard: z.enum(['ok', 'unhealthy', 'error', 'unknown']),
      })
      .describe('The words of the source documents, derived from enabled, state and health.'),
    tools: z.object({ offered: z.int(), enabled: z.int(), quarantined: z.int() }),
    run: z
      .object({
        runId: z.string(),
        pid: z.int().nullable(),
        limitedBy: z.enum(limitMethods).nullable().describe('By which means its limits are kept.'),
        era: z.enum(['stateless', 'session']).nullable(),
        protocolVersion: z.string().nullable(),
        serverName: z.string().nullable().describe('Text from outside.'),
        serverVersion: z.string().nullable().describe('Text from outside.'),
        runningSince: timeText.nullable(),
        startedInMs: z.int().nullable(),
        outdated: z.boolean().describe('The configuration has changed since; the next run has the new one.'),
      })
      .nullable(),
    alerts: listOf(
      z.object({ alert: z.enum(alertKinds), value: z.number(), threshold: z.number(), since: timeText, says: z.string() }),
    ).describe('What was beyond its threshold when it was last looked at.'),
    restart: z.object({ attempt: z.int(), dueAt: timeText }).nullable().describe('A restart that is due.'),
    failure: z
      .object({
        reason: z.enum(failureReasons),
        says: z.string().describe('Text from outside.'),
        stderrTail: z.string().nullable().describe('Text from outside. Null for a key that may not read logs.'),
        at: timeText,
      })
      .nullable()
      .describe('The last one, until it runs again.'),
    lastExit: exit.nullable(),
    failedStarts: z.int().describe('In a row, without ever having run.'),
    crashes: z.int().describe('After it ran, since the budget was whole.'),
    starts: z.int().describe('Of all time.'),
    failures: z.int().describe('Of all time.'),
    executable: z
      .object({
        verdict: z.enum(['allowed', 'forbidden', 'needs-approval']),
        says: z.string().nullable(),
        argvHash: z.string().describe('What an approval names.'),
        approved: z.boolean(),
      })
      .nullable()
      .describe('Null: it is reached by an address.'),
    instructions: instructions.nullable().describe('What it tells every model about itself, as approved.'),
    pendingInstructions: z.object({ told: instructions.nullable() }).nullable().describe('What it tells now and nobody has approved.'),
    config: serverConfig,
    registeredBy: z.string(),
    registeredAt: timeText,
    changedBy: z.string(),
    changedAt: timeText,
    retiredBy: z.string().nullable(),
    retiredReason: z.string().nullable(),
    retiredAt: timeText.nullable(),
    revision: positionText,
  })
  .meta({ id: 'Server' })

export const exampleConfig: z.input<typeof serverConfig> = {
  ...serverDefaults,
  displayName: 'Files',
  transport: { kind: 'stdio', command: 'npx', args: ['-y', '@modelcontextprotocol/server-filesystem@2026.7.10', '/srv/files'], env: {} },
}

export const exampleServer: z.input<typeof server> = {
  id: exampleId,
  name: 'files',
  displayName: 'Files',
  transport: 'stdio',
  isolation: 'shared',
  builtIn: false,
  situation: 'registered',
  enabled: true,
  disabledBecause: null,
  desired: 'running',
  state: 'running',
  nextStates: ['stopping', 'error', 'maintenance'],
  stateSince: exampleTime,
  health: 'healthy',
  healthFacts: { live: true, ready: true, capable: true, responseMs: 3 },
  healthSince: exampleTime,
  statusWords: { management: 'running', toolServer: 'enabled', dashboard: 'ok' },
  tools: { offered: 11, enabled: 10, quarantined: 0 },
  run: {
    runId: '0199f0a0-0000-7000-8000-000000000006',
    pid: 4242,
    limitedBy: 'cgroup-v2',
    era: 'session',
    protocolVersion: '2025-11-25',
    serverName: 'secure-filesystem-server',
    serverVersion: '0.2.0',
    runningSince: exampleTime,
    startedInMs: 410,
    outdated: false,
  },
  alerts: [],
  restart: null,
  failure: null,
  lastExit: null,
  failedStarts: 0,
  crashes: 0,
  starts: 1,
  failures: 0,
  executable: { verdict: 'allowed', says: null, argvHash: 'a'.repeat(64), approved: false },
  instructions: null,
  pendingInstructions: null,
  config: exampleConfig,
  registeredBy: 'mira',
  registeredAt: exampleTime,
  changedBy: 'mira',
  changedAt: exampleTime,
  retiredBy: null,
  retiredReason: null,
  retiredAt: null,
  revision: '4',
}

export const serverJson =
  ({ hash, may }: Readonly<{ hash: Hash; may: May }>) =>
  (view: ServerView): z.input<typeof server> => ({
    id: view.serverId,
    name: view.name,
    displayName: view.displayName,
    transport: view.transport,
    isolation: view.isolation,
    builtIn: view.builtIn,
    situation: view.situation,
    enabled: view.enabled,
    disabledBecause: view.disabledBecause,
    desired: view.desired,
    state: view.state,
    nextStates: nextStates[view.state],
    stateSince: view.stateSince,
    health: view.health,
    healthFacts: view.healthFacts,
    healthSince: view.healthSince,
    statusWords: view.words,
    tools: view.tools,
    run: runJson(view),
    alerts: view.alerts.map((each) => ({ ...each, says: alertText(each.alert, each) })),
    restart: view.restartAttempt === null || view.restartDueAt === null ? null : { attempt: view.restartAttempt, dueAt: view.restartDueAt },
    failure:
      view.failureReason === null || view.failedAt === null
        ? null
        : {
            ...{ reason: view.failureReason, says: view.failureSays ?? '', at: view.failedAt },
            stderrTail: may('mcp:view_logs') ? (view.failureStderr ?? '') : null,
          },
    lastExit: view.lastExit,
    failedStarts: view.failedStarts,
    crashes: view.crashes,
    starts: view.starts,
    failures: view.failures,
    executable: executableJson(view, hash),
    instructions: view.instructions,
    pendingInstructions: view.pendingInstructions,
    config: view.config,
    registeredBy: view.registeredBy,
    registeredAt: view.registeredAt,
    changedBy: view.changedBy,
    changedAt: view.changedAt,
    retiredBy: view.retiredBy,
    retiredReason: view.retiredReason,
    retiredAt: view.retiredAt,
    revision: String(view.revision),
  })

function runJson(view: ServerView): z.input<typeof server>['run'] {
  if (view.runId === null) return null
  const { runId, pid, limitedBy, era, protocolVersion, serverName, serverVersion, runningSince, startedInMs, outdated } = view
  return { runId, pid, limitedBy, era, protocolVersion, serverName, serverVersion, runningSince, startedInMs, outdated }
}

function executableJson({ config: { transport }, approvedArgv }: ServerView, hash: Hash): z.input<typeof server>['executable'] {
  if (transport.kind !== 'stdio') return null
  const verdict = judgeExecutable(transport)
  const own = argvHash(transport, hash)
  return {
    verdict: verdict.kind,
    says: verdict.kind === 'allowed' ? null : verdict.says,
    argvHash: own,
    approved: approvedArgv.includes(own),
  }
}
