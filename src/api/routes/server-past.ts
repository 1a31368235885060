/** What a server was, and who decided what about it. */
import { z } from 'zod'
import { diffConfigs } from '../../domain/server/config-diff.ts'
import type { HistoryEntry } from '../../projections/server-past.ts'
import { ApiError } from '../api-error.ts'
import { defineRoute } from '../define-route.ts'
import { mayOf } from '../permissions.ts'
import { aList, aPageOf, aQuery } from '../route-shapes.ts'
import {
  exampleId,
  exampleTime,
  flag,
  idParam,
  limitUpTo,
  listOf,
  listOptions,
  listQuery,
  MAX_EVENTS,
  names,
  pageJson,
  positionText,
  readOptions,
  timeText,
} from '../schemas/common.ts'
import { event, eventJson, exampleEvent } from '../schemas/event.ts'
import { at } from '../schemas/past.ts'
import { changesJson, fieldChange } from '../schemas/preview.ts'
import { exampleServer } from '../schemas/server.ts'

const historyEntry = z
  .object({
    type: z.string(),
    revision: positionText,
    position: positionText,
    at: timeText,
    by: z.string(),
    reason: z.string().nullable(),
    commandId: z.string().nullable().describe('By which it may be undone. Null: Steward itself decided.'),
    tool: z.string().nullable(),
    changes: listOf(fieldChange).describe('Of the configuration, field by field.'),
  })
  .meta({ id: 'ServerHistoryEntry' })

const exampleEntry: z.input<typeof historyEntry> = {
  type: 'ServerConfigChanged',
  revision: '7',
  position: '4711',
  at: exampleTime,
  by: 'mira',
  reason: 'large directories',
  commandId: exampleId,
  tool: null,
  changes: [{ field: 'callTimeoutMs', from: 30_000, to: 60_000 }],
}

const entryJson = ({ revision, position, changes, ...entry }: HistoryEntry): z.input<typeof historyEntry> => ({
  ...entry,
  revision: String(revision),
  position: String(position),
  changes: changesJson(changes),
})

export const showServerHistory = defineRoute({
  ...aList,
  path: '/api/v1/servers/{id}/history',
  operation: 'servers.history',
  tag: 'servers',
  summary: 'Show who decided what about a server, and why',
  description: 'The newest first. What the server did by itself is among its events, not here.',
  permission: 'mcp:view_servers',
  params: idParam,
  query: listQuery
    .omit({ min_position: true })
    .extend({ config: flag.default(false).describe('true: only changes of the configuration.') }),
  answer: aPageOf(historyEntry, exampleEntry),
  refusals: ['not-found', 'invalid-cursor'],
  async handle({ params, query: { limit, cursor, config }, caller }, { serverPast }) {
    const page = await serverPast.history(params.id, { limit, cursor, onlyConfig: config, signal: caller.signal })
    if (!page) throw new ApiError('not-found')
    return { json: pageJson(page, entryJson) }
  },
})

const moment = z.object({ position: positionText, revision: positionText, at: timeText })

export const showServerDiff = defineRoute({
  ...aQuery,
  path: '/api/v1/servers/{id}/diff',
  operation: 'servers.diff',
  tag: 'servers',
  summary: 'Show what is different between two moments of a configuration',
  permission: 'mcp:view_servers',
  params: idParam,
  query: z.strictObject({
    from: at.describe('A position, or a time in ISO 8601.'),
    to: at.optional().describe('A position, or a time in ISO 8601. Left out: now.'),
  }),
  answer: {
    status: 200,
    schema: z.object({ id: z.string(), from: moment, to: moment, changes: listOf(fieldChange) }),
    example: {
      id: exampleServer.id,
      from: { position: '4000', revision: '2', at: exampleTime },
      to: { position: '4711', revision: '7', at: exampleTime },
      changes: exampleEntry.changes,
    },
  },
  refusals: ['not-found'],
  async handle({ params: { id }, query, caller }, { serverPast }) {
    const [from, to] = await Promise.all([
      serverPast.show(id, query.from, caller.signal),
      serverPast.show(id, query.to ?? 'now', caller.signal),
    ])
    if (!from || !to) throw new ApiError('not-found')
    const momentOf = ({ view, position, recordedAt }: typeof from) => ({
      position: String(position),
      revision: String(view.revision),
      at: recordedAt,
    })
    return {
      json: { id, from: momentOf(from), to: momentOf(to), changes: changesJson(diffConfigs(from.view.config, to.view.config)) },
    }
  },
})

export const listServerEvents = defineRoute({
  ...aList,
  path: '/api/v1/servers/{id}/events',
  operation: 'servers.events',
  tag: 'servers',
  summary: 'List the events of a server',
  permission: 'mcp:view_events',
  params: idParam,
  query: listQuery.extend({
    limit: limitUpTo(MAX_EVENTS, 100),
    types: names.optional(),
    order: z.enum(['newest', 'oldest']).default('newest'),
  }),
  answer: aPageOf(event, exampleEvent),
  refusals: ['not-found', 'invalid-cursor'],
  async handle({ params: { id }, query, caller }, { queries }) {
    if (!(await queries.servers.show(id, readOptions(query))).value) throw new ApiError('not-found')
    const { types, order } = query
    const page = await queries.events.list({ ...listOptions(query), stream: `server-${id}`, types, order })
    return { json: pageJson(page, eventJson(mayOf(caller.principal))) }
  },
})

export const serverPastRoutes = [showServerHistory, showServerDiff, listServerEvents]
