/** The fleet at one moment, as a screen and a program read it: figures of each server, trouble first, and what has gone wrong. Plain JSON. */
import type { Analytics, Health, Server, ServerVitals, Status, StewardEvent } from '../client/shapes.ts'
import { type Severity, type Trouble, thresholdRules, troublesOf } from './trouble.ts'

export type FleetPicture = Readonly<{
  timestamp: string
  url: string
  period: Analytics['period']
  steward: Readonly<{ version: string; status: Status['status']; uptimeSeconds: number }>
  /** Of the machine that Steward runs on; null: it does not say. */
  system: Readonly<{ cpuPercent: number; memoryPercent: number; memoryUsedBytes: number; memoryTotalBytes: number }> | null
  totals: Readonly<{ servers: number; running: number; inTrouble: number }> & CallFigures
  servers: readonly PicturedServer[]
  /** What is wrong now, the worst first; then what has gone wrong, the newest first. */
  alerts: readonly Alert[]
}>

export type CallFigures = Readonly<{
  calls: number
  callsPerMinute: number
  errors: number
  /** 0 to 1; null without calls. */
  errorRate: number | null
  p95Ms: number | null
}>

export type PicturedServer = CallFigures &
  Pick<
    Server,
    | 'id'
    | 'name'
    | 'state'
    | 'stateSince'
    | 'health'
    | 'enabled'
    | 'desired'
    | 'crashes'
    | 'restart'
    | 'tools'
    | 'statusWords'
    | 'healthFacts'
  > &
  Readonly<{
    /** Null: it does not run. */
    uptimeSeconds: number | null
    /** Of all time. */
    restarts: number
    restartBudget: number
    /** Resident, of its processes. Null: it does not run here, or the machine does not tell. */
    memoryBytes: number | null
    /** Of one processor, lately. Null: as above, and before it was read twice. */
    cpuPercent: number | null
    memoryLimitBytes: number | null
    /** Null: it does not run, or runs elsewhere. */
    limitsMethod: string | null
    troubles: readonly Trouble[]
  }>

export type Alert = Readonly<{
  severity: Severity
  rule: string
  /** Null: Steward itself. */
  server: string | null
  says: string
  /** Null: nobody knows since when. */
  at: string | null
  /** now: it is so. past: it was told, `times` in a row. */
  kind: 'now' | 'past'
  times: number
}>

export type Answers = Readonly<{
  url: string
  nowMs: number
  servers: readonly Server[]
  analytics: Analytics
  status: Status
  health: Health | null
  vitals: ServerVitals
  /** Newest first. */
  events: readonly StewardEvent[]
}>

/** Types of events that tell of trouble. */
export const alarmingEvents = [
  'ServerFailed',
  'ServerDisabled',
  'ServerRestartBudgetExhausted',
  'ServerAlertRaised',
  'ToolQuarantined',
] as const

export function pictureOf({ url, nowMs, servers, analytics, status, health, vitals, events }: Answers): FleetPicture {
  const usageOf = new Map(analytics.byServer.map((each) => [each.serverId, each]))
  const vitalsOf = new Map(vitals.items.map((each) => [each.id, each]))
  const pictured = servers.map((server) => {
    const { calls, errors, p95Ms } = usageOf.get(server.id) ?? { calls: 0, errors: 0, p95Ms: null }
    const fromMs = Math.max(Date.parse(analytics.from), Date.parse(server.registeredAt))
    const figures = callFigures({ calls, errors, p95Ms }, Date.parse(analytics.until) - fromMs)
    return picturedServer(server, { figures, vitals: vitalsOf.get(server.id), nowMs })
  })
  const { calls, errors, p95Ms } = analytics
  return {
    timestamp: new Date(nowMs).toISOString(),
    url,
    period: analytics.period,
    steward: { version: status.version, status: status.status, uptimeSeconds: Math.round(status.uptimeSeconds) },
    system: health === null ? null : systemOf(health),
    totals: {
      servers: pictured.length,
      running: pictured.filter(({ state }) => state === 'running').length,
      inTrouble: pictured.filter(({ troubles }) => troubles.length > 0).length,
      ...callFigures({ calls, errors, p95Ms }, Date.parse(analytics.until) - Date.parse(analytics.from)),
    },
    servers: pictured.toSorted((a, b) => rankOf(a) - rankOf(b) || a.name.localeCompare(b.name)),
    alerts: [...ofSteward(status), ...standing(pictured), ...told(events, servers)],
  }
}

function systemOf({ resources: { cpu_percent, memory_percent, memory_used, memory_total } }: Health): FleetPicture['system'] {
  return { cpuPercent: cpu_percent, memoryPercent: memory_percent, memoryUsedBytes: memory_used, memoryTotalBytes: memory_total }
}

const MINUTE_MS = 60_000

/** A server that has been here for less than the period is measured by the time it has been here, a minute at least. */
const callFigures = ({ calls, errors, p95Ms }: Pick<CallFigures, 'calls' | 'errors' | 'p95Ms'>, overMs: number): CallFigures => ({
  calls,
  callsPerMinute: rounded(calls / Math.max(1, overMs / MINUTE_MS), 2),
  errors,
  errorRate: calls === 0 ? null : rounded(errors / calls, 4),
  p95Ms: p95Ms === null ? null : rounded(p95Ms, 1),
})

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))

