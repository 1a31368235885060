/**
 * Follows one log of one target and records what its lines say. The cursor moves only behind lines whose detections are recorded, so a crash
 * reads them again, and reading again records nothing twice.
 */

import { templateOf } from '../../domain/analysis/template.ts'
import { severityOf } from '../../domain/catalogue/log-level.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { LogCursors } from '../../domain/ports/cursors.ts'
import type { LogMatcher } from '../../domain/ports/log-matcher.ts'
import type { LogLine, LogReport, RemoteHost } from '../../domain/ports/remote-host.ts'
import type { TargetRegistration } from '../../domain/target/events.ts'
import { QuietPeriod } from './quiet-period.ts'
import type { RecordAnomaly } from './record-anomaly.ts'
import { detectionOf, type Sighting, type Tools } from './sighting.ts'

export type WatchLogOptions = Readonly<{
  target: TargetRegistration
  path: string
  remote: RemoteHost
  matcher: LogMatcher
  record: RecordAnomaly
  cursors: LogCursors
  clock: Clock
  tools: Tools
  /** Undefined when the log can be seen, else why not. */
  visible: (path: string, reason: string | undefined) => Promise<void>
  gap: (path: string, gap: Extract<LogReport, { kind: 'gap' }>) => Promise<void>
  linesRead: (count: number) => void
  signal: AbortSignal
}>

/** Runs until the signal aborts. */
export async function watchLog(options: WatchLogOptions): Promise<void> {
  const { target, path, remote, cursors, visible, gap, linesRead, signal } = options
  const quiet = new QuietPeriod()
  // Registration leaves a cursor. Where it was lost, everything that is still there is read again, and what is known is recorded once.
  const from = await cursors.load(target.targetId, path)
  for await (const report of remote.follow(path, { ...(from === undefined ? { start: 'oldest' } : { from }), signal })) {
    switch (report.kind) {
      case 'lines':
        linesRead(report.lines.length)
        await see(options, quiet, report.lines, report.cursor.offset)
        await cursors.save(target.targetId, path, report.cursor)
        break
      case 'gap':
        await gap(path, report)
        if (report.cursor) await cursors.save(target.targetId, path, report.cursor)
        break
      case 'blind':
        await visible(path, `${path}: ${report.reason}: ${report.says}`)
        break
      case 'seeing':
        await visible(path, undefined)
        break
    }
  }
}

async function see(options: WatchLogOptions, quiet: QuietPeriod, lines: readonly LogLine[], endOffset: number): Promise<void> {
  const { target, path, record, clock, tools } = options
  const at = clock.now()
  for (const { line, as, next } of recognised(options, lines, endOffset)) {
    const source = { kind: 'log', path, generation: line.generation, offset: line.offset } as const
    const detection = detectionOf({ target, source, text: line.text, as, at }, tools)
    if (quiet.see(detection, next) === 'record') await record.detected(detection)
  }
  for (const counted of quiet.drain()) await record.counted(counted)
}

type Recognised = Readonly<{ line: LogLine; as: Sighting['as']; next: number }>

function recognised({ target, matcher }: WatchLogOptions, lines: readonly LogLine[], endOffset: number): readonly Recognised[] {
  const texts = lines.map(({ text }) => text)
  const matches = new Map(matcher.match(texts).map((match) => [match.index, match]))
  return lines.flatMap((line, index): Recognised[] => {
    const next = lines[index + 1]?.offset ?? endOffset
    const match = matches.get(index)
    if (match) return [{ line, as: { kind: 'fault', fault: match.fault, hints: match.hints }, next }]
    // Only what the service itself calls critical is worth an analyst's time; errors that any client can cause are not.
    if (severityOf(target.service, line.text) !== 'critical') return []
    return [{ line, as: { kind: 'unknown', template: templateOf(line.text), severity: 'critical' }, next }]
  })
}
