/** An installed npm package that says it is an MCP server, as the server that `npx` would start from it. Nothing of it is run to find out. */
import type { Secret } from '../ports/secrets.ts'
import { isObject } from './entry-reader.ts'
import type { FileFindings } from './found.ts'
import { parseJsonc } from './jsonc.ts'
import { checkedConfig, nameFor } from './read-client-file.ts'

/** `folder`: the one that holds `node_modules`, from which npx finds the package that is there. */
export type PackageFile = Readonly<{ path: string; folder: string; text: Secret }>

export function readNpmPackage({ path, folder, text }: PackageFile, taken: Set<string>): FileFindings {
  const nothing: FileFindings = { servers: [], problems: [], notes: [] }
  const parsed = parseJsonc(text.reveal())
  if (parsed.kind === 'broken') {
    const { line, column, rule, says } = parsed.problem
    return { ...nothing, problems: [{ field: `line ${line}, column ${column}`, rule, says }] }
  }
  const { value } = parsed
  if (!isObject(value)) return nothing
  const { name, version, bin, keywords, description } = value
  if (typeof name !== 'string' || !saysMcp(name, keywords)) return nothing
  const programs = typeof bin === 'string' ? [name] : isObject(bin) ? Object.keys(bin) : []
  // A library for building servers says MCP as well, and has nothing to start.
  if (programs.length === 0) return nothing
  const serverName = nameFor(name, taken)
  const source = { path, format: 'npm-package', entry: name } as const
  const base = { name: serverName, source, secrets: [] }
  const renamed = { field: 'name', rule: 'renamed', says: `the name became ${serverName}` }
  if (typeof version !== 'string' || !/^\d+\.\d+\.\d+/.test(version)) {
    const problem = { field: 'version', rule: 'version', says: 'must be an exact version' }
    return { ...nothing, servers: [{ ...base, config: undefined, changes: [renamed], problems: [problem] }] }
  }
  const own = name.slice(name.lastIndexOf('/') + 1)
  const several = programs.length > 1 && !programs.includes(own)
  const says = `the package has ${programs.length} programs, and none is called ${own}; register it by hand with the one that is meant`
  const { config, notes, problems } = checkedConfig(name, typeof description === 'string' ? description : undefined, {
    kind: 'stdio',
    command: 'npx',
    args: ['-y', `${name}@${version}`],
    env: {},
    workingDirectory: folder,
  })
  const changes = [
    renamed,
    { field: 'transport', rule: 'npx', says: `is started by npx from ${folder}, in exactly this version` },
    ...notes,
  ]
  const ambiguous = several ? [{ field: 'bin', rule: 'several-programs', says }] : []
  return { ...nothing, servers: [{ ...base, config, changes, problems: [...problems, ...ambiguous] }] }
}

const saysMcp = (name: string, keywords: unknown): boolean =>
  /(?:^|[-_/@.])(?:mcp|modelcontextprotocol)(?:$|[-_/.])/i.test(name) ||
  (Array.isArray(keywords) &&
    keywords.some((keyword) => typeof keyword === 'string' && /^(?:mcp|mcp-server|model-?context-?protocol)$/i.test(keyword)))
