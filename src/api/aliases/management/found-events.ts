/**
 * Events of servers by what the management module asks for. A severity is no column of ours: for two types of events their data decides. So where
 * one is asked for, events are looked through, newest first, and so many at the most; how many there are is then said only when all were seen.
 */
import type { Instant } from '../../../domain/instant.ts'
import { type EventCategory, type EventSeverity, severityOfEvent, typesOfWords } from '../../../domain/server/event-words.ts'
import type { EventFilter, EventRecord, Page } from '../../../projections/queries/index.ts'
import type { Context } from '../../context.ts'
import { MAX_EVENTS } from '../../schemas/common.ts'
import { eventJson } from '../../schemas/event.ts'
import { mcpEventJson } from '../../schemas/management-module.ts'
import type { May } from '../../veil.ts'
import { serverIdOf } from '../named-server.ts'

export type WantedEvents = Readonly<{
  /** Id or name. */
  server?: string | undefined
  type?: string | undefined
  severities?: readonly EventSeverity[] | undefined
  category?: EventCategory | undefined
  from?: Instant | undefined
  until?: Instant | undefined
}>

export const MOST_LOOKED_AT = 10_000

/** `total` null: more than was looked through. */
export type FoundEvents = Readonly<{ items: readonly EventRecord[]; total: number | null; position: bigint }>

export async function findEvents(
  wanted: WantedEvents,
  { limit, offset, signal }: Readonly<{ limit: number; offset: number; signal: AbortSignal }>,
  context: Context,
): Promise<FoundEvents> {
  const { list } = context.queries.events
  const filter = { ...(await filterOf(wanted, context)), order: 'newest', signal } as const
  if (wanted.severities === undefined) {
    const { items, total = null, position } = await list({ ...filter, limit, offset, withTotal: true })
    return { items, total, position }
  }
  const found: EventRecord[] = []
  let [count, lookedAt] = [0, 0]
  for (let cursor: string | undefined; ; ) {
    const page: Page<EventRecord> = await list({ ...filter, limit: MAX_EVENTS, cursor })
    for (const event of page.items.filter(hasSeverity(wanted))) {
      if (count >= offset && found.length < limit) found.push(event)
      count += 1
    }
    lookedAt += page.items.length
    cursor = page.nextCursor
    if (cursor === undefined) return { items: found, total: count, position: page.position }
    if (lookedAt >= MOST_LOOKED_AT) return { items: found, total: null, position: page.position }
  }
}

/** For an export, the oldest first: a page with events, or the last. */
export async function eventsBehind(
  cursor: string | undefined,
  { wanted, signal }: Readonly<{ wanted: WantedEvents; signal: AbortSignal }>,
  context: Context,
): Promise<Page<EventRecord>> {
  const filter = { ...(await filterOf(wanted, context)), order: 'oldest', limit: MAX_EVENTS, signal } as const
  for (let from = cursor; ; ) {
    const page = await context.queries.events.list({ ...filter, cursor: from })
    const items = page.items.filter(hasSeverity(wanted))
    if (items.length > 0 || page.nextCursor === undefined) return { ...page, items }
    from = page.nextCursor
  }
}

const hasSeverity =
  ({ severities }: WantedEvents) =>
  (event: EventRecord): boolean =>
    severities === undefined || severities.includes(severityOfEvent(event))

async function filterOf({ server, type, severities, category, from, until }: WantedEvents, context: Context): Promise<EventFilter> {
  const place = server === undefined ? { category: 'server' } : { stream: `server-${await serverIdOf(server, context)}` }
  const fit = typesOfWords({ severities, category })
  const types = type === undefined ? fit : fit.filter((each) => each === type)
  return { ...place, types, from, until }
}

/** In the words of the module, with the names of their servers as they are now. */
export async function inWords(events: readonly EventRecord[], may: May, { queries }: Context) {
  const ids = [...new Set(events.map(serverOf))]
  const { value } = ids.length === 0 ? { value: [] } : await queries.serverSelection({ ids })
  const names = new Map(value.map(({ id, name }) => [id, name]))
  return events.map((event) => {
    const id = serverOf(event)
    return mcpEventJson({ id, name: names.get(id) ?? id })(eventJson(may)(event))
  })
}

export const serverOf = ({ stream }: Pick<EventRecord, 'stream'>): string => stream.slice('server-'.length)
