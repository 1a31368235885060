/**
 * Servers as a document describes them: a backup, or a file that somebody keeps. One shape and one reader for both. What is missing has its default;
 * all that a registration would refuse is refused here, by its path in the document.
 */

import { redactSecrets } from '../analysis/redact.ts'
import { looksSecret } from '../discovery/looks-secret.ts'
import { readUrl } from '../discovery/read-url.ts'
import { holdSecrets, isHarmlessName, takeFromArgs } from '../discovery/take-secrets.ts'
import type { SecretReference } from '../ports/secrets.ts'
import { type AlertThresholds, alertKinds } from '../server/alerts.ts'
import {
  type Given,
  isolations,
  type ProcessLimits,
  type ServerConfig,
  type ServerTransport,
  serverDefaults,
  type ToolPolicy,
} from '../server/config.ts'
import { violationsOfConfig, violationsOfName } from '../server/config-rules.ts'
import { judgeExecutable } from '../server/executable.ts'
import { type DocumentProblem, DocumentReader } from './document-reader.ts'

/** `allowLiterals`: fields whose value looks like a secret and is none, e.g. `transport.env.TOKEN_LIMIT`. Asked when it is read, and not kept. */
export type DescribedServer = Readonly<{ name: string; enabled: boolean; config: ServerConfig }>

export type ReadServers = Readonly<{ servers: readonly DescribedServer[]; problems: readonly DocumentProblem[] }>

const MOST_SERVERS = 10_000

/**
 * @param literals `refused`: a value that looks like a secret is a problem. `trusted`: the document was made from our own log, where it stands already.
 */
export function readServers(
  value: unknown,
  { path = 'servers', literals }: Readonly<{ path?: string; literals: 'refused' | 'trusted' }>,
): ReadServers {
  const reader = new DocumentReader()
  const names = new Map<string, number>()
  const servers = reader.list(value, path, MOST_SERVERS).flatMap((each, index): readonly DescribedServer[] => {
    const place = `${path}.${index}`
    const before = reader.problems.length
    const read = readServer(reader, each, place)
    if (!read) return []
    const { allowLiterals, ...server } = read
    const first = names.get(server.name)
    if (first !== undefined) reader.wrong(`${place}.name`, 'name-twice', `is the name of ${path}.${first} as well`)
    names.set(server.name, index)
    for (const { field, rule, says } of violationsOfName(server.name)) reader.wrong(`${place}.${field}`, rule, says)
    for (const { field, rule, says } of violationsIn(server.config)) reader.wrong(`${place}.config.${field}`, rule, says)
    if (literals === 'refused') refuseLiterals(reader, server.config.transport, `${place}.config`, new Set(allowLiterals))
    return reader.problems.length === before ? [server] : []
  })
  return { servers, problems: reader.problems }
}

function violationsIn(config: ServerConfig) {
  const verdict = config.transport.kind === 'stdio' ? judgeExecutable(config.transport) : undefined
  return [...violationsOfConfig(config), ...(verdict?.kind === 'forbidden' ? [verdict] : [])]
}

type Read = DescribedServer & Readonly<{ allowLiterals: readonly string[] }>

function readServer(reader: DocumentReader, value: unknown, path: string): Read | undefined {
  const members = reader.object(value, path, ['name', 'enabled', 'config', 'allowLiterals'])
  if (!members) return undefined
  const name = reader.text(members['name'], `${path}.name`)
  const enabled = members['enabled'] === undefined ? false : reader.flag(members['enabled'], `${path}.enabled`)
  const config = readConfig(reader, members['config'], `${path}.config`, name ?? '')
  const given = members['allowLiterals'] === undefined ? [] : reader.list(members['allowLiterals'], `${path}.allowLiterals`, 200)
  const allowLiterals = given.flatMap((each, index) => reader.text(each, `${path}.allowLiterals.${index}`) ?? [])
  return name === undefined || enabled === undefined || config === undefined ? undefined : { name, enabled, config, allowLiterals }
}

const CONFIG_MEMBERS = [...Object.keys(serverDefaults), 'displayName', 'transport']