type Known = Readonly<{ figures: CallFigures; vitals: ServerVitals['items'][number] | undefined; nowMs: number }>

function picturedServer(server: Server, { figures, vitals, nowMs }: Known): PicturedServer {
  const { id, name, state, stateSince, health, healthFacts, enabled, desired, crashes, restart, tools, statusWords, run, config } = server
  const runningSince = state === 'running' ? (run?.runningSince ?? null) : null
  return {
    ...{ id, name, state, stateSince, health, healthFacts, enabled, desired, statusWords },
    uptimeSeconds: runningSince === null ? null : Math.max(0, Math.round((nowMs - Date.parse(runningSince)) / 1_000)),
    restarts: Math.max(0, server.starts - 1),
    ...{ crashes, restartBudget: config.restartBudget, restart },
    ...figures,
    memoryBytes: vitals?.memoryBytes ?? null,
    cpuPercent: vitals?.cpuPercent == null ? null : rounded(vitals.cpuPercent, 1),
    memoryLimitBytes: config.limits.memoryBytes ?? null,
    limitsMethod: run?.limitedBy ?? null,
    tools,
    troubles: troublesOf(server, figures),
  }
}

const severities: readonly Severity[] = ['critical', 'error', 'warning']

/** Trouble first, then what is on its way, what runs, and what rests because somebody wants it to. */
function rankOf({ troubles, state, enabled }: PicturedServer): number {
  const worst = Math.min(...troubles.map(({ severity }) => severities.indexOf(severity)), severities.length)
  if (worst < severities.length) return worst
  const calm = ['starting', 'stopping', 'running', 'maintenance', 'stopped', 'error'].indexOf(state)
  return severities.length + (enabled ? calm : 10)
}

const ofSteward = ({ checks }: Status): readonly Alert[] =>
  checks
    .filter(({ status }) => status !== 'healthy')
    .map(({ name, status, says }) => ({
      ...{ severity: status === 'degraded' ? ('warning' as const) : ('critical' as const), rule: `steward-${status}`, server: null },
      ...{ says: `${name} is ${status}: ${says}`, at: null, kind: 'now' as const, times: 1 },
    }))

const standing = (servers: readonly PicturedServer[]): readonly Alert[] =>
  servers
    .flatMap(({ name, troubles }) =>
      troubles.map(({ severity, rule, says, since }) => ({
        severity,
        rule,
        server: name,
        says,
        at: since,
        kind: 'now' as const,
        times: 1,
      })),
    )
    .toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity) || (b.at ?? '').localeCompare(a.at ?? ''))

/** What a server stands in now is told above. */
function told(events: readonly StewardEvent[], servers: readonly Server[]): readonly Alert[] {
  const byId = new Map(servers.map((server) => [server.id, server]))
  const alerts: Alert[] = []
  for (const event of events) {
    const server = byId.get(event.stream.slice('server-'.length))
    const alert = alertOf(event)
    if (server === undefined || alert === undefined || standsIn(server, event)) continue
    const before = alerts.findLast((each) => each.server === server.name)
    // A crash loop tells the same again and again.
    if (before?.says === alert.says) alerts[alerts.indexOf(before)] = { ...before, times: before.times + 1 }
    else alerts.push({ ...alert, server: server.name, at: event.recordedAt, kind: 'past', times: 1 })
  }
  return alerts
}

const standsIn = ({ failure, alerts }: Server, { data: { at, alert } }: StewardEvent): boolean =>
  at === failure?.at || alerts.some((each) => each.alert === alert && each.since === at)

function alertOf({ type, data }: StewardEvent): Pick<Alert, 'severity' | 'rule' | 'says'> | undefined {
  switch (type) {
    case 'ServerFailed':
      return { severity: 'error', rule: 'failed', says: `${textOf(data['reason'])}: ${textOf(data['says'])}` }
    case 'ServerDisabled':
      return data['because'] === 'failures'
        ? { severity: 'critical', rule: 'disabled-by-failures', says: 'disabled, it failed too often' }
        : undefined
    case 'ServerRestartBudgetExhausted':
      return { severity: 'critical', rule: 'restart-budget-exhausted', says: `not restarted after ${textOf(data['crashes'])} crashes` }
    case 'ServerAlertRaised':
      return beyondThreshold(data)
    case 'ToolQuarantined':
      return { severity: 'warning', rule: 'tool-quarantined', says: `${textOf(data['tool'])} is ${textOf(data['reason'])} and waits` }
    default:
      return undefined
  }
}

const thresholdWords: Readonly<Record<keyof typeof thresholdRules, (value: number) => string>> = {
  errorRate: (value) => `${rounded(value * 100, 1)} % of its calls failed`,
  p95Ms: (value) => `5 % of its calls took longer than ${Math.round(value)} ms`,
  memoryBytes: (value) => `it used ${Math.round(value / MIB)} MiB`,
}
const MIB = 1_048_576

function beyondThreshold({ alert, value }: StewardEvent['data']): Pick<Alert, 'severity' | 'rule' | 'says'> | undefined {
  if (alert !== 'errorRate' && alert !== 'p95Ms' && alert !== 'memoryBytes') return undefined
  return { severity: 'warning', rule: thresholdRules[alert], says: thresholdWords[alert](Number(value)) }
}

/** An event shows what it recorded: words, numbers, and protected text as `{ text }`. */
function textOf(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'text' in value) return textOf(value.text)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
