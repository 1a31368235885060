/**
 * Servers that come with Steward, for whoever wants them. They are system-managed: they can be changed and disabled like any other, and never retired.
 * Versions are exact, so the same Steward brings the same servers.
 */
import { type ServerConfig, type StdioTransport, serverDefaults, type UsualServer } from './config.ts'

export const builtInNames = ['calculator', 'everything', 'filesystem'] as const
export type BuiltInName = (typeof builtInNames)[number]

export type BuiltInPlaces = Readonly<{
  /** The program of the calculator, which is part of Steward: where it lies changes with an installation. */
  calculator: Pick<StdioTransport, 'command' | 'args'>
  /** The one directory that `filesystem` may read and write. */
  filesDir: string
}>

/** Of packages that npx runs. */
export const BUILT_IN_PACKAGES = {
  everything: '@modelcontextprotocol/server-everything@2026.8.31',
  filesystem: '@modelcontextprotocol/server-filesystem@2026.8.31',
} as const

/** The first start downloads the package. */
const DOWNLOAD_MS = 300_000

/** What it does is Steward's own code, so that its transport follows Steward from one installation to the next, and needs nobody's approval. */
export const isOwnProgram = (name: BuiltInName): boolean => name === 'calculator'

export function builtInConfig(name: BuiltInName, { calculator, filesDir }: BuiltInPlaces, usual: UsualServer): ServerConfig {
  const common = { ...serverDefaults, ...usual }
  switch (name) {
    case 'calculator':
      return {
        ...common,
        displayName: 'Calculator',
        description: 'Arithmetic, exactly read. Comes with Steward.',
        transport: { kind: 'stdio', ...calculator, env: {} },
      }
    case 'everything':
      return {
        ...common,
        displayName: 'Everything',
        description: 'Shows what the protocol can do. For trying out.',
        startTimeoutMs: Math.max(usual.startTimeoutMs, DOWNLOAD_MS),
        transport: npx(BUILT_IN_PACKAGES.everything),
      }
    case 'filesystem':
      return {
        ...common,
        displayName: 'Files',
        description: 'Reads and writes files in one directory.',
        startTimeoutMs: Math.max(usual.startTimeoutMs, DOWNLOAD_MS),
        transport: npx(BUILT_IN_PACKAGES.filesystem, filesDir),
      }
  }
}

const npx = (packageName: string, ...args: readonly string[]): StdioTransport => ({
  kind: 'stdio',
  command: 'npx',
  args: ['-y', packageName, ...args],
  env: {},
})
