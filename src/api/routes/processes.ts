/** Processes: instances that stopped at an event they could not handle wait here for a person. */
import { z } from 'zod'
import { defineRoute } from '../define-route.ts'
import { aCommand, aQuery } from '../route-shapes.ts'
import {
  accepted,
  exampleId,
  exampleOutcome,
  exampleTime,
  id,
  listOf,
  none,
  outcome,
  positionText,
  reason,
  timeText,
} from '../schemas/common.ts'

export const listParkedInstances = defineRoute({
  ...aQuery,
  path: '/api/v1/processes/parked',
  operation: 'processes.parked',
  tag: 'processes',
  summary: 'List parked instances of processes',
  permission: 'projections:view',
  query: none,
  answer: {
    status: 200,
    schema: z.object({
      items: listOf(
        z.object({
          process: z.string(),
          instance: z.string(),
          position: positionText,
          eventId: z.string(),
          cause: z.string(),
          at: timeText,
        }),
      ),
      next_cursor: z.null(),
      position: positionText,
    }),
    example: {
      items: [{ process: 'healing', instance: exampleId, position: '4711', eventId: exampleId, cause: 'unreachable: {}', at: exampleTime }],
      next_cursor: null,
      position: '4711',
    },
  },
  async handle(_request, { readModels, events }) {
    const [items, head] = await Promise.all([readModels.parkedInstances(), events.head()])
    return { json: { items, next_cursor: null, position: String(head ?? 0n) } }
  },
})

export const unparkInstance = defineRoute({
  ...aCommand,
  path: '/api/v1/processes/{process}/instances/{instance}/unpark',
  operation: 'processes.unpark',
  tag: 'processes',
  summary: 'Let a parked instance go on',
  description: 'retry: handle the event again, after a fix. skip: leave the event out; the audit says who did so and why.',
  permission: 'projections:manage',
  params: z.strictObject({ process: id, instance: id }),
  body: z.strictObject({ way: z.enum(['retry', 'skip']), reason }),
  answer: { status: 200, schema: outcome, example: exampleOutcome },
  refusals: ['instance-not-parked'],
  handle: async ({ params, body, meta }, { commands }) => accepted(await commands.unparkInstance({ ...params, ...body, meta })),
})

export const processRoutes = [listParkedInstances, unparkInstance]
