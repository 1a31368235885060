/** Streams: everything that happened to one thing, and its state as of any moment. Both read the log itself. */
import { z } from 'zod'
import { ApiError } from '../api-error.ts'
import { defineRoute } from '../define-route.ts'
import { mayOf } from '../permissions.ts'
import { aPageOf } from '../route-shapes.ts'
import { exampleTime, limitUpTo, MAX_EVENTS, none, positionText, timeText } from '../schemas/common.ts'
import { event, exampleEvent, recordedEventJson } from '../schemas/event.ts'
import { at } from '../schemas/past.ts'

const streamParam = z.strictObject({
  name: z
    .templateLiteral([z.string(), '-', z.string()])
    .refine((name) => /^[A-Za-z][^\s$]{0,511}$/.test(name), 'must be the name of a stream')
    .describe('Category, dash, id; e.g. incident-0199f0a0-0000-7000-8000-000000000001.'),
})

export const listStreamEvents = defineRoute({
  method: 'GET',
  path: '/api/v1/streams/{name}/events',
  operation: 'streams.events',
  tag: 'events',
  summary: 'List the events of a stream',
  permission: 'mcp:view_events',
  kind: 'query',
  rateClass: 'read',
  params: streamParam,
  query: z.strictObject({
    limit: limitUpTo(MAX_EVENTS, 100),
    cursor: z
      .string()
      .regex(/^\d{1,19}$/, 'must be the next_cursor of a page of this list')
      .optional(),
    order: z.enum(['oldest', 'newest']).default('oldest'),
  }),
  body: none,
  answer: aPageOf(event, exampleEvent),
  refusals: ['not-found'],
  async handle({ params, query: { limit, cursor, order }, caller }, { events }) {
    const step = order === 'oldest' ? 1n : -1n
    const found = []
    // One more than asked for tells whether there is a next page.
    const options = { direction: order === 'oldest' ? 'forwards' : 'backwards', limit: limit + 1, signal: caller.signal } as const
    for await (const each of events.readStream(params.name, cursor === undefined ? options : { ...options, from: BigInt(cursor) }))
      found.push(each)
    if (found.length === 0 && cursor === undefined) throw new ApiError('not-found')
    const items = found.slice(0, limit)
    const last = items.at(-1)
    const head = (await events.head()) ?? 0n
    return {
      json: {
        items: items.map(recordedEventJson(mayOf(caller.principal))),
        next_cursor: found.length > limit && last ? String(last.revision + step) : null,
        position: String(head),
      },
    }
  },
})

export const showStreamState = defineRoute({
  method: 'GET',
  path: '/api/v1/streams/{name}/state',
  operation: 'streams.state',
  tag: 'events',
  summary: 'Show the state of an aggregate as of a position or a time',
  description: 'Folded from the log with the rules of today. Without `at`: as of now.',
  permission: 'audit:read',
  kind: 'query',
  rateClass: 'costly',
  params: streamParam,
  query: z.strictObject({ at: at.optional().describe('A position, or a time in ISO 8601.') }),
  body: none,
  answer: {
    status: 200,
    schema: z.object({
      stream: z.string(),
      aggregate: z.string(),
      state: z.unknown().describe('As the domain folds it.'),
      revision: positionText,
      position: positionText,
      at: timeText.describe('When the last event that is in it was recorded.'),
    }),
    example: {
      stream: exampleEvent.stream,
      aggregate: 'target',
      state: { situation: 'registered', paused: true },
      revision: '3',
      position: '4711',
      at: exampleTime,
    },
  },
  refusals: ['not-found', 'unknown-position'],
  async handle({ params, query }, { replay }) {
    const state = await replay.stateAt(params.name, query.at ?? 'now')
    if (!state) throw new ApiError('not-found')
    return { json: { ...state, revision: String(state.revision), position: String(state.position) } }
  },
})

export const streamRoutes = [listStreamEvents, showStreamState]
