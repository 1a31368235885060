/** Events: the log itself, filtered; why an event is there, and what came of it. */
import { z } from 'zod'
import { defineRoute } from '../define-route.ts'
import { mayOf } from '../permissions.ts'
import { aList, aPageOf, aThing } from '../route-shapes.ts'
import { found, limitUpTo, listOf, listOptions, listQuery, MAX_EVENTS, pageJson, readOptions } from '../schemas/common.ts'
import { event, eventJson, eventLink, exampleEvent, exampleLink, linkJson } from '../schemas/event.ts'
import { eventFilter, eventFilterOf } from '../schemas/event-filter.ts'

export const listEvents = defineRoute({
  ...aList,
  path: '/api/v1/events',
  operation: 'events.list',
  tag: 'events',
  summary: 'List events',
  permission: 'mcp:view_events',
  query: listQuery.extend({ limit: limitUpTo(MAX_EVENTS, 100), ...eventFilter, order: z.enum(['newest', 'oldest']).default('newest') }),
  answer: aPageOf(event, exampleEvent),
  async handle({ query, caller }, { queries }) {
    const page = await queries.events.list({ ...listOptions(query), ...eventFilterOf(query), order: query.order })
    return { json: pageJson(page, eventJson(mayOf(caller.principal))) }
  },
})

export const showEvent = defineRoute({
  ...aThing,
  path: '/api/v1/events/{id}',
  operation: 'events.show',
  tag: 'events',
  summary: 'Show an event',
  permission: 'mcp:view_events',
  answer: { status: 200, schema: event, example: exampleEvent },
  handle: async ({ params, query, caller }, { queries }) =>
    found(await queries.events.show(params.id, readOptions(query)), eventJson(mayOf(caller.principal))),
})

export const showCausality = defineRoute({
  ...aThing,
  path: '/api/v1/events/{id}/causality',
  operation: 'events.causality',
  tag: 'events',
  summary: 'Show why an event is there, and what came of it',
  permission: 'audit:read',
  rateClass: 'costly',
  answer: {
    status: 200,
    schema: z.object({
      event,
      causes: listOf(eventLink).describe('From the beginning of the story to the direct cause.'),
      effects: listOf(eventLink).describe('All that came of it, directly or not; at most 1000.'),
      correlated: listOf(eventLink).describe('Everything of the same correlation; at most 1000.'),
    }),
    example: { event: exampleEvent, causes: [exampleLink], effects: [], correlated: [exampleLink] },
  },
  async handle({ params, query, caller }, { queries }) {
    const { value, position } = await queries.events.causality(params.id, readOptions(query))
    const { json } = found(
      { value: value && { ...value, revision: value.event.revision }, position },
      ({ event, causes, effects, correlated }) => ({
        event: eventJson(mayOf(caller.principal))(event),
        causes: causes.map(linkJson),
        effects: effects.map(linkJson),
        correlated: correlated.map(linkJson),
      }),
    )
    return { json, position }
  },
})

export const eventRoutes = [listEvents, showEvent, showCausality]
