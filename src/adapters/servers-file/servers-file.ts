/** The servers file as YAML or JSON on disk: bounded, and every problem with its line. */
import { watch } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { DocumentProblem } from '../../domain/configuration/document-reader.ts'
import { readServers } from '../../domain/configuration/read-servers.ts'
import type { ReadServersFile, ServersFile } from '../../domain/ports/servers-file.ts'
import { readSafely } from '../config-scan/read-safely.ts'

export type ServersFileOptions = Readonly<{
  /** Absolute. */
  path: string
  maxBytes?: number
  /** Editors write a file in several steps; what happens within this time is one change. */
  settleMs?: number
}>

export function createServersFile({ path, maxBytes = 4_194_304, settleMs = 200 }: ServersFileOptions): ServersFile {
  return {
    async read() {
      const read = await readSafely(path, { within: ['/'], maxBytes })
      return read.kind === 'problem' ? broken([{ path: basename(path), rule: read.rule, says: read.says }]) : readText(read.text)
    },
    async *changes(signal) {
      // The directory: an editor that puts a new file in place of the old one would be lost by a watch on the file.
      for (let began = watch(dirname(path), { signal }); ; began = watch(dirname(path), { signal })) {
        try {
          for await (const { filename } of began) {
            // A mounted volume puts a new directory in place, whose name begins with two points, and touches no file that is named.
            if (filename !== null && filename !== basename(path) && !filename.startsWith('..')) continue
            await sleep(settleMs, undefined, { signal })
            yield
          }
        } catch (error) {
          if (signal.aborted) return
          throw error
        }
      }
    },
  }
}

const broken = (problems: readonly DocumentProblem[]): ReadServersFile => ({ servers: [], problems, retireOthers: false })

/** `{servers: [...], retireOthers: false}`, each server as in an exported bundle; what is missing has its default. */
export function readText(text: string): ReadServersFile {
  const lineCounter = new LineCounter()
  const document = parsed(text, lineCounter)
  if (!document) return broken([{ path: '', rule: 'nested-too-deep', says: 'is nested too deep' }])
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0) {
    // The parser's own message may quote the file.
    return broken(
      faults
        .slice(0, 20)
        .map(({ pos, code }) => ({ path: `line ${lineCounter.linePos(pos[0]).line}`, rule: 'not-yaml', says: `is not YAML (${code})` })),
    )
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 50 })
  } catch {
    return broken([{ path: '', rule: 'not-yaml', says: 'refers to itself, or to one part too often' }])
  }
  if (typeof value !== 'object' || value === null || !('servers' in value)) {
    return broken([{ path: 'servers', rule: 'missing', says: 'must list the servers; an empty list is []' }])
  }
  const unknown = Object.keys(value).filter((member) => member !== 'servers' && member !== 'retireOthers')
  const retireOthers = 'retireOthers' in value ? value.retireOthers : false
  const { servers, problems } = readServers(value.servers, { literals: 'refused' })
  const all = [
    ...unknown.map((path) => ({ path, rule: 'unknown-member', says: 'is not known; known here: servers, retireOthers' })),
    ...(typeof retireOthers === 'boolean' ? [] : [{ path: 'retireOthers', rule: 'type', says: 'must be true or false' }]),
    ...problems,
  ]
  return {
    servers,
    retireOthers: retireOthers === true,
    problems: all.map((problem) => withLine(problem, lineOf(document.contents, problem.path.split('.'), lineCounter))),
  }
}

/** The parser descends once for each level, so what exhausts the stack is nesting. */
function parsed(text: string, lineCounter: LineCounter) {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const withLine = ({ path, rule, says }: DocumentProblem, line: number): DocumentProblem => ({ path, rule, says: `${says} (line ${line})` })

/** Of the member at this path, or of the nearest place above it that there is. */
function lineOf(root: unknown, path: readonly string[], lineCounter: LineCounter): number {
  let node = root
  let offset = 0
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step)
      if (!pair) break
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(step)]
      if (isScalar(item) || isMap(item) || isSeq(item)) offset = item.range?.[0] ?? offset
      node = item
    } else break
  }
  return lineCounter.linePos(offset).line
}
