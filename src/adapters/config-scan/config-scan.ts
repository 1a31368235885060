/**
 * Finds configurations of MCP clients below the configured directories and in the well-known places of home directories. Bounded in depth, number and
 * size, so that a hostile tree costs a bounded time; links to directories are not followed, so no tree has a loop.
 */
import type { Dirent } from 'node:fs'
import { opendir, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { clientFormatOf, placesInHome } from '../../domain/discovery/client-format.ts'
import type { ClientFormat } from '../../domain/discovery/found.ts'
import type { ConfigScan, ScannedFile, ScanRule } from '../../domain/ports/config-scan.ts'
import { Secret } from '../../domain/ports/secrets.ts'
import { isBelow, problemOf, readSafely } from './read-safely.ts'

export type ConfigScanOptions = Readonly<{
  /** Absolute. Looked through to their depth. */
  directories: readonly string[]
  /** Absolute. Only the places where clients keep their configuration are looked at. Default: none. */
  homes?: readonly string[]
  maxFileBytes?: number
  maxDepth?: number
  /** Names of files and directories that are looked at in one scan. */
  maxEntries?: number
  /** Files that are read in one scan. */
  maxFiles?: number
}>

type Wanted = Readonly<{ path: string; format: ClientFormat; folder: string }>

/** Full of other people's files, and never the place of a configuration. */
const SKIPPED: ReadonlySet<string> = new Set(['.git', '.hg', '.svn', '.cache', '.npm', '.venv', '__pycache__'])
/** No files, but what the kernel tells. */
const NO_FILES: ReadonlySet<string> = new Set(['/proc', '/sys', '/dev'])

export function createConfigScan(options: ConfigScanOptions): ConfigScan {
  const { directories, homes = [], maxFileBytes = 1_048_576, maxDepth = 8, maxEntries = 100_000, maxFiles = 2_000 } = options
  return {
    async scan({ signal } = {}) {
      const problems: ScannedFile[] = []
      const tell = (path: string, { rule, says }: Readonly<{ rule: ScanRule; says: string }>): void =>
        void problems.push({ kind: 'problem', path, rule, says })
      const roots = await realRoots(directories, tell)
      const wanted = new Map<string, Wanted>()
      const budget = { entries: maxEntries, files: maxFiles }
      for (const home of await realRoots(homes, tell)) {
        for (const path of await wellKnown(home)) wanted.set(path, { path, format: clientFormatOf(path) ?? 'mcp', folder: dirname(path) })
      }
      for (const root of roots) {
        const over = await walk(root, { roots, maxDepth, budget, signal, tell, want: (file) => void wanted.set(file.path, file) })
        if (over)
          tell(root, {
            rule: 'too-many-files',
            says: `holds more than ${over === 'entries' ? maxEntries : maxFiles} ${over}; the rest was not looked at`,
          })
      }
      const within = [...roots, ...(await realRoots(homes, () => undefined))]
      const found = new Map<string, ScannedFile>()
      for (const { path, format, folder } of wanted.values()) {
        signal?.throwIfAborted()
        const read = await readSafely(path, { within, maxBytes: maxFileBytes })
        if (read.kind === 'problem') tell(path, read)
        // One file under two names is one file, under its own name if that is among them.
        else if (!found.has(read.realPath) || path === read.realPath) {
          found.set(read.realPath, { kind: 'text', path, format, folder, text: new Secret(read.text) })
        }
      }
      return [...found.values(), ...problems].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    },
  }
}

type Tell = (path: string, problem: Readonly<{ rule: ScanRule; says: string }>) => void

async function realRoots(directories: readonly string[], tell: Tell): Promise<readonly string[]> {
  const roots = new Set<string>()
  for (const directory of directories) {
    try {
      const real = await realpath(directory)
      if ((await stat(real)).isDirectory()) roots.add(real)
      else tell(directory, { rule: 'missing', says: 'is no directory' })
    } catch (error) {
      tell(directory, problemOf(error))
    }
  }
  // A directory within another one is looked through with it.
  return [...roots].filter((root) => ![...roots].some((other) => other !== root && isBelow(root, [other])))
}

/** Most places are not there, and that is no problem; a link that leads nowhere is one. */
async function wellKnown(home: string): Promise<readonly string[]> {
  const paths = placesInHome.map((place) => join(home, place))
  const there = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        () => true,
        (error: unknown) => problemOf(error).rule !== 'missing',
      ),
    ),
  )
  return paths.filter((_, index) => there[index])
}

