/**
 * Error streams of managed servers as files of one directory: `<server>.<run>.log`, with `<run>` in the order of time, so that their names say which
 * life came last. The lives before the last few are removed when a new one begins.
 */
import { constants, mkdirSync } from 'node:fs'
import { open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidLogCursor, type ServerLogLines, type ServerLogs } from '../../domain/ports/server-logs.ts'

/** `keepLives`: of each server. Default 5. */
export type ServerLogsOptions = Readonly<{ directory: string; keepLives?: number }>

/** Read at once, and the longest line. */
const CHUNK_BYTES = 256 * 1024

export function createServerLogs({ directory, keepLives = 5 }: ServerLogsOptions): ServerLogs {
  // Only for us: what a program prints may hold what it was given.
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const pathOf = (name: string, runId: string): string => join(directory, `${name}.${runId}.log`)

  /** Ids of lives are made in the order of time. */
  async function livesOf(name: string): Promise<readonly string[]> {
    const files = await readdir(directory)
    return files
      .flatMap((file) => (file.startsWith(`${name}.`) ? (/^\.([\w-]+)\.log$/.exec(file.slice(name.length))?.[1] ?? []) : []))
      .sort()
  }

  async function prune(name: string, keep: string): Promise<void> {
    const old = (await livesOf(name)).filter((runId) => runId !== keep).slice(0, -(keepLives - 1) || undefined)
    for (const runId of old) {
      await rm(pathOf(name, runId), { force: true })
      await rm(`${pathOf(name, runId)}.1`, { force: true })
    }
  }

  return {
    pathOf(name, runId) {
      // A file too many is no reason not to start a server.
      prune(name, runId).catch(() => undefined)
      return pathOf(name, runId)
    },
    async read(name, { limit, after }) {
      const lives = await livesOf(name)
      const last = lives.at(-1)
      const place = after === undefined ? undefined : placeOf(after)
      if (last === undefined) return { lines: [], cursor: after ?? ':0' }
      if (place === undefined) return lastLines(pathOf(name, last), last, limit)
      const following = lives.filter((runId) => runId >= place.runId)
      return linesBehind(following, place, { limit, pathOf: (runId) => pathOf(name, runId) })
    },
  }
}

type Place = Readonly<{ runId: string; offset: number }>

function placeOf(cursor: string): Place {
  const [, runId, offset] = /^([\w-]*):(\d{1,15})$/.exec(cursor) ?? []
  if (runId === undefined || offset === undefined) throw new InvalidLogCursor()
  return { runId, offset: Number(offset) }
}

async function lastLines(path: string, runId: string, limit: number): Promise<ServerLogLines> {
  const size = await sizeOf(path)
  const from = Math.max(0, size - CHUNK_BYTES)
  const { texts, bytes } = wholeLines(await readAt(path, from), false)
  // The first one may have begun before.
  const whole = from === 0 ? texts : texts.slice(1)
  return { lines: whole.slice(-limit).map((text) => ({ runId, text })), cursor: `${runId}:${from + bytes}` }
}

async function linesBehind(
  lives: readonly string[],
  place: Place,
  { limit, pathOf }: Readonly<{ limit: number; pathOf: (runId: string) => string }>,
): Promise<ServerLogLines> {
  const lines: { runId: string; text: string }[] = []
  let cursor = `${place.runId}:${place.offset}`
  for (const [index, runId] of lives.entries()) {
    const isOver = index < lives.length - 1
    let offset = runId === place.runId ? place.offset : 0
    // A file that was full has begun anew; what is left of the old one is passed over.
    if (offset > (await sizeOf(pathOf(runId)))) offset = 0
    for (;;) {
      const { texts, bytes, lengths } = wholeLines(await readAt(pathOf(runId), offset), isOver)
      const taken = texts.slice(0, limit - lines.length)
      lines.push(...taken.map((text) => ({ runId, text })))
      offset += taken.length === texts.length ? bytes : lengths.slice(0, taken.length).reduce((sum, length) => sum + length, 0)
      cursor = `${runId}:${offset}`
      if (lines.length >= limit) return { lines, cursor }
      if (bytes === 0) break
    }
  }
  return { lines, cursor }
}

/** Lines that were ended. `isOver`: nothing follows, so the last one counts without its end too. */
function wholeLines(bytes: Buffer, isOver: boolean): Readonly<{ texts: readonly string[]; lengths: readonly number[]; bytes: number }> {
  const texts: string[] = []
  const lengths: number[] = []
  let from = 0
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
    texts.push(bytes.toString('utf8', from, end).replace(/\r$/, ''))
    lengths.push(end + 1 - from)
    from = end + 1
  }
  // A line longer than all that is read at once would never end.
  if (from < bytes.length && (isOver || (from === 0 && bytes.length === CHUNK_BYTES))) {
    texts.push(bytes.toString('utf8', from))
    lengths.push(bytes.length - from)
    from = bytes.length
  }
  return { texts, lengths, bytes: from }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isMissing(error)) return 0
    throw error
  }
}

/** Never through a link that somebody put there. */
async function readAt(path: string, offset: number): Promise<Buffer> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, offset)
    return buffer.subarray(0, bytesRead)
  } catch (error) {
    if (isMissing(error)) return Buffer.alloc(0)
    throw error
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'
