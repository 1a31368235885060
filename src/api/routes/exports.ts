/** What leaves in bulk or live: exports of events and commands, and the feed of events. */
import { z } from 'zod'
import type { RecordedEvent } from '../../domain/ports/event-store.ts'
import { ApiError } from '../api-error.ts'
import { defineStream } from '../define-route.ts'
import { exportResponse } from '../export.ts'
import { mayOf } from '../permissions.ts'
import { command, commandJson, exampleCommand } from '../schemas/command.ts'
import { MAX_EVENTS, minPosition, none, position, readOptions } from '../schemas/common.ts'
import { event, eventJson, exampleEvent } from '../schemas/event.ts'
import { eventFilter, eventFilterOf, feedFilter } from '../schemas/event-filter.ts'
import { shownTo } from '../veil.ts'
import { commandFilter } from './commands.ts'

const format = z.enum(['ndjson', 'csv']).default('ndjson')
const exportTypes = ['application/x-ndjson', 'text/csv']

export const exportEvents = defineStream({
  method: 'GET',
  path: '/api/v1/events/export',
  operation: 'events.export',
  tag: 'events',
  summary: 'Export events, oldest first',
  description: 'Streamed. Cells that a spreadsheet would take for a formula are escaped.',
  permission: 'audit:read',
  kind: 'query',
  rateClass: 'costly',
  params: none,
  query: z.strictObject({ format, ...eventFilter, min_position: minPosition }),
  answer: { status: 200, schema: event, example: exampleEvent, mediaTypes: exportTypes },
  refusals: [],
  async handle({ query, caller: { principal, signal } }, { queries }) {
    const may = mayOf(principal)
    return exportResponse({
      format: query.format,
      name: 'events',
      page: (cursor) =>
        queries.events.list({ ...eventFilterOf(query), ...readOptions(query), order: 'oldest', limit: MAX_EVENTS, cursor, signal }),
      json: eventJson(may),
      columns: {
        position: ({ position }) => position,
        recordedAt: ({ at }) => at,
        type: ({ type }) => type,
        stream: ({ stream }) => stream,
        revision: ({ revision }) => revision,
        id: ({ eventId }) => eventId,
        actor: ({ actor }) => actor,
        correlationId: ({ correlationId }) => correlationId,
        causationId: ({ causationId }) => causationId,
        commandId: ({ commandId }) => commandId,
        data: (event) => JSON.stringify(shownTo(may, event).data),
      },
      signal,
    })
  },
})

export const exportCommands = defineStream({
  method: 'GET',
  path: '/api/v1/commands/export',
  operation: 'commands.export',
  tag: 'commands',
  summary: 'Export the audit of commands, newest first',
  permission: 'audit:read',
  kind: 'query',
  rateClass: 'costly',
  params: none,
  query: z.strictObject({ format, ...commandFilter, min_position: minPosition }),
  answer: { status: 200, schema: command, example: exampleCommand, mediaTypes: exportTypes },
  refusals: [],
  async handle({ query, caller: { signal } }, { queries }) {
    const { name, subject, actor, owner, state, from, until } = query
    const filter = { name, subject, actor, owner, state, from, until }
    return exportResponse({
      format: query.format,
      name: 'commands',
      page: (cursor) => queries.commands.list({ ...filter, ...readOptions(query), limit: MAX_EVENTS, cursor, signal }),
      json: commandJson,
      columns: {
        receivedAt: ({ receivedAt }) => receivedAt,
        id: ({ commandId }) => commandId,
        name: ({ name }) => name,
        subject: ({ subject }) => subject,
        actor: ({ actor }) => actor,
        owner: ({ owner }) => owner,
        state: ({ state }) => state,
        rule: ({ refusal }) => refusal?.rule,
        result: ({ result }) => (result === null ? null : JSON.stringify(result)),
        durationMs: ({ durationMs }) => durationMs,
        correlationId: ({ correlationId }) => correlationId,
      },
      signal,
    })
  },
})

export const streamEvents = defineStream({
  method: 'GET',
  path: '/api/v1/events/stream',
  operation: 'events.stream',
  tag: 'events',
  summary: 'Follow events as they are recorded',
  description:
    'Server-sent events: `id` is the position, `event` the type, `data` the event. Goes on behind `Last-Event-ID`, or behind `after`; `after=0` begins with the log, without either it begins now. Lines that begin with a colon are heartbeats; an `id` without `data` says how far the feed has come.',
  permission: 'mcp:view_events',
  kind: 'query',
  rateClass: 'costly',
  params: none,
  query: z.strictObject({ ...feedFilter, after: position.optional() }),
  answer: { status: 200, schema: event, example: exampleEvent, mediaTypes: ['text/event-stream'] },
  refusals: ['too-many-streams', 'unknown-position', 'shutting-down'],
  async handle({ query, caller }, { events, feeds }) {
    const { principal, lastEventId, signal, stillAllowed } = caller
    if (principal === undefined) throw new ApiError('unauthenticated')
    const asked = lastEventId === undefined ? query.after : positionOf(lastEventId)
    // A position that is none of this log is refused now: once the answer has begun there is no status left to say it with.
    if (asked !== undefined && asked > 0n) for await (const _ of events.readAll({ after: asked, limit: 1, signal })) break
    const after = asked === undefined ? await events.head() : asked === 0n ? undefined : asked
    const asker = { keyId: principal.keyId, may: mayOf(principal), stillAllowed, signal }
    const body = feeds.open({ ...asker, after, types: query.types, matches: matcher(query) })
    return new Response(body, {
      headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    })
  },
})

function positionOf(lastEventId: string): bigint {
  const parsed = position.safeParse(lastEventId)
  if (!parsed.success) throw new ApiError('invalid-header', { details: { header: 'Last-Event-ID', rule: 'must be a position' } })
  return parsed.data
}

type FeedQuery = z.output<z.ZodObject<typeof feedFilter>>

const matcher =
  ({ stream, category, correlation_id: correlationId, actor }: FeedQuery) =>
  (event: RecordedEvent): boolean =>
    (stream === undefined || event.stream === stream) &&
    (category === undefined || event.stream.startsWith(`${category}-`)) &&
    (correlationId === undefined || event.metadata.correlationId === correlationId) &&
    (actor === undefined || event.metadata.actor === actor)

export const exportRoutes = [exportEvents, exportCommands, streamEvents]
