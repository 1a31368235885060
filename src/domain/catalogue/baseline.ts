/**
 * What is recorded of a target while all is well: modes and owners of what it serves and writes, hashes of its configuration. Only this may ever
 * be given back without a person. Pure: says which paths to read, and turns what was read into entries.
 */
import { z } from 'zod'
import type { BaselineEntry } from '../target/events.ts'
import type { FileState, FileStates } from './common/file-state.ts'
import type { Watched } from './common/read-file-states.ts'
import { absolutePath, DEFAULT_NGINX_BINARY, type TargetInventory } from './inventory.ts'
import type { Output, Program } from './program.ts'
import { parseInfo, readInfo } from './redis/info.ts'

/** Paths of a target: `contents` are kept on the host as last known good, `watched` only with mode and owner. */
export type BaselinePaths = Readonly<{ contents: readonly string[]; watched: readonly Watched[] }>

/** A question to the service itself, for paths that the registration left out. Unanswered, the baseline covers less; it is never guessed. */
export type BaselineDiscovery = Readonly<{ name: string; run: Program; read: (output: Output) => BaselinePaths }>

const nothing: BaselinePaths = { contents: [], watched: [] }

/** What the registration names. */
export function baselinePaths({ configPaths, connection }: TargetInventory): BaselinePaths {
  const own = connection !== undefined && connection.kind !== 'nginx' && connection.configPath !== undefined ? [connection.configPath] : []
  const roots = connection?.kind === 'nginx' ? (connection.roots ?? []) : []
  return { contents: [...new Set([...configPaths, ...own])], watched: roots.map((path) => ({ path, scope: 'tree' })) }
}

/** What to ask the service for the rest. */
export function baselineDiscoveries({ service, configPaths, connection }: TargetInventory): readonly BaselineDiscovery[] {
  const configPath = configPaths[0]
  if (service === 'nginx' && configPath !== undefined && (connection?.kind !== 'nginx' || connection.roots === undefined)) {
    const binary = (connection?.kind === 'nginx' ? connection.binary : undefined) ?? DEFAULT_NGINX_BINARY
    return [
      {
        name: 'served directories',
        run: { kind: 'script', script: 'nginx/print-config.sh', args: [binary, configPath] },
        read: servedRoots,
      },
    ]
  }
  if (service === 'redis' && connection?.kind === 'redis') {
    return [
      { name: 'directory of the snapshots', run: { kind: 'redis', command: ['CONFIG', 'GET', 'dir'] }, read: snapshotDirectory },
      { name: 'configuration file', run: readInfo, read: redisConfigFile },
    ]
  }
  if (service === 'postgresql' && connection?.kind === 'postgresql') {
    const text = `select name, setting from pg_settings where name in ('config_file', 'hba_file') and setting <> ''`
    return [{ name: 'configuration files', run: { kind: 'sql', text, values: [] }, read: postgresqlConfigFiles }]
  }
  return []
}

export const mergePaths = (all: readonly BaselinePaths[]): BaselinePaths => ({
  contents: [...new Set(all.flatMap(({ contents }) => contents))],
  watched: [...new Map(all.flatMap(({ watched }) => watched).map((item) => [item.path, item])).values()],
})

/** Everything to hand to `readFileStates`. */
export const pathsToRead = ({ contents, watched }: BaselinePaths): readonly Watched[] => [
  ...contents.map((path) => ({ path, scope: 'one' }) as const),
  ...watched,
]

/**
 * The most that one baseline may weigh as JSON. It is recorded twice in one append - as the answer of an effect and as a command - and an append
 * holds a million bytes. What is beyond is not covered: configuration comes first, then each tree from its root down.
 */
export const BASELINE_LIMIT_BYTES = 300_000

/** Entries for the event: `kept` says which contents lie on the host. A content that changed between the two looks is left out. */
export function baselineEntries(states: FileStates, kept: ReadonlyMap<string, string>): readonly BaselineEntry[] {
  const entries = entriesOf(states, kept)
  let bytes = 0
  const end = entries.findIndex((entry) => {
    bytes += encoder.encode(JSON.stringify(entry)).length + 1
    return bytes > BASELINE_LIMIT_BYTES
  })
  return end === -1 ? entries : entries.slice(0, end)
}

const encoder = new TextEncoder()

const entriesOf = ({ files }: FileStates, kept: ReadonlyMap<string, string>): readonly BaselineEntry[] =>
  files.flatMap((state) => {
    const kind = entryKinds[state.kind]
    if (kind === undefined) return []
    const sha256 = kept.get(state.path)
    return [
      {
        path: state.path,
        kind,
        mode: state.mode.padStart(4, '0'),
        uid: state.uid,
        gid: state.gid,
        ...(kind === 'symlink' ? { linkTarget: state.link } : {}),
        ...(sha256 !== undefined && sha256 === state.sha256 ? { sha256 } : {}),
      },
    ]
  })

const entryKinds: Readonly<Partial<Record<FileState['kind'], BaselineEntry['kind']>>> = {
  file: 'file',
  directory: 'directory',
  link: 'symlink',
}

const isPath = (text: unknown): text is string => absolutePath.safeParse(text).success

/** A plain directory, not the whole machine. */
const isServable = (path: string): boolean => isPath(path) && path.split('/').length > 2

function servedRoots(output: Output): BaselinePaths {
  if (output.kind !== 'text' || output.exitCode !== 0) return nothing
  const text = output.stdout.replaceAll(/^\s*#.*$/gm, '')
  const found = [...text.matchAll(/[\s;{](?:root|alias)\s+(?:"([^"$]+)"|([^\s;"$]+))\s*;/g)].map((match) => match[1] ?? match[2] ?? '')
  const roots = [...new Set(found.map((root) => root.replace(/(.)\/+$/, '$1')))].filter(isServable).slice(0, 32)
  return { contents: [], watched: roots.map((path) => ({ path, scope: 'tree' })) }
}

function snapshotDirectory(output: Output): BaselinePaths {
  const value = output.kind === 'value' ? output.value : null
  const dir = Array.isArray(value) ? value[1] : value !== null && typeof value === 'object' ? Object.values(value)[0] : undefined
  return isPath(dir) ? { contents: [], watched: [{ path: dir, scope: 'one' }] } : nothing
}

function redisConfigFile(output: Output): BaselinePaths {
  const file = parseInfo(output)?.get('config_file')
  return isPath(file) ? { contents: [file], watched: [] } : nothing
}

const settingRow = z.object({ setting: absolutePath })

function postgresqlConfigFiles(output: Output): BaselinePaths {
  if (output.kind !== 'rows') return nothing
  return { contents: output.rows.flatMap((row) => settingRow.safeParse(row).data?.setting ?? []), watched: [] }
}
