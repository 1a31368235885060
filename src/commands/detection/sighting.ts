/** From something that was seen - a line, an answer of a poll, a report - to an anomaly: its identity, and what groups it with its like. */
import type { Detection, DetectionSource } from '../../domain/anomaly/events.ts'
import type { Fault, Hints } from '../../domain/catalogue/fault.ts'
import type { Instant } from '../../domain/instant.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import { protect } from '../../domain/protected.ts'
import type { Severity } from '../../domain/severity.ts'
import type { TargetRegistration } from '../../domain/target/events.ts'

export type Sighting = Readonly<{
  target: TargetRegistration
  source: DetectionSource
  text: string
  /** What recognised it: a fault of the catalogue, or the template of a line that none knows. */
  as: Readonly<{ kind: 'fault'; fault: Fault; hints: Hints }> | Readonly<{ kind: 'unknown'; template: string; severity: Severity }>
  at: Instant
}>

export type Tools = Readonly<{ ids: Ids; hash: Hash }>

/** Unknown lines are looked at again after this time. */
const UNKNOWN_COOLDOWN_MS = 10 * 60_000

/** Longest hint that is kept; a longer one is no path or address. */
const HINT_LIMIT = 1_024

/** What it has in common with its like. */
export type Kind = Readonly<{ faultId: string | undefined; fingerprint: string; fingerprintId: string; groupedBy: string }>

export const kindOf = (sighting: Sighting, tools: Tools): Kind => kindOfGroup(groupOf(sighting.target, sighting.as), sighting, tools)

function kindOfGroup(groupedBy: string, { target, as }: Sighting, { ids, hash }: Tools): Kind {
  const fingerprint = hash.sha256(groupedBy)
  const fingerprintId = ids.derived('fingerprint', target.targetId, fingerprint)
  return { faultId: as.kind === 'fault' ? as.fault.id : undefined, fingerprint, fingerprintId, groupedBy }
}

/** Whoever writes the log chooses how many there are; what is forgotten is worked out again. */
const KINDS_REMEMBERED = 1_000

/** `kindOf` for the sightings of one target: in a flood all lines are of a few kinds, and hashing each would cost more than reading it. */
export function rememberKinds(tools: Tools): (sighting: Sighting) => Kind {
  const kinds = new Map<string, Kind>()
  return (sighting) => {
    const group = groupOf(sighting.target, sighting.as)
    const known = kinds.get(group)
    if (known) return known
    if (kinds.size >= KINDS_REMEMBERED) kinds.clear()
    const kind = kindOfGroup(group, sighting, tools)
    kinds.set(group, kind)
    return kind
  }
}

export function detectionOf(sighting: Sighting, tools: Tools, kind: Kind = kindOf(sighting, tools)): Detection {
  const { target, source, text, as, at } = sighting
  const { targetId, hostId, service } = target
  const { fingerprint, fingerprintId, groupedBy } = kind
  const known =
    as.kind === 'fault'
      ? { faultId: as.fault.id, title: as.fault.title, severity: as.fault.severity, cooldownMs: as.fault.cooldownMs }
      : { title: `Unknown ${service} error: ${protect(as.template, 120).text}`, severity: as.severity, cooldownMs: UNKNOWN_COOLDOWN_MS }
  const hints = as.kind === 'fault' ? as.hints : {}
  return {
    anomalyId: anomalyIdOf(targetId, source, text, at, tools),
    targetId,
    hostId,
    service,
    ...known,
    fingerprint,
    fingerprintId,
    groupedBy,
    source,
    excerpt: protect(text),
    hints: Object.fromEntries(Object.entries(hints).map(([name, hint]) => [name, protect(hint, HINT_LIMIT)])),
    at,
  }
}

/** Service, fault or template, and what the pattern names as stable; never times, pids or client addresses. */
function groupOf({ service }: TargetRegistration, as: Sighting['as']): string {
  if (as.kind === 'unknown') return `${service} ${as.template}`
  const stable = Object.entries(as.hints)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hint]) => `${name}=${protect(hint, HINT_LIMIT).text}`)
  return [as.fault.id, ...stable].join(' ')
}

/** The same line read again is the same anomaly. A poll has no line: there the moment makes it. */
function anomalyIdOf(targetId: string, source: DetectionSource, text: string, at: Instant, { ids, hash }: Tools): string {
  switch (source.kind) {
    case 'log':
      return ids.derived('anomaly', targetId, source.generation, String(source.offset), hash.sha256(text))
    case 'poll':
      return ids.derived('anomaly', targetId, source.probe, at)
    case 'report':
      return ids.fresh()
    case 'supervisor':
      return ids.derived('anomaly', targetId, source.event, source.saw)
  }
}
