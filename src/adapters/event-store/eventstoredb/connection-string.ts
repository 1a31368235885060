/**
 * Reads an EventStoreDB connection string as strictly as it is dangerous: traffic to another machine is encrypted and verified, options that
 * would break a guarantee are refused, and so is everything that the client would read in another way than a person does. What passes here the
 * client can read: its own complaints repeat the whole string, password included.
 */

type Kind = 'flag' | 'count' | 'text'

/** Options of the client that are safe to set. It compares names in lower case, without `_` and `-`. */
const OPTIONS: Readonly<Record<string, Kind>> = {
  tls: 'flag',
  tlsVerifyCert: 'flag',
  tlsCAFile: 'text',
  userCertFile: 'text',
  userKeyFile: 'text',
  connectionName: 'text',
  nodePreference: 'text',
  throwOnAppendFailure: 'flag',
  defaultDeadline: 'count',
  discoveryInterval: 'count',
  gossipTimeout: 'count',
  keepAliveInterval: 'count',
  keepAliveTimeout: 'count',
  maxDiscoverAttempts: 'count',
}

const flat = (name: string): string => name.toLowerCase().replaceAll(/[_-]/g, '')
const optionOf = new Map(Object.entries(OPTIONS).map(([name, kind]) => [flat(name), { name, kind }]))

/**
 * The same string in the one form that the client reads well. `allowInsecure`: the operator permits traffic to another machine in the clear.
 * @throws InvalidConnectionString naming the part and its rule, and repeating no password.
 */
export function checkConnectionString(url: string, { allowInsecure = false }: { allowInsecure?: boolean } = {}): string {
  const { scheme, rest = '' } = /^(?<scheme>[^:]+):\/\/(?<rest>.*)$/.exec(url.trim())?.groups ?? {}
  if (scheme !== 'esdb' && scheme !== 'esdb+discover') throw new InvalidConnectionString('scheme', 'must be esdb:// or esdb+discover://')
  const { place = '', query } = /^(?<place>[^?]*)(?:\?(?<query>.*))?$/.exec(rest)?.groups ?? {}
  // The client looks for the last part of the credentials in the whole string, and would find it in an option.
  if (query?.includes('@')) throw new InvalidConnectionString('options', 'must not hold @: write %40')
  const { credentials, hosts = '' } = /^(?:(?<credentials>.*)@)?(?<hosts>[^@]*?)\/?$/.exec(place)?.groups ?? {}
  if (credentials !== undefined) checkCredentials(credentials)
  const remote = checkHosts(hosts).find((host) => !isLoopback(host))
  checkOptions(parseOptions(query ?? ''), allowInsecure ? undefined : remote)
  return `${scheme}://${credentials === undefined ? '' : `${credentials}@`}${hosts}${query === undefined ? '' : `?${query}`}`
}

export class InvalidConnectionString extends Error {
  override readonly name = 'InvalidConnectionString'
  readonly part: string
  constructor(part: string, rule: string) {
    super(`EventStoreDB connection string: ${part} ${rule}`)
    this.part = part
  }
}

/** The client would cut a password at its first colon. */
function checkCredentials(credentials: string): void {
  if (!/^[^:@/?]+:[^:@/?]+$/.test(credentials) || !isDecodable(credentials)) {
    throw new InvalidConnectionString(
      'credentials',
      'must be user:password, where : @ / ? and % of either are written as %3A %40 %2F %3F %25',
    )
  }
}

function checkHosts(hosts: string): readonly string[] {
  const all = hosts.split(',')
  if (all.some((host) => host.startsWith('[')))
    throw new InvalidConnectionString('host', 'must be a name: the client reads no IPv6 address')
  if (!all.every((host) => /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?::\d{1,5})?$/.test(host))) {
    throw new InvalidConnectionString('host', 'must be name:port, several with commas between, and ?options behind')
  }
  return all
}

function checkOptions(options: ReadonlyMap<string, string>, remote: string | undefined): void {
  if (options.get('tls') === 'false' && remote !== undefined) {
    throw new InvalidConnectionString('tls', `must not be false for ${remote}: only a loopback address may go without verified TLS`)
  }
  if (options.get('tlsVerifyCert') === 'false') {
    throw new InvalidConnectionString('tlsVerifyCert', 'must not be false: the client always verifies; name the authority with tlsCAFile')
  }
  // Otherwise a refused append would come back as a result that looks like a success.
  if (options.get('throwOnAppendFailure') === 'false') throw new InvalidConnectionString('throwOnAppendFailure', 'must not be false')
  // A follower may lag behind what this process has just written.
  const preference = options.get('nodePreference')
  if (preference !== undefined && preference !== 'leader') throw new InvalidConnectionString('nodePreference', 'must be leader')
}

function parseOptions(query: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>()
  for (const pair of query.split('&').filter((part) => part !== '')) {
    const [, key = pair, value = ''] = /^([^=]*)=(.*)$/.exec(pair) ?? []
    const option = optionOf.get(flat(key.trim()))
    if (option === undefined) throw new InvalidConnectionString(`option ${JSON.stringify(key)}`, 'is unknown')
    const { name, kind } = option
    const rule = ruleOf(name, kind, value)
    if (rule !== undefined) throw new InvalidConnectionString(name, rule)
    // The client lets the last one win; two that differ are a mistake.
    if (options.has(name)) throw new InvalidConnectionString(name, 'must be given once')
    options.set(name, value)
  }
  return options
}

/** The rule that a value breaks. */
function ruleOf(name: string, kind: Kind, value: string): string | undefined {
  if (value === '') return 'must have a value'
  if (kind === 'flag') return value === 'true' || value === 'false' ? undefined : 'must be true or false'
  if (kind === 'text') return /[?=\s]/.test(value) || !isDecodable(value) ? 'must be percent-encoded' : undefined
  const mayBeOff = name === 'keepAliveInterval' || name === 'keepAliveTimeout'
  return /^[1-9]\d{0,8}$/.test(value) || (mayBeOff && value === '-1') ? undefined : 'must be a whole number above 0'
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3})(?::\d+)?$/i.test(host)
