/** A configuration of a server as it is sent: what is left out has its usual value. Every broken rule is named before anything is recorded. */
import { z } from 'zod'
import type { Json, JsonObject } from '../../domain/ports/json.ts'
import {
  type Given,
  isolations,
  type ServerConfig,
  type ServerTransport,
  serverDefaults,
  type UsualServer,
} from '../../domain/server/config.ts'
import { violationsOfConfig, violationsOfName } from '../../domain/server/config-rules.ts'
import { violationsOfExecutable } from '../../domain/server/executable.ts'
import { literalSecrets } from '../../domain/server/literal-secrets.ts'
import { ApiError } from '../api-error.ts'
import { checked } from '../validate.ts'
import { secretReference } from './secret-reference.ts'

const given = z
  .union([z.string().max(16_384), z.strictObject({ secret: secretReference })])
  .describe('A value, or {"secret": "file:NAME"} for one that must not be recorded.')
const givens = z.record(z.string().min(1).max(200), given)

const stdio = z.strictObject({
  kind: z.literal('stdio').default('stdio'),
  command: z.string().describe('A program, never a shell line.'),
  args: z.array(given).default([]),
  env: givens.default({}),
  workingDirectory: z.string().optional(),
})
const http = z.strictObject({
  kind: z.literal('http').default('http'),
  url: z.string().max(4_096).describe('Without user, password and query.'),
  pathEnd: given.optional().describe('The end of the path, where it is itself a key.'),
  query: givens.default({}),
  headers: givens.default({}),
})

const { limits: _limits, alerts: _alerts, toolPolicy: usualPolicy, ...usual } = serverDefaults
const quarantines = ['changed-and-new', 'changed', 'nothing'] as const

/** Left out, it is what the installation says; the shown default is that of an installation that says nothing. */
const usually = <Schema extends z.ZodType>(schema: Schema, value: z.input<Schema>) => schema.optional().meta({ default: value })

const settings = {
  description: z.string().default(usual.description),
  autoStart: z.boolean().default(usual.autoStart).describe('Started when it is enabled, and when Steward starts.'),
  autoRestart: usually(z.boolean(), usual.autoRestart).describe('Restarted after a crash.'),
  autoRefresh: z.boolean().default(usual.autoRefresh).describe('The tools are listed again every hour.'),
  isolation: z.enum(isolations).default(usual.isolation).describe('shared: one child for all clients. session: one per client session.'),
  maxSessions: z.int().default(usual.maxSessions),
  sessionIdleMs: z.int().default(usual.sessionIdleMs),
  startTimeoutMs: usually(z.int(), usual.startTimeoutMs),
  callTimeoutMs: z.int().default(usual.callTimeoutMs),
  stopGraceMs: usually(z.int(), usual.stopGraceMs),
  healthEveryMs: usually(z.int(), usual.healthEveryMs),
  maxFailures: z.int().default(usual.maxFailures).describe('Starts in a row that never reached running, before the server is disabled.'),
  restartBudget: z.int().default(usual.restartBudget).describe('Crashes after running, before restarts end.'),
  limits: z
    .strictObject({
      memoryBytes: z.int().optional(),
      cpuCores: z.number().optional(),
      processes: z.int().optional(),
      openFiles: z.int().optional(),
    })
    .default({}),
  alerts: z
    .strictObject({
      errorRate: z.number().optional().describe('Part of the calls of the last 5 minutes that failed, above 0 up to 1.'),
      p95Ms: z.number().optional().describe('Of the calls of the last 5 minutes.'),
      memoryBytes: z.int().optional(),
    })
    .default({})
    .describe('Thresholds beyond which it alerts; cleared at 80 % of them. What is left out never alerts.'),
  toolPolicy: z
    .strictObject({
      quarantine: z.enum(quarantines).default(usualPolicy.quarantine).describe('Which definitions wait for a person.'),
      bypassWhenUnavailable: z.boolean().default(usualPolicy.bypassWhenUnavailable),
      recordArguments: z
        .boolean()
        .default(usualPolicy.recordArguments)
        .describe('Arguments are kept with the record of a call, without what looks like a secret, cut to 2 000 characters.'),
    })
    .default(usualPolicy),
}

/** Fields of a body; `displayName` is the name of the server where nobody says otherwise. */
export const configFields = { displayName: z.string().optional(), transport: z.union([stdio, http]), ...settings }
const wholeConfig = z.strictObject(configFields)
type ConfigInput = z.output<typeof wholeConfig>

export const allowLiterals = z
  .array(z.string().max(300))
  .max(200)
  .default([])
  .describe('Fields whose literal value looks like a secret and is none, e.g. transport.env.TOKEN_LIMIT.')

const changeOf = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().optional()

