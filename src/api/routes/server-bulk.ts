/** The same of many servers at once: what it would come to, the operation that does it, and its end before time. */
import { z } from 'zod'
import type { BulkRequest } from '../../commands/operator/bulk-commands.ts'
import { MOST_ITEMS } from '../../domain/operation/bulk.ts'
import type { AskedOperation } from '../../domain/operation/events.ts'
import { healthWords, serverStates } from '../../domain/server/lifecycle.ts'
import type { Queries } from '../../projections/queries/index.ts'
import { ApiError } from '../api-error.ts'
import { defineRoute } from '../define-route.ts'
import { mayOf, type Permission } from '../permissions.ts'
import { aCommand, aCommandOnOne } from '../route-shapes.ts'
import { accepted, exampleId, exampleOutcome, id, line, listOf, outcome, outcomeJson, reason, withReason } from '../schemas/common.ts'

/** By the documents' words. */
const kinds = {
  start: 'servers-start',
  stop: 'servers-stop',
  restart: 'servers-restart',
  enable: 'servers-enable',
  disable: 'servers-disable',
  delete: 'servers-retire',
} as const satisfies Readonly<Record<string, AskedOperation>>

/** What the same of many servers takes beside `mcp:manage_servers`. */
const OF_MANY = 'mcp:bulk_operations' satisfies Permission

const operationParam = z.strictObject({
  operation: z
    .enum(['start', 'stop', 'restart', 'enable', 'disable', 'delete'])
    .describe('delete: retires; a retired server can be restored.'),
})

const filter = z
  .strictObject({
    state: z.enum(serverStates).optional(),
    health: z.enum(healthWords).optional(),
    enabled: z.boolean().optional(),
    transport: z.enum(['stdio', 'http']).optional(),
    search: line(200).optional().describe('Part of the name or display name.'),
  })
  .describe('Those that fit now; what appears later is none of them. Empty: all.')

const request = z
  .strictObject({
    ids: z.array(id).min(1).max(MOST_ITEMS).optional(),
    filter: filter.optional(),
    reason,
  })
  .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), { path: ['ids'], error: 'say either ids or filter' })

type Asked = Readonly<{ operation: keyof typeof kinds; body: z.output<typeof request> }>

/** One more than is allowed, so that too many are refused and not left out. */
async function resolved({ operation, body }: Asked, queries: Queries): Promise<BulkRequest> {
  const { ids, filter, reason } = body
  const { value: items } = await queries.serverSelection({ ...filter, ids: ids && [...new Set(ids)], limit: MOST_ITEMS + 1 })
  return { kind: kinds[operation], items, reason }
}

const refusals = ['operation-empty', 'operation-too-large'] as const

const previewed = z.object({
  items: listOf(
    z.object({
      id: z.string(),
      name: z.string().nullable(),
      wouldRecord: listOf(z.string()).describe('Types of events. None, and no rule: it is so already.'),
      rule: z.string().nullable().describe('Why it would be refused.'),
      facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullable(),
    }),
  ),
  rule: z.string().nullable().describe('Why the whole would be refused.'),
})

export const previewBulk = defineRoute({
  ...aCommand,
  kind: 'query',
  rateClass: 'costly',
  path: '/api/v1/servers/bulk/{operation}/preview',
  operation: 'servers.bulk-preview',
  tag: 'servers',
  summary: 'What an operation on many servers would come to now',
  permission: OF_MANY,
  params: operationParam,
  body: request,
  answer: {
    status: 200,
    schema: previewed,
    example: { items: [{ id: exampleId, name: 'files', wouldRecord: ['ServerStopRequested'], rule: null, facts: null }], rule: null },
  },
  refusals: [],
  async handle({ params: { operation }, body, caller }, { commands, queries }) {
    const { items, refusal } = await commands.startBulk.preview(await resolved({ operation, body }, queries), caller.principal?.owner ?? '')
    const shown = items.map(({ refusal: own, ...item }) => ({ ...item, rule: own?.rule ?? null, facts: own?.facts ?? null }))
    return { json: { items: shown, rule: refusal?.rule ?? null } }
  },
})

export const startBulk = defineRoute({
  ...aCommand,
  rateClass: 'costly',
  path: '/api/v1/servers/bulk/{operation}',
  operation: 'servers.bulk',
  tag: 'servers',
  summary: 'Ask the same of many servers',
  description:
    'Answers at once with an operation, which has a result for each server. Ids that nobody has, and servers of which it may not be asked, are results of their own.',
  permission: OF_MANY,
  params: operationParam,
  body: request,
  answer: {
    status: 202,
    schema: outcome.extend({ operationId: z.string() }),
    example: { ...exampleOutcome, id: exampleId, operationId: exampleId },
  },
  refusals,
  async handle({ params: { operation }, body, meta }, { commands, queries }) {
    const started = await commands.startBulk({ ...(await resolved({ operation, body }, queries)), meta })
    return { json: { ...outcomeJson(started), operationId: started.id }, location: `/api/v1/operations/${started.id}` }
  },
})

export const cancelOperation = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/operations/{id}/cancel',
  operation: 'operations.cancel',
  tag: 'operations',
  summary: 'Begin nothing more of an operation',
  description:
    'What has begun comes to its end; nothing is taken back. Of many servers it takes `mcp:bulk_operations` too, as beginning it did.',
  permission: 'mcp:manage_servers',
  body: withReason,
  answer: { status: 200, schema: outcome, example: exampleOutcome },
  refusals: ['operation-not-running', 'operation-not-cancellable'],
  async handle({ params: { id }, body: { reason }, meta, caller }, { commands, queries }) {
    if (!mayOf(caller.principal)(OF_MANY)) {
      const { value: operation } = await queries.operations.show(id)
      if (!operation) throw new ApiError('not-found')
      // Whoever may upgrade a server may end what he began; all else is what he could not have begun.
      if (operation.kind !== 'servers-upgrade') throw new ApiError('forbidden', { details: { needs: OF_MANY } })
    }
    return accepted(await commands.cancelOperation({ id, reason, meta }))
  },
})

export const serverBulkRoutes = [previewBulk, startBulk, cancelOperation]
