/**
 * What is recorded of a target: where its logs and configuration lie, and how its service is reached and started.
 * Parameters of actions come from here and from probes, so everything is checked when the target is registered: absolute, canonical, no surprises.
 */
import { z } from 'zod'
import type { JsonObject } from '../ports/json.ts'
import type { ServiceConnection, ServiceEndpoint } from '../ports/remote-host.ts'
import type { SecretReference } from '../ports/secrets.ts'
import type { Service } from './action.ts'

const MAX_PATH = 4_096

/** Absolute and in canonical spelling: no `..`, no `.`, no doubled or trailing slash, no control characters. Spaces are allowed. */
export const absolutePath = z
  .string()
  .max(MAX_PATH)
  .regex(/^\//, 'must be absolute')
  .refine((path) => !hasControlCharacter(path), 'must not hold control characters')
  .refine((path) => path === '/' || path.slice(1).split('/').every(isPlainSegment), 'must be canonical: no "..", ".", "//" or trailing "/"')

const isPlainSegment = (segment: string): boolean => segment !== '' && segment !== '.' && segment !== '..'

function hasControlCharacter(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (code < 0x20 || code === 0x7f) return true
  }
  return false
}

/** `host:port`, as a log line and a connect call spell it; IPv6 in brackets. */
export const hostAndPort = z
  .string()
  .regex(/^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9a-fA-F:.]{2,45}\]):\d{1,5}$/, 'must be host:port')
  .refine((address) => {
    const port = Number(address.slice(address.lastIndexOf(':') + 1))
    return port >= 1 && port <= 65_535
  }, 'port must be between 1 and 65535')

/** A unit or init script; never starts with a hyphen, so it cannot become an option. */
const unitName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9@:._-]{0,127}$/, 'must be the name of a unit')

const secretReference = z.custom<SecretReference>(
  (value) => typeof value === 'string' && /^(?:file:\/.+|file:[^/].*|env:[A-Z][A-Z0-9_]*)$/.test(value),
  'must be file:<path> or env:<NAME>; a secret itself is never stored',
)

/** How a service is started and asked whether it runs. `direct`: an executable that starts it, and the file where it leaves its pid. */
export const serviceControl = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('systemd'), unit: unitName }),
  z.strictObject({ kind: z.literal('sysv'), name: unitName }),
  z.strictObject({ kind: z.literal('direct'), start: absolutePath, pidFile: absolutePath }),
])
export type ServiceControl = Readonly<z.infer<typeof serviceControl>>

/** What nginx passes requests on to, and the unit behind it. */
export const backend = z.strictObject({ address: hostAndPort, control: serviceControl })
export type Backend = Readonly<z.infer<typeof backend>>

const endpoint = z.union([
  z.strictObject({ socket: absolutePath }),
  z.strictObject({ host: z.string().min(1).max(253), port: z.int().min(1).max(65_535) }),
]) satisfies z.ZodType<ServiceEndpoint>

const nginxSettings = z.strictObject({
  kind: z.literal('nginx'),
  /** Default `nginx`, found on the account's path. */
  binary: absolutePath.exactOptional(),
  /** Default `/run/nginx.pid`. */
  pidFile: absolutePath.exactOptional(),
  /** Asked by the wellness probe, from the host itself. */
  url: z
    .string()
    .max(2_048)
    .regex(/^http:\/\/[^\s"'\\]+$/, 'must be an http:// URL as seen from the host')
    .exactOptional(),
  /** Served directories: the baseline covers the files below them, up to a bound. Default: those that the configuration names. */
  roots: z.array(absolutePath).max(32).exactOptional(),
  backends: z.array(backend).max(64).exactOptional(),
})

const postgresqlSettings = z.strictObject({
  kind: z.literal('postgresql'),
  at: endpoint,
  database: z.string().min(1).max(63),
  user: z.string().min(1).max(63),
  password: secretReference.exactOptional(),
  pidFile: absolutePath.exactOptional(),
  configPath: absolutePath.exactOptional(),
})

const redisSettings = z.strictObject({
  kind: z.literal('redis'),
  at: endpoint,
  user: z.string().min(1).max(128).exactOptional(),
  password: secretReference.exactOptional(),
  pidFile: absolutePath.exactOptional(),
  configPath: absolutePath.exactOptional(),
})

export const serviceSettings = z.discriminatedUnion('kind', [nginxSettings, postgresqlSettings, redisSettings])
export type ServiceSettings = Readonly<z.infer<typeof serviceSettings>>
export type NginxSettings = Readonly<z.infer<typeof nginxSettings>>
export type PostgresqlSettings = Readonly<z.infer<typeof postgresqlSettings>>
export type RedisSettings = Readonly<z.infer<typeof redisSettings>>

export type TargetInventory = Readonly<{
  targetId: string
  name: string
  hostId: string
  service: Service
  /** By convention the first is the error log. */
  logPaths: readonly string[]
  /** The first is the file that the service is started with. */
  configPaths: readonly string[]
  /** Where Steward keeps marks, snapshots and contents on the host. */
  stateDir: string
  connection?: ServiceSettings
}>

/** The parts of a registration that describe the service; names and ids are checked by the route. */
export const targetPaths = z.strictObject({
  logPaths: z.array(absolutePath).max(16),
  configPaths: z.array(absolutePath).max(32),
  stateDir: absolutePath,
  connection: serviceSettings.exactOptional(),
})

/** How drivers reach the service through the tunnel; undefined for services without a driver. */
export function serviceConnection(settings: ServiceSettings | undefined): ServiceConnection | undefined {
  if (settings === undefined || settings.kind === 'nginx') return undefined
  const { pidFile: _pidFile, configPath: _configPath, ...connection } = settings
  return connection
}

/** A registration that names one service and describes another is refused. */
export const fitsService = (service: Service, settings: ServiceSettings | undefined): boolean =>
  settings === undefined || settings.kind === service

export const DEFAULT_NGINX_BINARY = 'nginx'
export const DEFAULT_NGINX_PID_FILE = '/run/nginx.pid'

/** Inventory as parameters see it. */
export const asJson = (target: TargetInventory): JsonObject => ({ ...target })
