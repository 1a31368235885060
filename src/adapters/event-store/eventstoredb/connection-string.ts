/**
 * Reads an EventStoreDB connection string as strictly as it is dangerous: traffic to another machine is encrypted and verified, options that
 * would break a guarantee are refused, and a misspelt option is an error instead of a default. No message repeats the password.
 */

/** Options of the client that are safe to set, by the name in which the client compares them: lower case, without `_` and `-`. */
const ALLOWED_OPTIONS = new Set([
  'usercertfile',
  'userkeyfile',
  'maxdiscoverattempts',
  'connectionname',
  'defaultdeadline',
  'discoveryinterval',
  'gossiptimeout',
  'nodepreference',
  'tls',
  'tlsverifycert',
  'tlscafile',
  'throwonappendfailure',
  'keepaliveinterval',
  'keepalivetimeout',
])

/** @throws InvalidConnectionString naming the part and its rule. */
export function checkConnectionString(url: string): string {
  const { scheme, rest = '' } = /^(?<scheme>[^:]+):\/\/(?<rest>.*)$/.exec(url.trim())?.groups ?? {}
  if (scheme !== 'esdb' && scheme !== 'esdb+discover') throw new InvalidConnectionString('scheme', 'must be esdb:// or esdb+discover://')
  const { hosts, query } = /^(?:[^@/?]*@)?(?<hosts>[^/?]*)\/?(?:\?(?<query>.*))?$/.exec(rest)?.groups ?? {}
  if (!hosts) throw new InvalidConnectionString('host', 'must be name:port, several with commas between, and ?options behind')
  const options = parseOptions(query ?? '')
  const remote = hosts.split(',').find((host) => !isLoopback(host))
  for (const name of ['tls', 'tlsverifycert']) {
    if (options.get(name) === 'false' && remote !== undefined) {
      throw new InvalidConnectionString(name, `must not be false for ${remote}: only a loopback address may go without verified TLS`)
    }
  }
  // Otherwise a refused append would come back as a result that looks like a success.
  if (options.get('throwonappendfailure') === 'false') throw new InvalidConnectionString('throwOnAppendFailure', 'must not be false')
  // A follower may lag behind what this process has just written.
  const preference = options.get('nodepreference')
  if (preference !== undefined && preference !== 'leader') throw new InvalidConnectionString('nodePreference', 'must be leader')
  return url.trim()
}

export class InvalidConnectionString extends Error {
  override readonly name = 'InvalidConnectionString'
  readonly part: string
  constructor(part: string, rule: string) {
    super(`EventStoreDB connection string: ${part} ${rule}`)
    this.part = part
  }
}

function parseOptions(query: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>()
  for (const pair of query.split('&').filter((part) => part !== '')) {
    const [key = '', value = ''] = pair.split('=', 2).map((part) => part.trim())
    const name = key.toLowerCase().replaceAll(/[_-]/g, '')
    if (!ALLOWED_OPTIONS.has(name)) throw new InvalidConnectionString(`option ${JSON.stringify(key)}`, 'is unknown')
    if (value === '') throw new InvalidConnectionString(key, 'must have a value')
    // The client lets the last one win; two that differ are a mistake.
    if (options.has(name)) throw new InvalidConnectionString(key, 'must be given once')
    options.set(name, value.toLowerCase())
  }
  return options
}

const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(host)
