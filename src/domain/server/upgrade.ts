/** Another version of the package that a server is started from, and what would be other about its tools. Nothing is decided here but what to show. */
import type { Given, ServerConfig, StdioTransport } from './config.ts'
import type { HashedTool } from './tool.ts'

export type NpmPackage = Readonly<{ name: string; version: string | undefined }>

const SPEC = /^((?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*)(?:@([0-9A-Za-z.+^~*_-]*))?$/
const EXACT = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/

/** Undefined: the server is started from something else. */
export function packageOf({ transport }: Pick<ServerConfig, 'transport'>): NpmPackage | undefined {
  const found = transport.kind === 'stdio' ? findPackage(transport) : undefined
  return found && { name: found.name, version: found.version }
}

export type Upgraded =
  | Readonly<{ kind: 'config'; config: ServerConfig }>
  | Readonly<{ kind: 'refused'; rule: 'not-a-package' | 'not-an-exact-version'; says: string }>

/** The same configuration with exactly this version; the same configuration, when it has it already. */
export function withPackageVersion(config: ServerConfig, version: string): Upgraded {
  if (!EXACT.test(version)) return { kind: 'refused', rule: 'not-an-exact-version', says: 'must be an exact version such as 1.2.3' }
  const { transport } = config
  const found = transport.kind === 'stdio' ? findPackage(transport) : undefined
  if (transport.kind !== 'stdio' || !found) {
    return { kind: 'refused', rule: 'not-a-package', says: 'only a server that npx starts from a package has versions to choose from' }
  }
  const args = transport.args.with(found.at, `${found.name}@${version}`)
  return { kind: 'config', config: { ...config, transport: { ...transport, args } } }
}

function findPackage({ command, args }: StdioTransport): (NpmPackage & Readonly<{ at: number }>) | undefined {
  if (command.slice(command.lastIndexOf('/') + 1) !== 'npx') return undefined
  const at = args.findIndex((arg) => typeof arg !== 'string' || !isYes(arg))
  const spec: Given | undefined = args[at]
  const [, name, version] = (typeof spec === 'string' && SPEC.exec(spec)) || []
  return name === undefined ? undefined : { name, version: version === '' ? undefined : version, at }
}

const isYes = (arg: string): boolean => arg === '-y' || arg === '--yes'

export type CatalogueDiff = Readonly<{
  added: readonly HashedTool[]
  removed: readonly HashedTool[]
  changed: readonly Readonly<{ name: string; from: HashedTool; to: HashedTool }>[]
  unchanged: number
}>

/** By name; a tool that two definitions share is the last of them, as for a client that lists them. */
export function diffCatalogues(from: readonly HashedTool[], to: readonly HashedTool[]): CatalogueDiff {
  const before = byName(from)
  const after = byName(to)
  const both = [...after].flatMap(([name, tool]) => {
    const was = before.get(name)
    return was === undefined ? [] : [{ name, from: was, to: tool }]
  })
  const changed = both.filter((pair) => pair.from.hash !== pair.to.hash)
  return {
    added: [...after.values()].filter(({ definition }) => !before.has(definition.name)),
    removed: [...before.values()].filter(({ definition }) => !after.has(definition.name)),
    changed,
    unchanged: both.length - changed.length,
  }
}

const byName = (tools: readonly HashedTool[]): ReadonlyMap<string, HashedTool> => new Map(tools.map((tool) => [tool.definition.name, tool]))
