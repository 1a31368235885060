/** Projections: how far each read model is, and the operations that rebuild or prove it. */
import { z } from 'zod'
import { operationKinds } from '../../domain/operation/events.ts'
import { operationStates } from '../../projections/operations.ts'
import { ApiError } from '../api-error.ts'
import type { ReadModels } from '../application.ts'
import { defineRoute } from '../define-route.ts'
import type { Outcome } from '../operator-commands.ts'
import { aCommand, aList, aPageOf, aQuery, aThing } from '../route-shapes.ts'
import {
  exampleId,
  exampleOutcome,
  found,
  listOf,
  listOptions,
  listQuery,
  none,
  outcome,
  outcomeJson,
  pageJson,
  positionText,
  readOptions,
} from '../schemas/common.ts'
import {
  exampleOperation,
  exampleOperationSummary,
  operation,
  operationJson,
  operationSummary,
  operationSummaryJson,
} from '../schemas/operation.ts'

export const projection = z
  .object({
    name: z.string(),
    version: z.int(),
    state: z.enum(['live', 'rebuilding', 'parked']),
    position: positionText.nullable(),
    caughtUp: z.boolean(),
    lagSeconds: z.number().nullable().describe('Age of the oldest event not taken in yet; null when unknown.'),
    parkedBecause: z.string().nullable(),
  })
  .meta({ id: 'Projection' })

const exampleProjection: z.input<typeof projection> = {
  name: 'incidents',
  version: 1,
  state: 'live',
  position: '4711',
  caughtUp: true,
  lagSeconds: 0,
  parkedBecause: null,
}

export const listProjections = defineRoute({
  ...aQuery,
  path: '/api/v1/projections',
  operation: 'projections.list',
  tag: 'projections',
  summary: 'List projections with their lag',
  permission: 'projections:view',
  query: none,
  answer: {
    status: 200,
    schema: z.object({ items: listOf(projection), next_cursor: z.null(), position: positionText }),
    example: { items: [exampleProjection], next_cursor: null, position: '4711' },
  },
  async handle(_request, { readModels, events }) {
    const [all, head] = await Promise.all([readModels.projections(), events.head()])
    const items = all.map(({ position, ...status }) => ({ ...status, position: position === null ? null : String(position) }))
    return { json: { items, next_cursor: null, position: String(head ?? 0n) } }
  },
})

const nameParam = z.strictObject({ name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/) })
/** @throws ApiError `not-found` */
async function known(name: string, readModels: ReadModels): Promise<void> {
  const all = await readModels.projections()
  if (!all.some((each) => each.name === name)) throw new ApiError('not-found')
}

const started = outcome.extend({ operationId: z.string() })
/** The operation that goes on behind the answer. */
const begun = (result: Outcome) => ({
  json: { ...outcomeJson(result), operationId: result.id },
  location: `/api/v1/operations/${result.id}`,
})
const exampleStarted = { ...exampleOutcome, id: exampleId, operationId: exampleId }

export const rebuildProjection = defineRoute({
  ...aCommand,
  path: '/api/v1/projections/{name}/rebuild',
  operation: 'projections.rebuild',
  tag: 'projections',
  summary: 'Rebuild a projection from the log',
  description: 'Beside the live one, which goes on answering until both are swapped.',
  permission: 'projections:manage',
  rateClass: 'costly',
  params: nameParam,
  answer: { status: 202, schema: started, example: exampleStarted },
  refusals: ['not-found'],
  async handle({ params: { name }, meta }, { commands, readModels }) {
    await known(name, readModels)
    return begun(await commands.rebuildProjection({ name, meta }))
  },
})

export const verifyProjection = defineRoute({
  ...aCommand,
  path: '/api/v1/projections/{name}/verify',
  operation: 'projections.verify',
  tag: 'projections',
  summary: 'Prove that a projection equals its rebuild',
  permission: 'projections:manage',
  rateClass: 'costly',
  params: nameParam,
  answer: { status: 202, schema: started, example: exampleStarted },
  refusals: ['not-found'],
  async handle({ params: { name }, meta }, { commands, readModels }) {
    await known(name, readModels)
    return begun(await commands.verifyProjection({ name, meta }))
  },
})

export const listOperations = defineRoute({
  ...aList,
  path: '/api/v1/operations',
  operation: 'operations.list',
  tag: 'operations',
  summary: 'List operations',
  permission: 'projections:view',
  query: listQuery.extend({
    kind: z.enum(operationKinds).optional(),
    state: z.enum(operationStates).optional(),
  }),
  answer: aPageOf(operationSummary, exampleOperationSummary),
  async handle({ query }, { queries }) {
    const page = await queries.operations.list({ ...listOptions(query), kind: query.kind, state: query.state })
    return { json: pageJson(page, operationSummaryJson) }
  },
})

export const showOperation = defineRoute({
  ...aThing,
  path: '/api/v1/operations/{id}',
  operation: 'operations.show',
  tag: 'operations',
  summary: 'Show an operation',
  permission: 'projections:view',
  answer: { status: 200, schema: operation, example: exampleOperation },
  handle: async ({ params, query }, { queries }) => found(await queries.operations.show(params.id, readOptions(query)), operationJson),
})

export const projectionRoutes = [listProjections, rebuildProjection, verifyProjection, listOperations, showOperation]