type Walk = Readonly<{
  roots: readonly string[]
  maxDepth: number
  /** Shared by all directories of a scan. */
  budget: { entries: number; files: number }
  signal: AbortSignal | undefined
  tell: Tell
  want: (file: Wanted) => void
}>

/** Breadth first, so that what lies near the top is found although a bound is reached. Answers with the bound, if one was. */
async function walk(root: string, walking: Walk): Promise<'entries' | 'files' | undefined> {
  const { maxDepth, budget, signal, tell, want } = walking
  const queue: Readonly<{ path: string; depth: number }>[] = [{ path: root, depth: 0 }]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { path: directory, depth } = next
    try {
      for await (const entry of await opendir(directory)) {
        signal?.throwIfAborted()
        if (budget.entries-- <= 0) return 'entries'
        const path = join(directory, entry.name)
        const format = clientFormatOf(path)
        if (format !== undefined && !entry.isDirectory()) {
          if (budget.files-- <= 0) return 'files'
          want({ path, format, folder: directory })
        } else if (entry.isSymbolicLink()) await tellLoop(path, walking)
        else if (!entry.isDirectory() || SKIPPED.has(entry.name) || NO_FILES.has(path)) continue
        else if (entry.name === 'node_modules') {
          const over = await packagesIn(path, walking)
          if (over) return over
        } else if (depth >= maxDepth)
          tell(path, { rule: 'too-deep', says: `lies more than ${maxDepth} directories deep and was not looked into` })
        else queue.push({ path, depth: depth + 1 })
      }
    } catch (error) {
      signal?.throwIfAborted()
      tell(directory, problemOf(error))
    }
  }
  return undefined
}

/** A link is not followed. One that leads to itself, or to a directory that it lies in, is told: somebody expects to find something behind it. */
async function tellLoop(path: string, { roots, tell }: Walk): Promise<void> {
  try {
    const real = await realpath(path)
    if (isBelow(path, [real]) && isBelow(real, roots))
      tell(path, { rule: 'symlink-loop', says: 'is a link to a directory that it lies in' })
  } catch (error) {
    const problem = problemOf(error)
    if (problem.rule === 'symlink-loop') tell(path, problem)
  }
}

/** The packages themselves, one level deep (two with a scope): what they depend on is not theirs to offer. */
async function packagesIn(nodeModules: string, walking: Walk): Promise<'entries' | 'files' | undefined> {
  const { budget, signal, want, tell } = walking
  const folder = dirname(nodeModules)
  const look = async (directory: string, scope: boolean): Promise<'entries' | 'files' | undefined> => {
    for await (const entry of await opendir(directory)) {
      signal?.throwIfAborted()
      if (budget.entries-- <= 0) return 'entries'
      const path = join(directory, entry.name)
      if (!isPackageDirectory(entry)) continue
      if (entry.name.startsWith('@') && !scope) {
        const over = await look(path, true)
        if (over) return over
      } else if (await isThere(join(path, 'package.json'))) {
        if (budget.files-- <= 0) return 'files'
        want({ path: join(path, 'package.json'), format: 'npm-package', folder })
      }
    }
    return undefined
  }
  try {
    return await look(nodeModules, false)
  } catch (error) {
    signal?.throwIfAborted()
    tell(nodeModules, problemOf(error))
    return undefined
  }
}

/** `.bin` and `.cache` are none; a linked package is one, if it lies within the directories: that is judged when it is read. */
const isPackageDirectory = (entry: Dirent): boolean => !entry.name.startsWith('.') && (entry.isDirectory() || entry.isSymbolicLink())

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: unknown) => problemOf(error).rule !== 'missing',
  )
