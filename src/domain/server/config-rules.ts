/** What a registration must be: every broken rule with its field, all of them at once, before anything is recorded. */
import { type AlertKind, alertKinds } from './alerts.ts'
import type { HttpTransport, ServerConfig, StdioTransport } from './config.ts'

export type Violation = Readonly<{ field: string; rule: string; says: string }>

/** A name stands in paths, in metrics and before the names of tools, so it is short and plain. */
const NAME = /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/

export function violationsOfName(name: string): readonly Violation[] {
  return NAME.test(name)
    ? []
    : [
        {
          field: 'name',
          rule: 'server-name',
          says: 'must be 1 to 64 lower-case letters, digits, - and _, and begin and end with a letter or digit',
        },
      ]
}

type Range = Readonly<{ least: number; most: number }>

const RANGES = {
  maxSessions: { least: 1, most: 1_000 },
  sessionIdleMs: { least: 1_000, most: 86_400_000 },
  startTimeoutMs: { least: 1_000, most: 600_000 },
  callTimeoutMs: { least: 100, most: 3_600_000 },
  stopGraceMs: { least: 0, most: 120_000 },
  healthEveryMs: { least: 1_000, most: 86_400_000 },
  maxFailures: { least: 1, most: 10 },
  restartBudget: { least: 0, most: 1_000 },
} as const satisfies Partial<Record<keyof ServerConfig, Range>>

const LIMIT_RANGES = {
  memoryBytes: { least: 16 * 1024 * 1024, most: 2 ** 43 },
  cpuCores: { least: 0.05, most: 1_024 },
  processes: { least: 1, most: 100_000 },
  openFiles: { least: 16, most: 1_048_576 },
} as const satisfies Record<keyof ServerConfig['limits'], Range>

const ALERT_RANGES = {
  errorRate: { least: 0.001, most: 1 },
  p95Ms: { least: 1, most: 3_600_000 },
  memoryBytes: { least: 1024 * 1024, most: 2 ** 43 },
} as const satisfies Record<AlertKind, Range>

export function violationsOfConfig(config: ServerConfig): readonly Violation[] {
  const { displayName, description, transport, limits } = config
  const found: Violation[] = []
  const text = (field: string, value: string, least: number, most: number): void => {
    if (value.length < least || value.length > most) found.push({ field, rule: 'length', says: `must have ${least} to ${most} characters` })
  }
  const number = (field: string, value: number | undefined, { least, most }: Range): void => {
    if (value !== undefined && !(value >= least && value <= most)) found.push({ field, rule: 'range', says: `must be ${least} to ${most}` })
  }
  text('displayName', displayName, 1, 200)
  text('description', description, 0, 4_000)
  number('maxSessions', config.maxSessions, RANGES.maxSessions)
  number('sessionIdleMs', config.sessionIdleMs, RANGES.sessionIdleMs)
  number('startTimeoutMs', config.startTimeoutMs, RANGES.startTimeoutMs)
  number('callTimeoutMs', config.callTimeoutMs, RANGES.callTimeoutMs)
  number('stopGraceMs', config.stopGraceMs, RANGES.stopGraceMs)
  number('healthEveryMs', config.healthEveryMs, RANGES.healthEveryMs)
  number('maxFailures', config.maxFailures, RANGES.maxFailures)
  number('restartBudget', config.restartBudget, RANGES.restartBudget)
  number('limits.memoryBytes', limits.memoryBytes, LIMIT_RANGES.memoryBytes)
  number('limits.cpuCores', limits.cpuCores, LIMIT_RANGES.cpuCores)
  number('limits.processes', limits.processes, LIMIT_RANGES.processes)
  number('limits.openFiles', limits.openFiles, LIMIT_RANGES.openFiles)
  for (const alert of alertKinds) number(`alerts.${alert}`, config.alerts[alert], ALERT_RANGES[alert])
  const own = transport.kind === 'stdio' ? violationsOfStdio(transport) : violationsOfHttp(transport)
  return [...found, ...own]
}

function violationsOfStdio({ command, args, workingDirectory }: StdioTransport): readonly Violation[] {
  const found: Violation[] = []
  if (command.length < 1 || command.length > 500 || /[\0\n]/.test(command)) {
    found.push({ field: 'transport.command', rule: 'length', says: 'must have 1 to 500 characters on one line' })
  }
  if (command.includes('/') && !command.startsWith('/')) {
    found.push({ field: 'transport.command', rule: 'relative-path', says: 'must be a bare name or an absolute path' })
  }
  if (args.length > 200) found.push({ field: 'transport.args', rule: 'length', says: 'must have at most 200 members' })
  args.forEach((arg, index) => {
    if (typeof arg === 'string' && arg.includes('\0'))
      found.push({ field: `transport.args.${index}`, rule: 'nul', says: 'must not hold NUL' })
  })
  if (workingDirectory !== undefined && !workingDirectory.startsWith('/')) {
    found.push({ field: 'transport.workingDirectory', rule: 'absolute-path', says: 'must be an absolute path' })
  }
  return found
}

/** Set by the transport itself, or by what stands between. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-type',
  'accept',
  'connection',
  'transfer-encoding',
  'mcp-session-id',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'last-event-id',
  'cookie',
  'origin',
])

function violationsOfHttp({ url, headers }: HttpTransport): readonly Violation[] {
  const field = 'transport.url'
  const parsed = URL.parse(url)
  if (parsed === null) return [{ field, rule: 'url', says: 'must be a URL' }]
  const found: Violation[] = []
  if (parsed.protocol === 'ws:' || parsed.protocol === 'wss:') {
    found.push({ field, rule: 'websocket', says: 'WebSocket is no standard transport of MCP; use the https address of the same server' })
  } else if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') {
    found.push({ field, rule: 'scheme', says: 'must begin with https:// or http://' })
  }
  if (parsed.username !== '' || parsed.password !== '') {
    found.push({ field, rule: 'credentials', says: 'must not hold a user or password; use headers with a secret reference' })
  }
  if (parsed.search !== '')
    found.push({ field, rule: 'query', says: 'must have no query; use transport.query, where a value can be a secret reference' })
  if (parsed.hash !== '') found.push({ field, rule: 'fragment', says: 'must have no fragment' })
  for (const name of Object.keys(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
      found.push({ field: `transport.headers.${name}`, rule: 'name-of-header', says: 'is no name of a header' })
    else if (OWN_HEADERS.has(name.toLowerCase()))
      found.push({ field: `transport.headers.${name}`, rule: 'own-header', says: 'is set by the transport itself' })
  }
  return found
}
