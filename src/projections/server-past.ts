/**
 * Servers as they were: folded from the log with the folds of the read models themselves, so that the past looks exactly as it looked then, and who
 * wanted what of a server, with what it changed.
 */
import type { Recorded } from '../domain/events.ts'
import type { Instant } from '../domain/instant.ts'
import type { Codec } from '../domain/ports/codec.ts'
import type { EventStore, Position, StreamName } from '../domain/ports/event-store.ts'
import type { ServerConfig } from '../domain/server/config.ts'
import { diffConfigs, type FieldChange } from '../domain/server/config-diff.ts'
import type { ServerEvent } from '../domain/server/events.ts'
import { isIntent } from '../domain/server/state.ts'
import { createMemoryProjections } from './memory-projections.ts'
import { InvalidCursor } from './projection-errors.ts'
import type { ListOptions, Page, ServerFilter, ServerView } from './queries/index.ts'
import { fitsServer, serverView } from './queries/servers.ts'
import type { ReplayAt } from './replay.ts'
import { serverTools } from './server-tools.ts'
import { servers } from './servers.ts'

export interface ServerPast {
  /** The list as it was. @throws InvalidCursor */
  list(at: ReplayAt, options?: ServerFilter & ListOptions): Promise<Page<ServerView>>
  /** Undefined: there was none of that id by then. `position`: of the last event that is in it. */
  show(serverId: string, at: ReplayAt, signal?: AbortSignal): Promise<PastServer | undefined>
  /** Everything that somebody decided about it, the newest first. Undefined: there was never one of that id. */
  history(serverId: string, options?: HistoryOptions): Promise<Page<HistoryEntry> | undefined>
}

export type PastServer = Readonly<{ view: ServerView; position: Position; recordedAt: Instant }>

export type HistoryOptions = ListOptions & Readonly<{ onlyConfig?: boolean | undefined }>

export type HistoryEntry = Readonly<{
  type: ServerEvent['type']
  revision: bigint
  position: Position
  at: Instant
  by: string
  /** Null: nobody gave one. */
  reason: string | null
  /** Of the command of an operator, by which it may be undone. Null: Steward itself decided. */
  commandId: string | null
  tool: string | null
  /** Of the configuration, field by field. */
  changes: readonly FieldChange[]
}>

const DEFAULT_LIMIT = 20
const models = [servers, serverTools] as const
const types = [...new Set(models.flatMap(({ eventTypes }) => [...(eventTypes ?? [])]))]

export function createServerPast({
  eventStore,
  codec,
}: Readonly<{ eventStore: Pick<EventStore, 'readStream' | 'readAll'>; codec: Codec }>): ServerPast {
  const streamOf = (serverId: string): StreamName => `server-${serverId}`

  return {
    async list(at, { limit = DEFAULT_LIMIT, cursor, offset, withTotal = false, signal, ...filter } = {}) {
      const past = createMemoryProjections(models)
      let position = 0n
      for await (const item of eventStore.readAll({ types, ...(signal ? { signal } : {}) })) {
        if ('checkpoint' in item) continue
        if (!isBy(item, at)) break
        past.apply(codec.decode(item))
        position = item.position
      }
      const all = viewsOf(past)
        .filter((row) => fitsServer(row, filter))
        .sort(byPlace)
      const from = cursor === undefined ? (offset ?? 0) : placeAfter(all, cursor)
      const items = all.slice(from, from + limit)
      const last = items.at(-1)
      return {
        items,
        nextCursor: last && from + limit < all.length ? cursorOf(last) : undefined,
        total: withTotal ? all.length : undefined,
        position,
      }
    },
    async show(serverId, at, signal) {
      const past = createMemoryProjections(models)
      let last: Recorded | undefined
      for await (const item of eventStore.readStream(streamOf(serverId), signal ? { signal } : {})) {
        if (!isBy(item, at)) break
        last = codec.decode(item)
        past.apply(last)
      }
      const [view] = viewsOf(past)
      return last && view && { view, position: last.position, recordedAt: last.recordedAt }
    },
    async history(serverId, { limit = DEFAULT_LIMIT, cursor, onlyConfig = false, signal } = {}) {
      const before = cursor === undefined ? undefined : revisionOf(cursor)
      const entries: HistoryEntry[] = []
      let config: ServerConfig | undefined
      let position: Position | undefined
      for await (const item of eventStore.readStream(streamOf(serverId), signal ? { signal } : {})) {
        position = item.position
        if (!isIntent(item)) continue
        const event = codec.decode(item)
        if (!isDecided(event)) continue
        const next: ServerConfig | undefined = 'config' in event.data ? event.data.config : undefined
        const changes = config && next ? diffConfigs(config, next) : []
        config = next ?? config
        if (onlyConfig && next === undefined) continue
        if (before === undefined || event.revision < before) entries.push(entryOf(event, changes))
      }
      if (position === undefined) return undefined
      const items = entries.reverse().slice(0, limit)
      const last = items.at(-1)
      return { items, nextCursor: last && entries.length > limit ? String(last.revision) : undefined, total: undefined, position }
    },
  }
}

const isBy = (event: Readonly<{ position: Position; recordedAt: string }>, at: ReplayAt): boolean =>
  at === 'now' || ('position' in at ? event.position <= at.position : event.recordedAt <= at.time)

function viewsOf(past: ReturnType<typeof createMemoryProjections<typeof models>>): ServerView[] {
  const tools = past.rows('server-tools')
  return past.rows('servers').map((row) => {
    const own = tools.filter(({ serverId }) => serverId === row.serverId)
    return serverView(row, {
      offered: own.filter(({ offered }) => offered).length,
      enabled: own.filter(({ state }) => state === 'enabled').length,
      quarantined: own.filter(({ state }) => state === 'quarantined').length,
    })
  })
}

type Decided = Extract<Recorded<ServerEvent>, { data: { by: string } }>

/** Of a server's stream, and one of `isIntent`. */
const isDecided = (event: Recorded): event is Decided => 'by' in event.data

function entryOf(event: Decided, changes: readonly FieldChange[]): HistoryEntry {
  const { type, revision, position, recordedAt, data, metadata } = event
  return {
    ...{ type, revision, position, at: recordedAt, by: data.by, changes },
    reason: 'reason' in data ? data.reason : null,
    // The parts of a command have ids of their own; their cause is the command.
    commandId: metadata.actor === 'steward' ? null : metadata.causationId,
    tool: 'tool' in data ? data.tool : null,
  }
}

type Place = Pick<ServerView, 'name' | 'serverId'>

/** By name, byte by byte, as the read model orders them. */
const byPlace = (a: Place, b: Place): number => compare(a.name, b.name) || compare(a.serverId, b.serverId)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const cursorOf = ({ name, serverId }: Place): string => Buffer.from(JSON.stringify([name, serverId])).toString('base64url')

function placeAfter(all: readonly Place[], cursor: string): number {
  const place = readPlace(cursor)
  const index = all.findIndex((each) => byPlace(each, place) > 0)
  return index === -1 ? all.length : index
}

function readPlace(cursor: string): Place {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    if (!Array.isArray(parts) || parts.length !== 2) throw new InvalidCursor()
    const [name, serverId]: unknown[] = parts
    if (typeof name === 'string' && typeof serverId === 'string') return { name, serverId }
  } catch {
    // Whatever it is, no list made it.
  }
  throw new InvalidCursor()
}

function revisionOf(cursor: string): bigint {
  if (!/^\d{1,18}$/.test(cursor)) throw new InvalidCursor()
  return BigInt(cursor)
}
