/** What the settings must look like, and what they become. The one schema for every source: file, variable and flag. */
import { z } from 'zod'
import { replacementFor } from '../domain/analysis/models.ts'
import { LONGEST_ANALYSIS_MS } from '../domain/analysis/question.ts'
import { parseAllowance } from '../domain/outbound/reach.ts'
import { Secret } from '../domain/ports/secrets.ts'
import { builtInNames } from '../domain/server/built-in.ts'
import { DURATION_RULE, parseDuration } from './duration.ts'
import { flag, notEmpty, text } from './fields.ts'
import { serverSettings } from './server-settings.ts'

const DAY_MS = 86_400_000
const BUILT_IN_RULE = `must be names of ${builtInNames.join(', ')}`
const NETWORK_RULE = 'must be networks such as 10.2.0.0/16, with no bits set behind the prefix, or name=10.2.3.4'

export const settingsSchema = z
  .strictObject({
    listen: text('must be host:port, such as 127.0.0.1:8080 or [::1]:8080, with a port of 0 to 65535', parseListen),
    publicUrl: text('must be an http or https URL without a path', parsePublicUrl).optional(),
    dataDir: text('must be the path of a directory', notEmpty),
    databaseUrl: text('must be `embedded` or a postgresql:// URL', parseDatabase),
    eventStore: text('must be `database` or an esdb:// or esdb+discover:// URL', parseEventStore),
    allowInsecureEventStore: flag(),
    namespace: text(
      'must be 1 to 40 characters: a letter, then a-z, 0-9, - and _; and not begin with pg_, which PostgreSQL keeps for itself',
      (value) => (/^(?!pg_|information_schema$)[a-z][a-z0-9_-]{0,39}$/.test(value) ? value : undefined),
    ),
    secretDirs: list(':', 'must be a path, or several').optional(),
    serversFile: text('must be the path of a file', notEmpty).optional(),
    registryUrl: text('must be an https URL (http only on this machine) without credentials', parseBaseUrl).optional(),
    builtIns: list(',', BUILT_IN_RULE).transform((names, context) =>
      names.flatMap((name) => {
        const known = builtInNames.find((each) => each === name)
        if (known !== undefined) return [known]
        context.addIssue({ code: 'custom', message: `${BUILT_IN_RULE}: not ${name}` })
        return []
      }),
    ),
    discoveryDirs: list(':', 'must be a path, or several'),
    discoveryHomes: list(':', 'must be a path, or several'),
    secretVariables: list(',', 'must be names of environment variables', /^[A-Za-z_]\w*$/),
    serverNetworks: list(',', NETWORK_RULE).transform((items, context) =>
      items.flatMap((item) => {
        const parsed = parseAllowance(item)
        if (parsed !== undefined) return [parsed]
        context.addIssue({ code: 'custom', message: `${NETWORK_RULE}: not ${item}` })
        return []
      }),
    ),
    policy: text('must be the path of a file', notEmpty).optional(),
    pollEvery: text(DURATION_RULE, parseDuration).refine((ms) => ms >= 100 && ms <= 3_600_000, 'must be between 100ms and 1h'),
    servers: serverSettings,
    usageRetention: text(DURATION_RULE, parseDuration).refine((ms) => ms >= DAY_MS && ms <= 3_650 * DAY_MS, 'must be between 1d and 3650d'),
    adminKey: text('must be at least 32 visible ASCII characters, at least 8 of them different', (value) =>
      /^[\x21-\x7e]{32,512}$/.test(value) && new Set(value).size >= 8 ? new Secret(value) : undefined,
    ).optional(),
    analyst: z.strictObject({
      apiKey: text('must be visible ASCII characters', (value) =>
        /^[\x21-\x7e]{1,512}$/.test(value) ? new Secret(value) : undefined,
      ).optional(),
      baseUrl: text(
        'must be an https URL (http only on this machine) without credentials: the API key is sent there',
        parseBaseUrl,
      ).optional(),
      model: model(),
      timeout: text(DURATION_RULE, parseDuration).refine((ms) => ms >= 1_000 && ms <= LONGEST_ANALYSIS_MS, 'must be between 1s and 100s'),
    }),
    log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be debug, info, warn, error or silent') }),
    metrics: z.strictObject({ public: flag() }),
  })
  .superRefine(({ eventStore, allowInsecureEventStore }, context) => {
    if (eventStore.kind !== 'eventstoredb' || allowInsecureEventStore || isSafe(eventStore.url.reveal())) return
    context.addIssue({
      code: 'custom',
      path: ['eventStore'],
      message: 'must use verified TLS when the server is not on this machine; allowInsecureEventStore permits it all the same',
    })
  })

export type Settings = z.infer<typeof settingsSchema>

function list(separator: string, rule: string, item: RegExp = /^.+$/s) {
  const split = z.string(rule).transform((value) => value.split(separator))
  return z
    .union([z.array(z.string(rule)), split], rule)
    .transform((items) => items.map((entry) => entry.trim()).filter((entry) => entry !== ''))
    .refine((items) => items.every((entry) => item.test(entry)), rule)
}

function model() {
  return z.string('must be the id of a model').transform((value, context) => {
    const replacement = replacementFor(value.trim())
    if (replacement !== undefined) context.addIssue({ code: 'custom', message: `${value} is retired; use ${replacement}` })
    if (!/^[\w.:@/-]{1,128}$/.test(value.trim())) context.addIssue({ code: 'custom', message: 'must be the id of a model' })
    return value.trim()
  })
}

function parseListen(value: string): { host: string; port: number } | undefined {
  const [, v6, name, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(value) ?? []
  const host = v6 ?? name
  return host === undefined || Number(port) > 65_535 ? undefined : { host, port: Number(port) }
}

function parsePublicUrl(value: string): string | undefined {
  const url = URL.parse(value)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return undefined
  return url.pathname === '/' && url.search === '' && url.hash === '' ? url.origin : undefined
}

function parseBaseUrl(value: string): string | undefined {
  const url = URL.parse(value)
  if (url === null || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return undefined
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) return undefined
  return url.href.replace(/\/$/, '')
}

type Database = Readonly<{ kind: 'embedded' }> | Readonly<{ kind: 'external'; url: Secret }>

function parseDatabase(value: string): Database | undefined {
  if (value === 'embedded') return { kind: 'embedded' }
  return /^postgres(?:ql)?:\/\/\S+$/.test(value) && URL.canParse(value) ? { kind: 'external', url: new Secret(value) } : undefined
}

type Log = Readonly<{ kind: 'database' }> | Readonly<{ kind: 'eventstoredb'; url: Secret }>

function parseEventStore(value: string): Log | undefined {
  if (value === 'database') return { kind: 'database' }
  return /^(?:esdb|kurrentdb|kdb)(?:\+discover)?:\/\/[^\s/?]+\S*$/.test(value)
    ? { kind: 'eventstoredb', url: new Secret(value) }
    : undefined
}

/** Verified TLS, or only on this machine. The option names of the connection string are not case sensitive. */
function isSafe(url: string): boolean {
  const [address = '', query = ''] = url.replace(/^[a-z+]+:\/\//, '').split('?', 2)
  const options = new Map([...new URLSearchParams(query)].map(([name, value]) => [name.toLowerCase(), value.toLowerCase()]))
  if (options.get('tls') !== 'false' && options.get('tlsverifycert') !== 'false') return true
  const hosts = address.replace(/^.*@/, '').replace(/\/$/, '').split(',')
  return hosts.every((host) => isLoopback(host.replace(/:\d+$/, '')))
}

const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