/** A merge patch (RFC 7396): what is not named stays, null takes away. A `transport` of another kind replaces the whole. */
export const configChangeFields = {
  displayName: changeOf(z.string()),
  description: changeOf(z.string()),
  transport: z
    .strictObject({
      kind: z.enum(['stdio', 'http']).optional(),
      command: z.string().optional(),
      args: changeOf(z.array(given)),
      env: changeOf(z.record(z.string(), given.nullable())),
      workingDirectory: changeOf(z.string()),
      url: z.string().optional(),
      pathEnd: changeOf(given),
      query: changeOf(z.record(z.string(), given.nullable())),
      headers: changeOf(z.record(z.string(), given.nullable())),
    })
    .optional(),
  autoStart: changeOf(z.boolean()),
  autoRestart: changeOf(z.boolean()),
  autoRefresh: changeOf(z.boolean()),
  isolation: changeOf(z.enum(isolations)),
  maxSessions: changeOf(z.int()),
  sessionIdleMs: changeOf(z.int()),
  startTimeoutMs: changeOf(z.int()),
  callTimeoutMs: changeOf(z.int()),
  stopGraceMs: changeOf(z.int()),
  healthEveryMs: changeOf(z.int()),
  maxFailures: changeOf(z.int()),
  restartBudget: changeOf(z.int()),
  limits: changeOf(
    z.strictObject({
      memoryBytes: changeOf(z.int()),
      cpuCores: changeOf(z.number()),
      processes: changeOf(z.int()),
      openFiles: changeOf(z.int()),
    }),
  ),
  alerts: changeOf(z.strictObject({ errorRate: changeOf(z.number()), p95Ms: changeOf(z.number()), memoryBytes: changeOf(z.int()) })),
  toolPolicy: changeOf(
    z.strictObject({
      quarantine: changeOf(z.enum(quarantines)),
      bypassWhenUnavailable: changeOf(z.boolean()),
      recordArguments: changeOf(z.boolean()),
    }),
  ),
}
const configChange = z.strictObject(configChangeFields)
export type ConfigChange = z.output<typeof configChange>

/** With what is usual here, in the words of the domain. */
export function configOf({ displayName, transport, ...given }: ConfigInput, name: string, usualHere: UsualServer): ServerConfig {
  return {
    ...given,
    displayName: displayName ?? name,
    transport: transportOf(transport),
    autoRestart: given.autoRestart ?? usualHere.autoRestart,
    startTimeoutMs: given.startTimeoutMs ?? usualHere.startTimeoutMs,
    stopGraceMs: given.stopGraceMs ?? usualHere.stopGraceMs,
    healthEveryMs: given.healthEveryMs ?? usualHere.healthEveryMs,
    limits: { ...usualHere.limits, ...defined(given.limits) },
    alerts: defined(given.alerts),
  }
}

function transportOf(transport: ConfigInput['transport']): ServerTransport {
  if (transport.kind === 'http') {
    const { pathEnd, ...rest } = transport
    return pathEnd === undefined ? rest : { ...rest, pathEnd }
  }
  const { workingDirectory, ...rest } = transport
  return workingDirectory === undefined ? rest : { ...rest, workingDirectory }
}

const defined = (numbers: Readonly<Record<string, number | undefined>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(numbers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))

/** What the configuration is with the change. @throws ApiError `validation-failed` */
export function changedConfig(before: ServerConfig, change: ConfigChange, name: string, usualHere: UsualServer): ServerConfig {
  const { transport, ...rest } = change
  const isOther = transport?.kind !== undefined && transport.kind !== before.transport.kind
  const base = asJson(isOther ? { ...before, transport: null } : before)
  const merged = merge(base, asJson(transport === undefined ? rest : { ...rest, transport }))
  return configOf(checked('body', wholeConfig, merged), name, { ...usualHere, limits: limitsTakenAway(change, usualHere) })
}

/** A limit that nobody speaks of stays as it is, also where there is none: only one that is taken away has its usual value again. */
function limitsTakenAway({ limits }: ConfigChange, usualHere: UsualServer): UsualServer['limits'] {
  if (limits === null) return usualHere.limits
  const gone = new Set(Object.entries(limits ?? {}).flatMap(([name, value]) => (value === null ? [name] : [])))
  return Object.fromEntries(Object.entries(usualHere.limits).filter(([name]) => gone.has(name)))
}

function merge(base: Json, patch: Json): Json {
  if (!isObject(patch)) return patch
  const merged: Record<string, Json> = isObject(base) ? { ...base } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name]
    else merged[name] = merge(merged[name] ?? null, value)
  }
  return merged
}

const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
const asJson = (value: object): Json => JSON.parse(JSON.stringify(value))

type Checked = Readonly<{ name?: string; config: ServerConfig; allow: readonly string[]; before?: ServerConfig | undefined }>

/** Every broken rule at once, before a word of it is recorded: a secret must not reach the log, not even with a command that is refused. */
export function checkConfig({ name, config, allow, before }: Checked): void {
  const kept = before === undefined ? [] : unchangedFields(before.transport, config.transport)
  const violations = [
    ...(name === undefined ? [] : violationsOfName(name)),
    ...violationsOfConfig(config),
    ...violationsOfExecutable(config),
    ...literalSecrets(config.transport, [...allow, ...kept]),
  ]
  if (violations.length === 0) return
  const issues = violations.map(({ field, rule, says }) => ({ field: `body.${field}`, rule: says, name: rule }))
  throw new ApiError('server-config-invalid', { details: { issues } })
}

/** A value that stands in the log already was allowed when it came there. */
function unchangedFields(before: ServerTransport, after: ServerTransport): readonly string[] {
  const known = new Map(valuesOf(before))
  return valuesOf(after).flatMap(([field, value]) => (typeof value === 'string' && known.get(field) === value ? [field] : []))
}

function valuesOf(transport: ServerTransport): readonly (readonly [string, Given])[] {
  const named = (place: string, given: Readonly<Record<string, Given>>) =>
    Object.entries(given).map(([name, value]) => [`transport.${place}.${name}`, value] as const)
  if (transport.kind === 'http') {
    const end = transport.pathEnd === undefined ? [] : [['transport.pathEnd', transport.pathEnd] as const]
    return [...end, ...named('query', transport.query), ...named('headers', transport.headers)]
  }
  return [...named('env', transport.env), ...transport.args.map((value, index) => [`transport.args.${index}`, value] as const)]
}
