/**
 * What was read of one log and what of it is recorded. Counts wait a while for more of their kind, and the cursor waits behind them: it never passes
 * a line that is not accounted for, so a crash reads those lines again and loses none.
 */
import { templateOf } from '../../domain/analysis/template.ts'
import { severityOf } from '../../domain/catalogue/log-level.ts'
import type { Instant } from '../../domain/instant.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { LogCursors } from '../../domain/ports/cursors.ts'
import type { LogMatcher } from '../../domain/ports/log-matcher.ts'
import type { LogCursor, LogLine } from '../../domain/ports/remote-host.ts'
import type { TargetRegistration } from '../../domain/target/events.ts'
import { throughOutages } from '../retry.ts'
import { QuietPeriod } from './quiet-period.ts'
import type { RecordAnomaly } from './record-anomaly.ts'
import { detectionOf, rememberKinds, type Sighting, type Tools } from './sighting.ts'
import type { WatchFigures } from './watch-figures.ts'

export type LogAccountOptions = Readonly<{
  target: TargetRegistration
  path: string
  matcher: LogMatcher
  record: RecordAnomaly
  cursors: LogCursors
  clock: Clock
  tools: Tools
  figures: WatchFigures
  /** While the store is away, counts wait until this aborts. */
  signal: AbortSignal
}>

export interface LogAccount {
  /** Records what the lines say that is new, and counts the rest. */
  take(lines: readonly LogLine[], cursor: LogCursor): Promise<void>
  /** Goes on from there: what was before is settled. */
  moveTo(cursor: LogCursor): Promise<void>
  /** When `settle` is to be called next; undefined while nothing waits. */
  dueAt(): Instant | undefined
  /** Records what was counted; then the cursor follows. */
  settle(): Promise<void>
}

export function openLogAccount(options: LogAccountOptions): LogAccount {
  const { target, path, record, cursors, clock, tools, figures, signal } = options
  const { targetId, service } = target
  const quiet = new QuietPeriod()
  const kindOf = rememberKinds(tools)
  let held: LogCursor | undefined

  async function settle(): Promise<void> {
    for (const counted of quiet.drain(clock.now())) await throughOutages(() => record.counted(counted), { clock, signal })
    if (held) await cursors.save(targetId, path, held)
    held = undefined
  }

  return {
    settle,
    dueAt: () => quiet.dueAt(),
    async take(lines, cursor) {
      const at = clock.now()
      const due = quiet.dueAt()
      if (due !== undefined && due <= at) await settle()
      figures.read(service, lines, cursor.offset)
      const found = recognised(options, lines, cursor.offset)
      figures.matched(
        service,
        found.map(({ as }) => (as.kind === 'fault' ? as.fault.id : undefined)),
      )
      for (const { line, as, next } of found) {
        const source = { kind: 'log', path, generation: line.generation, offset: line.offset } as const
        const sighting = { target, source, text: line.text, as, at }
        const kind = kindOf(sighting)
        if (quiet.see({ ...kind, source, at }, next) !== 'record') continue
        const detection = detectionOf(sighting, tools, kind)
        const { knownTo } = await record.detected(detection)
        quiet.recorded(detection, knownTo)
      }
      held = cursor
      if (quiet.dueAt() === undefined) await settle()
    },
    async moveTo(cursor) {
      held = cursor
      await settle()
    },
  }
}

type Recognised = Readonly<{ line: LogLine; as: Sighting['as']; next: number }>

function recognised({ target, matcher }: LogAccountOptions, lines: readonly LogLine[], endOffset: number): readonly Recognised[] {
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
