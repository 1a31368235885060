/** The configuration as it was at one position of the log: now, or then. */
import { BUNDLE_SCHEMA, BUNDLE_VERSION, type Bundle, type BundleContent, sealBundle } from '../../domain/configuration/bundle.ts'
import type { DescribedServer } from '../../domain/configuration/read-servers.ts'
import type { DomainEvent, EventOf, Recorded } from '../../domain/events.ts'
import { type Fold, foldOf } from '../../domain/fold.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Position, StreamName } from '../../domain/ports/event-store.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import { registry } from '../../domain/registry/registry.ts'
import { server } from '../../domain/server/server.ts'
import type { EventLog } from '../event-log.ts'

export type ExportConfiguration = (options?: Readonly<{ at?: Position }>) => Promise<Bundle>

export type ExportTools = Readonly<{ log: EventLog; clock: Clock; hash: Hash }>

/** All that is in it was at or before one position, however much happens meanwhile. */
export const createExportConfiguration =
  (tools: ExportTools): ExportConfiguration =>
  async ({ at } = {}) => {
    const { log, clock, hash } = tools
    const position = at ?? (await log.store.head()) ?? 0n
    const holders = await foldedUpTo(log, 'registry-servers', registry, position)
    const servers: DescribedServer[] = []
    for (const serverId of new Set([...holders.values()].flat())) {
      const state = await foldedUpTo(log, `server-${serverId}`, server, position)
      // What Steward brings along comes back by itself.
      if (state.situation !== 'registered' || state.builtIn) continue
      const { name, enabled, config } = state
      servers.push({ name, enabled, config })
    }
    const { logId, namespace } = await identityOf(log)
    const content: BundleContent = {
      schema: BUNDLE_SCHEMA,
      schemaVersion: BUNDLE_VERSION,
      log: { logId, namespace, position: String(position) },
      exportedAt: clock.now(),
      servers: servers.sort((a, b) => (a.name < b.name ? -1 : 1)),
    }
    return sealBundle(wellFormed(content), hash)
  }

export class LogWithoutIdentity extends Error {
  override readonly name = 'LogWithoutIdentity'
}

/** @throws LogWithoutIdentity */
export async function identityOf(log: EventLog): Promise<Readonly<{ logId: string; namespace: string }>> {
  const { events } = await log.load('log-identity')
  const created = events.find((event): event is Recorded<EventOf<'LogCreated'>> => event.type === 'LogCreated')
  if (!created) throw new LogWithoutIdentity('the log does not begin with LogCreated')
  return created.data
}

async function foldedUpTo<State, Event extends DomainEvent>(
  log: EventLog,
  stream: StreamName,
  fold: Fold<State, Event>,
  position: Position,
): Promise<State> {
  const { events } = await log.load(stream)
  return foldOf(
    fold,
    events.filter((event) => event.position <= position),
  )
}

/** Half a character has no canonical form, so nothing that holds one could be sealed. */
const wellFormed = <Value>(value: Value): Value =>
  JSON.parse(JSON.stringify(value), (_, each: unknown) => (typeof each === 'string' ? each.toWellFormed() : each))
