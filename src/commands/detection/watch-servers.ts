/**
 * Turns what the supervisor records of managed servers into anomalies: that it has given one up, that the kernel ended one for its memory, that a tool is
 * not what was approved. What a server wrote before it failed is matched as well, like any log: it opens an incident, and proves nothing.
 */
import type { DetectionSource } from '../../domain/anomaly/events.ts'
import type { Fault, Hints } from '../../domain/catalogue/fault.ts'
import { sightEventTypes, sightOf } from '../../domain/catalogue/supervisor-sights.ts'
import type { Recorded } from '../../domain/events.ts'
import { foldOf, isOwn } from '../../domain/fold.ts'
import type { Checkpoints } from '../../domain/ports/checkpoints.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { RecordedEvent } from '../../domain/ports/event-store.ts'
import type { CompileLogMatcher, LogMatcher } from '../../domain/ports/log-matcher.ts'
import type { Metrics } from '../../domain/ports/metrics.ts'
import { serverCare } from '../../domain/processes/server-care/server-care.ts'
import { serverTargetId } from '../../domain/processes/server-care/target-id.ts'
import type { ServerEvent } from '../../domain/server/events.ts'
import { server as servers } from '../../domain/server/server.ts'
import type { Server } from '../../domain/server/state.ts'
import type { TargetRegistration } from '../../domain/target/events.ts'
import type { EventLog } from '../event-log.ts'
import { followClaimed } from '../follow-claimed.ts'
import { throughOutages } from '../retry.ts'
import type { RecordAnomaly } from './record-anomaly.ts'
import { detectionOf, type Sighting, type Tools } from './sighting.ts'
import { createWatchFigures, type WatchFigures } from './watch-figures.ts'

export type WatchServersOptions = Readonly<{
  log: EventLog
  faults: readonly Fault[]
  compileMatcher: CompileLogMatcher
  record: RecordAnomaly
  checkpoints: Checkpoints
  clock: Clock
  tools: Tools
  metrics: Metrics
}>

const NAME = 'server-sights'
const BATCH_SIZE_EVENTS = 100

type Watching = WatchServersOptions & Readonly<{ own: readonly Fault[]; matcher: LogMatcher; figures: WatchFigures; signal: AbortSignal }>

/** Runs until the signal aborts. What was recorded before is recorded once: the event is what makes an anomaly. */
export async function watchServers(options: WatchServersOptions & Readonly<{ signal: AbortSignal }>): Promise<void> {
  const { log, faults, compileMatcher, checkpoints, clock, metrics, signal } = options
  const own = faults.filter(({ service }) => service === 'server')
  const watching: Watching = { ...options, own, matcher: compileMatcher(own), figures: createWatchFigures(metrics) }
  let position = await throughOutages(() => checkpoints.load(NAME), { clock, signal })
  const handle = (event: RecordedEvent) => look(event, watching)
  while (!signal.aborted) {
    const following = { name: NAME, after: position, types: sightEventTypes, handle, store: log.store, checkpoints, clock, signal }
    position = await followClaimed({ ...following, batchSizeEvents: BATCH_SIZE_EVENTS })
  }
}

async function look(item: RecordedEvent, { log, own, matcher, record, tools, figures }: Watching): Promise<void> {
  // As it stood then: what has happened since is for the probes to see.
  const history = (await log.load(item.stream)).events.filter(({ revision }) => revision <= item.revision)
  const event = history.at(-1)
  if (!event || !isOwn<ServerEvent>(event)) return
  const server = foldOf(servers, history)
  const target = targetOf(history, server, tools)
  if (!target) return
  const { state: watched } = await log.states.target(target.targetId)
  if (watched.situation === 'registered' && watched.paused) return
  const at = event.recordedAt
  const saw = sightOf(event, server)
  const sightings: Sighting[] = []
  for (const fault of saw ? own.filter(({ detect }) => detect.some((each) => each.kind === 'supervisor' && each.saw === saw.saw)) : []) {
    if (!saw) break
    const source: DetectionSource = { kind: 'supervisor', event: item.metadata.eventId, saw: saw.saw }
    sightings.push({ target, source, text: saw.says, as: { kind: 'fault', fault, hints: saw.hints }, at })
  }
  if (event.type === 'ServerFailed') sightings.push(...written(event.data, target, at, matcher))
  for (const sighting of sightings) {
    const detection = detectionOf(sighting, tools)
    figures.matched('server', [detection.faultId])
    await record.detected(detection)
  }
}

/** What it wrote last. Of a fault that is written many times, the last line counts. */
function written(
  { runId, stderrTail }: Extract<ServerEvent, { type: 'ServerFailed' }>['data'],
  target: TargetRegistration,
  at: Sighting['at'],
  matcher: LogMatcher,
): readonly Sighting[] {
  const lines = stderrTail.text.split('\n')
  const byFault = new Map<string, Readonly<{ index: number; fault: Fault; hints: Hints }>>()
  for (const match of matcher.match(lines)) byFault.set(match.fault.id, match)
  return [...byFault.values()].map(({ index, fault, hints }) => ({
    target,
    source: { kind: 'log', path: 'stderr', generation: runId, offset: index },
    text: lines[index] ?? '',
    as: { kind: 'fault', fault, hints },
    at,
  }))
}

/** The target that the server was at the time; undefined when it was retired. */
function targetOf(history: readonly Recorded[], server: Server, { ids }: Tools): TargetRegistration | undefined {
  if (server.situation !== 'registered') return undefined
  const begun = history.findLast(({ type }) => type === 'ServerRegistered' || type === 'ServerRestored')
  if (begun?.type !== 'ServerRegistered' && begun?.type !== 'ServerRestored') return undefined
  const { serverId, name } = server
  const { at, by } = begun.data
  const targetId = serverTargetId(at, (...parts) => ids.derived(serverCare.name, serverId, ...parts))
  const place = { hostId: serverId, logPaths: [], configPaths: [], stateDir: `server-${serverId}` }
  return { targetId, name, service: 'server', ...place, mode: 'propose', by, at }
}
