/**
 * What the server says on its standard error, line by line: passed on to our own log, and the last lines kept to explain a failed start.
 * The server is told to report itself only (see settings), so no statement and no value of a row comes this way.
 */
import type { Readable } from 'node:stream'
import type { Logger } from '../../domain/ports/logger.ts'

export type ServerLog = Readonly<{
  /** Resolves when the server accepts connections; never rejects. */
  ready: Promise<void>
  isReady(): boolean
  lastLines(): string
}>

export function followServerLog(stderr: Readable, logger: Logger | undefined): ServerLog {
  const kept: string[] = []
  const { promise: ready, resolve: nowReady } = Promise.withResolvers<void>()
  let rest = ''
  let isReady = false
  const take = (line: string): void => {
    if (line === '') return
    kept.push(line)
    if (kept.length > KEPT_LINES) kept.shift()
    if (line.includes('database system is ready to accept connections')) {
      isReady = true
      nowReady()
    }
    report(line, logger)
  }
  stderr.setEncoding('utf8')
  stderr.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    // A line without end is cut, so that a server gone mad cannot fill our memory.
    rest = (lines.pop() ?? '').slice(0, LONGEST_LINE)
    for (const line of lines) take(line)
  })
  stderr.on('end', () => take(rest))
  return { ready, isReady: () => isReady, lastLines: () => kept.join('\n') }
}

const KEPT_LINES = 20
const LONGEST_LINE = 16_384

function report(line: string, logger: Logger | undefined): void {
  const [, sqlState, severity, text] = /^([0-9A-Z]{5}) (\w+): {2}(.*)$/.exec(line) ?? []
  if (severity === 'FATAL' || severity === 'PANIC') logger?.error({ source: 'postgres', sqlState, severity }, text ?? line)
  else if (severity === 'LOG' || severity === undefined) logger?.debug({ source: 'postgres' }, text ?? line)
  else logger?.warn({ source: 'postgres', sqlState, severity }, text ?? line)
}
