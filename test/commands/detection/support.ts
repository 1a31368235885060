/** Watching in memory: a target, faults that the test knows, and cursors that outlive a watch. */
import type { Fault } from '../../../src/domain/catalogue/fault.ts'
import { instant } from '../../../src/domain/instant.ts'
import type { LogCursors } from '../../../src/domain/ports/cursors.ts'
import type { LogMatcher } from '../../../src/domain/ports/log-matcher.ts'
import type { LogCursor } from '../../../src/domain/ports/remote-host.ts'
import type { TargetRegistration } from '../../../src/domain/target/events.ts'
import type { Bench } from '../support/bench.ts'

export const fault: Fault = {
  id: 'nginx.backend-down',
  service: 'nginx',
  title: 'The backend is down',
  severity: 'error',
  cooldownMs: 60_000,
  diagnosis: 'x',
  detect: [],
  remedies: [],
  runbook: 'x',
}

/** `fault <what>` is a fault with a hint. */
export const matcher: LogMatcher = {
  match: (lines) =>
    lines.flatMap((line, index) => (line.startsWith('fault ') ? [{ index, fault, hints: { what: line.slice('fault '.length) } }] : [])),
}

export const target: TargetRegistration = {
  ...{ targetId: 't', name: 'shop', hostId: 'h', service: 'nginx', logPaths: ['/log'], configPaths: [], stateDir: '/s', mode: 'propose' },
  ...{ by: 'mira', at: instant('2026-11-21T10:00:00.000Z') },
}

/** By target and path; `saves` in the order in which they were made. */
export function memoryCursors() {
  const saved = new Map<string, LogCursor>()
  const saves: number[] = []
  const cursors: LogCursors = {
    load: async (targetId, path) => saved.get(`${targetId} ${path}`),
    async save(targetId, path, cursor) {
      saved.set(`${targetId} ${path}`, cursor)
      saves.push(cursor.offset)
    },
    forget: async () => undefined,
  }
  return { cursors, saves, saved }
}

export const detections = (bench: Bench) => bench.all().flatMap((event) => (event.type === 'AnomalyDetected' ? [event.data] : []))
export const counts = (bench: Bench) => bench.all().flatMap((event) => (event.type === 'AnomalyRepeated' ? [event.data] : []))
/** Lines that the log of events stands for: one for each detection, and those that were counted. */
export const accountedFor = (bench: Bench): number => detections(bench).length + counts(bench).reduce((sum, { count }) => sum + count, 0)