function readConfig(reader: DocumentReader, value: unknown, path: string, name: string): ServerConfig | undefined {
  const members = reader.object(value, path, CONFIG_MEMBERS)
  if (!members) return undefined
  const before = reader.problems.length
  /** Absent: the default. Of the wrong type: a problem, and the default for as long as the others are read. */
  const or = <Value>(member: string, otherwise: Value, read: (value: unknown, path: string) => Value | undefined): Value =>
    members[member] === undefined ? otherwise : (read(members[member], `${path}.${member}`) ?? otherwise)
  const text = (given: unknown, place: string) => reader.text(given, place)
  const number = (given: unknown, place: string) => reader.number(given, place)
  const flag = (given: unknown, place: string) => reader.flag(given, place)
  const transport = readTransport(reader, members['transport'], `${path}.transport`)
  if (!transport) return undefined
  const config: ServerConfig = {
    displayName: or('displayName', name, text),
    description: or('description', serverDefaults.description, text),
    transport,
    autoStart: or<boolean>('autoStart', serverDefaults.autoStart, flag),
    autoRestart: or<boolean>('autoRestart', serverDefaults.autoRestart, flag),
    autoRefresh: or<boolean>('autoRefresh', serverDefaults.autoRefresh, flag),
    isolation: or<ServerConfig['isolation']>('isolation', serverDefaults.isolation, (given, place) =>
      reader.oneOf(given, place, isolations),
    ),
    maxSessions: or<number>('maxSessions', serverDefaults.maxSessions, number),
    sessionIdleMs: or<number>('sessionIdleMs', serverDefaults.sessionIdleMs, number),
    startTimeoutMs: or<number>('startTimeoutMs', serverDefaults.startTimeoutMs, number),
    callTimeoutMs: or<number>('callTimeoutMs', serverDefaults.callTimeoutMs, number),
    stopGraceMs: or<number>('stopGraceMs', serverDefaults.stopGraceMs, number),
    healthEveryMs: or<number>('healthEveryMs', serverDefaults.healthEveryMs, number),
    maxFailures: or<number>('maxFailures', serverDefaults.maxFailures, number),
    restartBudget: or<number>('restartBudget', serverDefaults.restartBudget, number),
    limits: or<ProcessLimits>('limits', {}, (given, place) => readNumbers(reader, given, place, LIMITS)),
    alerts: or<AlertThresholds>('alerts', {}, (given, place) => readNumbers(reader, given, place, alertKinds)),
    toolPolicy: or<ToolPolicy>('toolPolicy', serverDefaults.toolPolicy, (given, place) => readToolPolicy(reader, given, place)),
  }
  return reader.problems.length === before ? config : undefined
}

const LIMITS = ['memoryBytes', 'cpuCores', 'processes', 'openFiles'] as const satisfies readonly (keyof ProcessLimits)[]

/** Of those names, what is there. */
function readNumbers(reader: DocumentReader, value: unknown, path: string, names: readonly string[]): Readonly<Record<string, number>> {
  const members = reader.object(value, path, names)
  const numbers = names.flatMap((name) => {
    const given = members?.[name]
    const number = given === undefined ? undefined : reader.number(given, `${path}.${name}`)
    return number === undefined ? [] : [[name, number] as const]
  })
  return Object.fromEntries(numbers)
}

function readToolPolicy(reader: DocumentReader, value: unknown, path: string): ToolPolicy | undefined {
  const members = reader.object(value, path, ['quarantine', 'bypassWhenUnavailable', 'recordArguments'])
  if (!members) return undefined
  const { quarantine = serverDefaults.toolPolicy.quarantine, bypassWhenUnavailable = false, recordArguments = false } = members
  const policy = reader.oneOf(quarantine, `${path}.quarantine`, ['changed-and-new', 'changed', 'nothing'] as const)
  const bypass = reader.flag(bypassWhenUnavailable, `${path}.bypassWhenUnavailable`)
  const records = reader.flag(recordArguments, `${path}.recordArguments`)
  if (policy === undefined || bypass === undefined || records === undefined) return undefined
  return { quarantine: policy, bypassWhenUnavailable: bypass, recordArguments: records }
}

