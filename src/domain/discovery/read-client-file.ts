/**
 * From the text of a client's configuration to the servers in it. The text is a secret until it has passed here: what comes out may be shown, but for
 * the values that are held.
 */
import { redactSecrets } from '../analysis/redact.ts'
import type { JsonObject } from '../ports/json.ts'
import type { Secret } from '../ports/secrets.ts'
import { type ServerConfig, type ServerTransport, serverDefaults } from '../server/config.ts'
import { violationsOfConfig } from '../server/config-rules.ts'
import { judgeExecutable } from '../server/executable.ts'
import { isObject, readEntry } from './entry-reader.ts'
import type { ClientFormat, FileFindings, FoundServer, Remark, Source } from './found.ts'
import { parseJsonc } from './jsonc.ts'
import { readTransport } from './read-transport.ts'
import { proposeName } from './server-names.ts'
import { holdSecrets } from './take-secrets.ts'

export type ClientFile = Readonly<{ path: string; format: ClientFormat; text: Secret }>

/** `taken`: names that are given already; those that are proposed here are added. */
export function readClientFile({ path, format, text }: ClientFile, taken: Set<string>): FileFindings {
  const parsed = parseJsonc(text.reveal())
  if (parsed.kind === 'broken') return { servers: [], problems: [placed(parsed.problem)], notes: [] }
  const problems = parsed.problems.map(placed)
  const { value } = parsed
  if (!isObject(value)) return { servers: [], problems: [...problems, { field: '', rule: 'type', says: 'must be an object' }], notes: [] }
  const member = listedUnder(value, format)
  const listed = member === undefined ? undefined : value[member]
  if (member === undefined) {
    // The application keeps other settings in the same file; without servers it is whole.
    if (format === 'claude-desktop') return { servers: [], problems, notes: notesOf(value, undefined) }
    return { servers: [], problems: [...problems, { field: 'mcpServers', rule: 'missing', says: 'lists no servers' }], notes: [] }
  }
  if (!isObject(listed))
    return { servers: [], problems: [...problems, { field: member, rule: 'type', says: 'must be an object' }], notes: [] }
  const entries = Object.entries(listed)
  if (entries.length > MOST_SERVERS) {
    const says = `lists ${entries.length} servers; at most ${MOST_SERVERS} are read`
    return { servers: [], problems: [...problems, { field: member, rule: 'too-many-servers', says }], notes: [] }
  }
  const servers = entries.map(([entry, body]) => {
    const source = { path, format, entry: entry.toWellFormed() }
    return isObject(body) ? readServer(source, body, taken) : unreadable(source, taken)
  })
  return { servers, problems, notes: notesOf(value, member) }
}

const MOST_SERVERS = 500

const placed = ({ line, column, rule, says }: Readonly<{ line: number; column: number; rule: string; says: string }>): Remark => ({
  field: `line ${line}, column ${column}`,
  rule,
  says,
})

/** VS Code says `servers`, all others `mcpServers`; a file that was copied from one to the other is meant all the same. */
function listedUnder(value: JsonObject, format: ClientFormat): string | undefined {
  const names = format === 'vscode' ? ['servers', 'mcpServers'] : format === 'mcp' ? ['mcpServers', 'servers'] : ['mcpServers']
  return names.find((name) => Object.hasOwn(value, name))
}

const notesOf = (value: JsonObject, listed: string | undefined): readonly Remark[] =>
  Object.keys(value)
    .filter((member) => member !== listed && member !== '$schema')
    .slice(0, 50)
    .map((field) => ({ field, rule: 'not-taken', says: ROOT_MEMBERS[field] ?? 'is no list of servers, so it was not read' }))

const ROOT_MEMBERS: Readonly<Record<string, string>> = {
  inputs: 'what the editor would ask a person for; where a server needs it, that is said there',
}

const unreadable = (source: Source, taken: Set<string>): FoundServer => ({
  ...nothingTaken(source, nameFor(source.entry, taken)),
  problems: [{ field: '', rule: 'type', says: 'must be an object' }],
})

const nothingTaken = (source: Source, name: string): FoundServer => ({
  ...{ name, source, config: undefined, secrets: [], changes: [], problems: [] },
})

export function nameFor(entry: string, taken: Set<string>): string {
  const name = proposeName(entry, taken)
  taken.add(name)
  return name
}

export function readServer(source: Source, body: JsonObject, taken: Set<string>): FoundServer {
  const name = nameFor(source.entry, taken)
  const held = holdSecrets(`imported/${name}`)
  const reader = readEntry(body)
  const read = readTransport(reader, held, { folder: workspaceOf(source) })
  const description = reader.text('description')
  reader.ignore('disabled', 'what is imported is disabled in any case')
  reader.ignore('envFile', 'is not read; put what is needed from it into files of a secret directory')
  reader.ignore('dev', 'concerns the editor alone')
  reader.ignore('sandboxEnabled', 'concerns the editor alone')
  for (const member of ['autoApprove', 'alwaysAllow', 'disabledTools'])
    reader.ignore(member, 'what a tool may do is decided here, not taken over')
  reader.ignore('timeout', 'its unit differs between clients; set callTimeoutMs')
  const renamed = name === source.entry ? [] : [{ field: 'name', rule: 'renamed', says: `the name became ${name}` }]
  const { transport } = read
  const checked = transport && checkedConfig(source.entry, description, transport)
  const problems = [...reader.problems, ...read.problems, ...(checked?.problems ?? [])]
  return {
    ...{ name, source, config: checked?.config, secrets: held.secrets },
    changes: [...renamed, ...read.changes, ...held.changes, ...(checked?.notes ?? []), ...reader.notTaken()],
    problems,
  }
}

/** What a found server would be, and what registering it would refuse. */
export function checkedConfig(
  entry: string,
  description: string | undefined,
  transport: ServerTransport,
): Readonly<{ config: ServerConfig; notes: readonly Remark[]; problems: readonly Remark[] }> {
  const config: ServerConfig = {
    ...serverDefaults,
    displayName: redactSecrets(entry).trim().slice(0, 200) || 'server',
    description: redactSecrets(description ?? '').slice(0, 4_000),
    transport,
  }
  const verdict = transport.kind === 'stdio' ? judgeExecutable(transport) : undefined
  const approval = { field: 'transport.command', rule: 'needs-approval', says: 'has to be approved by a person before it can be started' }
  return {
    config,
    notes: verdict?.kind === 'needs-approval' ? [approval] : [],
    problems: [
      ...violationsOfConfig(config),
      ...(verdict?.kind === 'forbidden' ? [{ field: verdict.field, rule: verdict.rule, says: verdict.says }] : []),
    ],
  }
}

/** The folder that an editor would have open: above `.vscode` or `.cursor`, and otherwise where the file is. */
function workspaceOf({ path }: Source): string {
  const folders = path.split('/').slice(0, -1)
  const last = folders.at(-1)
  return (last === '.vscode' || last === '.cursor' ? folders.slice(0, -1) : folders).join('/') || '/'
}
