/** One entry of a client's configuration as a transport of ours: variables expanded, secrets taken out, and whatever cannot be carried over said. */
import { redactSecrets } from '../analysis/redact.ts'
import type { Given, HttpTransport, ServerTransport, StdioTransport } from '../server/config.ts'
import type { EntryReader } from './entry-reader.ts'
import type { Remark } from './found.ts'
import { looksSecret } from './looks-secret.ts'
import { readUrl } from './read-url.ts'
import { type Held, takeFromRecord, takeFromStdio } from './take-secrets.ts'
import { expandVariables } from './variables.ts'

export type ReadTransport = Readonly<{ transport: ServerTransport | undefined; changes: readonly Remark[]; problems: readonly Remark[] }>

export function readTransport(reader: EntryReader, held: Held, { folder }: Readonly<{ folder: string }>): ReadTransport {
  const changes: Remark[] = []
  const problems: Remark[] = []
  const expand = (field: string, raw: string): Given => {
    const expanded = expandVariables(raw, { folder })
    if (expanded.kind === 'unknown') {
      problems.push({ field, rule: expanded.rule, says: expanded.says })
      return raw
    }
    if (expanded.kind === 'reference') {
      const says = `is read from the environment of Steward as ${expanded.secret}, which has to be on the list of allowed variables`
      changes.push({ field, rule: 'reference', says })
      return { secret: expanded.secret }
    }
    if (expanded.expanded) changes.push({ field, rule: 'variable', says: `\${workspaceFolder} was replaced by ${folder}` })
    return expanded.text
  }
  const all = (place: string, texts: Readonly<Record<string, string>>): Readonly<Record<string, Given>> =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, expand(`${place}.${name}`, text)]))

  const type = reader.text('type') ?? reader.text('transport')
  const command = reader.text('command')
  const urls = ['url', 'serverUrl', 'httpUrl'].map((member) => reader.text(member)).filter((url) => url !== undefined)
  const kind = kindOf(type, { command, urls })
  if (kind.kind === 'refused') return { transport: undefined, changes, problems: [kind.remark] }
  if (kind.kind === 'http') {
    const written = expand('transport.url', kind.url)
    const read = typeof written === 'string' ? readUrl(written, held) : noReference
    const headers = withAuthorization(all('transport.headers', reader.textByName('headers')), read.authorization, changes)
    const transport: HttpTransport | undefined = read.parts && {
      kind: 'http',
      ...read.parts,
      headers: takeFromRecord('transport.headers', headers, held),
    }
    return { transport, changes: [...changes, ...read.changes], problems: [...problems, ...read.problems] }
  }
  const { command: program } = kind
  // A whole command line, and so perhaps a key: it may not even be shown.
  if (/\s-/.test(program) || (/\s/.test(program) && (looksSecret(program) || !/^(?:\/|[A-Za-z]:\\)/.test(program)))) {
    const says = 'must be the program alone; what follows it belongs into args'
    return { transport: undefined, changes, problems: [...problems, { field: 'command', rule: 'command-line', says }] }
  }
  const directory = reader.text('cwd') ?? reader.text('workingDirectory')
  const commandGiven = expand('transport.command', program)
  const directoryGiven = directory === undefined ? undefined : expand('transport.workingDirectory', directory)
  if (typeof commandGiven !== 'string' || (directoryGiven !== undefined && typeof directoryGiven !== 'string')) {
    const says = 'a program and its directory must be named, not read from a variable'
    return { transport: undefined, changes, problems: [...problems, { field: 'command', rule: 'variable', says }] }
  }
  const open = [commandGiven, directoryGiven ?? ''].find((text) => redactSecrets(text) !== text)
  if (open !== undefined) {
    const says = 'the program or its directory holds what looks like a secret, and neither can be a reference'
    return { transport: undefined, changes, problems: [...problems, { field: 'command', rule: 'secret-in-path', says }] }
  }
  const plain: StdioTransport = {
    kind: 'stdio',
    command: commandGiven,
    args: reader.texts('args').map((arg, index) => expand(`transport.args.${index}`, arg)),
    env: all('transport.env', reader.textByName('env')),
    ...(directoryGiven === undefined ? {} : { workingDirectory: directoryGiven }),
  }
  return { transport: takeFromStdio(plain, held), changes, problems }
}

const noReference = {
  parts: undefined,
  authorization: undefined,
  changes: [],
  problems: [{ field: 'transport.url', rule: 'variable', says: 'an address must be named, not read from a variable' }],
}

type Kind =
  | Readonly<{ kind: 'stdio'; command: string }>
  | Readonly<{ kind: 'http'; url: string }>
  | Readonly<{ kind: 'refused'; remark: Remark }>

const STDIO: ReadonlySet<string> = new Set(['stdio', 'local'])
const HTTP: ReadonlySet<string> = new Set(['http', 'https', 'streamable-http', 'streamablehttp', 'streamable_http', 'remote'])

function kindOf(type: string | undefined, { command, urls }: Readonly<{ command: string | undefined; urls: readonly string[] }>): Kind {
  const refused = (field: string, rule: string, says: string): Kind => ({ kind: 'refused', remark: { field, rule, says } })
  const word = type?.toLowerCase()
  if (word === 'sse') {
    const says = 'the transport HTTP+SSE was replaced by Streamable HTTP; name the Streamable HTTP address of the server, with type http'
    return refused('type', 'transport-sse', says)
  }
  if (word === 'ws' || word === 'wss' || word === 'websocket') {
    return refused('type', 'transport-websocket', 'WebSocket is no standard transport of MCP; use the https address of the same server')
  }
  if (word !== undefined && !STDIO.has(word) && !HTTP.has(word)) {
    return refused('type', 'transport-unknown', 'must be stdio or http')
  }
  const [url, another] = urls
  if (another !== undefined) return refused('url', 'several-addresses', 'names more than one address')
  if (command !== undefined && url !== undefined && word === undefined) {
    return refused('command', 'transport-ambiguous', 'has both a command and an address; say with type which one is meant')
  }
  if (word !== undefined ? STDIO.has(word) : command !== undefined) {
    return command === undefined || command === '' ? refused('command', 'missing', 'must name a program') : { kind: 'stdio', command }
  }
  if (url !== undefined && url !== '') return { kind: 'http', url }
  return word === undefined
    ? refused('command', 'missing', 'has neither a command nor an address')
    : refused('url', 'missing', 'must name an address')
}

/** A user and a password in an address are sent as a header; one that is written out counts more. */
function withAuthorization(
  headers: Readonly<Record<string, Given>>,
  authorization: string | undefined,
  changes: Remark[],
): Readonly<Record<string, Given>> {
  if (authorization === undefined) return headers
  const isThere = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')
  const says = isThere
    ? 'the user in the address was not taken, because the header Authorization is given as well'
    : 'the user in the address became the header Authorization'
  changes.push({ field: 'transport.headers.Authorization', rule: 'userinfo', says })
  return isThere ? headers : { ...headers, Authorization: authorization }
}
