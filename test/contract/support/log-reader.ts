/** Follows a log in the background and remembers what was reported, so that a test can ask for it. */
import type { FollowOptions, LogCursor, LogLine, LogReport, RemoteHost } from '../../../src/domain/ports/remote-host.ts'
import { until } from '../../support/until.ts'

export interface LogReader extends AsyncDisposable {
  readonly reports: readonly LogReport[]
  texts(): string[]
  lines(): LogLine[]
  /** The kinds of everything that is not a line: `gap:truncated`, `blind:missing`, `seeing`; without the `seeing` that it begins with when all is well. */
  words(): string[]
  cursor(): LogCursor | undefined
  /** Waits until so many lines are there. */
  has(count: number): Promise<void>
  says(word: string): Promise<void>
  /** Waits until the place in the log is known. */
  ready(): Promise<void>
  stop(): Promise<void>
}

export function readLog(host: RemoteHost, path: string, options: Omit<FollowOptions, 'signal'> = {}): LogReader {
  const reports: LogReport[] = []
  const stopping = new AbortController()
  let failure: unknown
  const reading = (async () => {
    for await (const report of host.follow(path, { ...options, signal: stopping.signal })) reports.push(report)
  })().catch((error: unknown) => {
    failure = error
  })
  const lines = (): LogLine[] => reports.flatMap((report) => (report.kind === 'lines' ? report.lines : []))
  const words = (): string[] =>
    reports
      .flatMap((report) => (report.kind === 'lines' ? [] : 'reason' in report ? [`${report.kind}:${report.reason}`] : [report.kind]))
      .filter(
        (word, index, all) => word !== 'seeing' || all.slice(0, index).some((before) => before === 'seeing' || before.startsWith('blind')),
      )
  const wait = (holds: () => boolean): Promise<void> =>
    until(() => {
      if (failure !== undefined) throw failure
      return holds()
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}\nreported: ${JSON.stringify(reports).slice(0, 4_000)}`, { cause: error })
    })
  const stop = async (): Promise<void> => {
    stopping.abort()
    await reading
    if (failure !== undefined) throw failure
  }
  return {
    reports,
    lines,
    words,
    texts: () => lines().map(({ text }) => text),
    cursor: () => reports.findLast((report) => report.kind === 'lines')?.cursor,
    has: (count) => wait(() => lines().length >= count),
    says: (word) => wait(() => words().includes(word)),
    ready: () => wait(() => reports.some(({ kind }) => kind === 'lines')),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