function readTransport(reader: DocumentReader, value: unknown, path: string): ServerTransport | undefined {
  const kind = reader.object(value, path)?.['kind']
  if (kind === 'http') {
    const members = reader.object(value, path, ['kind', 'url', 'pathEnd', 'query', 'headers'])
    const url = reader.text(members?.['url'], `${path}.url`)
    const pathEnd = members?.['pathEnd'] === undefined ? undefined : readGiven(reader, members['pathEnd'], `${path}.pathEnd`)
    const query = readGivenByName(reader, members?.['query'], `${path}.query`)
    const headers = readGivenByName(reader, members?.['headers'], `${path}.headers`)
    return url === undefined ? undefined : { kind, url, ...(pathEnd === undefined ? {} : { pathEnd }), query, headers }
  }
  if (kind !== 'stdio') return isObject(value) ? reader.wrong(`${path}.kind`, 'choice', 'must be one of stdio, http') : undefined
  const members = reader.object(value, path, ['kind', 'command', 'args', 'env', 'workingDirectory'])
  const command = reader.text(members?.['command'], `${path}.command`)
  const args = members?.['args'] === undefined ? [] : reader.list(members['args'], `${path}.args`, 200)
  const workingDirectory =
    members?.['workingDirectory'] === undefined ? undefined : reader.text(members['workingDirectory'], `${path}.workingDirectory`)
  const given = args.flatMap((arg, index) => readGiven(reader, arg, `${path}.args.${index}`) ?? [])
  const env = readGivenByName(reader, members?.['env'], `${path}.env`)
  return command === undefined
    ? undefined
    : { kind, command, args: given, env, ...(workingDirectory === undefined ? {} : { workingDirectory }) }
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

function readGivenByName(reader: DocumentReader, value: unknown, path: string): Readonly<Record<string, Given>> {
  const members = value === undefined ? {} : (reader.object(value, path) ?? {})
  const given = Object.entries(members).flatMap(([name, each]) => {
    const one = readGiven(reader, each, `${path}.${name}`)
    return one === undefined ? [] : [[name, one] as const]
  })
  return Object.fromEntries(given)
}

function readGiven(reader: DocumentReader, value: unknown, path: string): Given | undefined {
  if (typeof value === 'string') return reader.text(value, path)
  if (!isObject(value)) return reader.wrong(path, 'type', 'must be a text, or {"secret": "file:..."}')
  const secret = reader.object(value, path, ['secret'])?.['secret']
  return isReference(secret) ? { secret } : reader.wrong(`${path}.secret`, 'reference', 'must begin with file: or env:')
}

const isReference = (value: unknown): value is SecretReference =>
  typeof value === 'string' && /^(?:file|env):[^\0\r\n]{1,1000}$/.test(value)

/** The document would be the second place where it can be read; the log would be the third, for ever. */
function refuseLiterals(reader: DocumentReader, transport: ServerTransport, path: string, allowed: ReadonlySet<string>): void {
  for (const field of secretFieldsIn(transport)) {
    if (allowed.has(field)) continue
    const says = `looks like a secret; put it into a file of a secret directory, and name that as {"secret": "file:..."}, or name ${field} in allowLiterals when it is none`
    reader.wrong(`${path}.${field}`, 'literal-secret', says)
  }
}

function secretFieldsIn(transport: ServerTransport): readonly string[] {
  const named = (place: string, values: Readonly<Record<string, Given>>): readonly string[] =>
    Object.entries(values).flatMap(([name, value]) =>
      typeof value === 'string' && looksSecret(value, name) && !isHarmlessHeader(place, name) ? [`transport.${place}.${name}`] : [],
    )
  if (transport.kind === 'http') {
    const { url, pathEnd, query, headers } = transport
    const end = typeof pathEnd === 'string' && looksSecret(pathEnd) ? ['transport.pathEnd'] : []
    return [...(isSecretAddress(url) ? ['transport.url'] : []), ...named('query', query), ...named('headers', headers), ...end]
  }
  const held = holdSecrets('none')
  takeFromArgs(transport.command, transport.args, held)
  const paths = [transport.command, transport.workingDirectory ?? '']
  const inPaths = paths.some((each) => redactSecrets(each) !== each) ? ['transport.command'] : []
  return [...inPaths, ...named('env', transport.env), ...held.secrets.map(({ field }) => field)]
}

const isHarmlessHeader = (place: string, name: string): boolean => place === 'headers' && isHarmlessName(name)

/** A segment of its path is what many services take as the key. */
const isSecretAddress = (url: string): boolean => {
  const held = holdSecrets('none')
  const { authorization } = readUrl(url, held)
  return authorization !== undefined || held.secrets.length > 0
}
