/** Keys: who may call. A key is shown once, when it is made; afterwards only its hash is known. */
import { z } from 'zod'
import { roles } from '../../domain/key/events.ts'
import { ProjectionLagging } from '../../projections/projection-errors.ts'
import type { Queries } from '../../projections/queries/index.ts'
import { ApiError } from '../api-error.ts'
import { makeKey, sameText } from '../authenticate.ts'
import type { Context } from '../context.ts'
import { defineRoute } from '../define-route.ts'
import type { Outcome } from '../operator-commands.ts'
import { aCommand, aCommandOnOne, aList, aPageOf, aQuery, aThing } from '../route-shapes.ts'
import {
  accepted,
  exampleId,
  exampleOutcome,
  found,
  line,
  listOptions,
  listQuery,
  name,
  none,
  outcome,
  outcomeJson,
  pageJson,
  readOptions,
  time,
  withReason,
} from '../schemas/common.ts'
import { apiKey, exampleKey, exampleOwnKey, keyJson, ownKey, ownKeyJson } from '../schemas/key.ts'

export const createKey = defineRoute({
  ...aCommand,
  path: '/api/v1/keys',
  operation: 'keys.create',
  tag: 'keys',
  summary: 'Create a key',
  description:
    'The answer holds the key, once. A repetition with the same Idempotency-Key answers with the same id and without the key: it is not stored. Whoever lost it revokes it and makes another.',
  permission: 'keys:manage',
  body: z.strictObject({ name, role: z.enum(roles), owner: line(120), expiresAt: time.optional() }),
  answer: {
    status: 201,
    schema: outcome.extend({ key: z.string().optional().describe('Only in the first answer.') }),
    example: { ...exampleOutcome, key: 'sk_0dKQv1Yw2Xh3jTz4Rb5Nc6Ls7Mf8Gp9Ha0Je1Kd2example' },
  },
  refusals: ['key-expires-in-the-past', 'name-taken'],
  async handle({ body: { expiresAt, ...body }, meta }, { commands, queries, hash }) {
    const key = makeKey()
    const sha256 = hash.sha256(key)
    const result = await commands.createKey({ ...body, ...(expiresAt === undefined ? {} : { expiresAt }), sha256, meta })
    // A caller who has the key may use it at once.
    await known(result, queries)
    // The recorded hash is that of the first attempt: when it is another, this key was never created.
    return { json: { ...outcomeJson(result), ...(sameText(result.sha256, sha256) ? { key } : {}) }, revision: result.revision }
  },
})

export const listKeys = defineRoute({
  ...aList,
  path: '/api/v1/keys',
  operation: 'keys.list',
  tag: 'keys',
  summary: 'List keys',
  permission: 'keys:view',
  query: listQuery.extend({ owner: z.string().max(120).optional(), state: z.enum(['valid', 'all']).default('valid') }),
  answer: aPageOf(apiKey, exampleKey),
  async handle({ query }, { queries }) {
    const page = await queries.keys.list({ ...listOptions(query), owner: query.owner, withRevoked: query.state === 'all' })
    return { json: pageJson(page, keyJson) }
  },
})

export const showOwnKey = defineRoute({
  ...aQuery,
  path: '/api/v1/whoami',
  operation: 'keys.whoami',
  tag: 'keys',
  summary: 'Show what this key is, and what it may do',
  // What every role has.
  permission: 'mcp:view_servers',
  query: none,
  answer: { status: 200, schema: ownKey, example: exampleOwnKey },
  async handle({ caller: { principal } }) {
    if (principal === undefined) throw new ApiError('unauthenticated')
    return { json: ownKeyJson(principal) }
  },
})

export const showKey = defineRoute({
  ...aThing,
  path: '/api/v1/keys/{id}',
  operation: 'keys.show',
  tag: 'keys',
  summary: 'Show a key',
  permission: 'keys:view',
  answer: { status: 200, schema: apiKey, example: exampleKey },
  handle: async ({ params, query }, { queries }) => found(await queries.keys.show(params.id, readOptions(query)), keyJson),
})

export const revokeKey = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/keys/{id}/revoke',
  operation: 'keys.revoke',
  tag: 'keys',
  summary: 'Revoke a key',
  description: 'For good, and at once: open event streams of the key are ended.',
  permission: 'keys:manage',
  body: withReason,
  answer: { status: 200, schema: outcome, example: { ...exampleOutcome, id: exampleId } },
  refusals: ['key-not-found'],
  handle: async ({ params: { id }, body: { reason }, meta }, context) => revoked({ id, reason, meta }, context),
})

export const deleteKey = defineRoute({
  ...aCommandOnOne,
  method: 'DELETE',
  path: '/api/v1/keys/{id}',
  operation: 'keys.delete',
  tag: 'keys',
  summary: 'Revoke a key',
  permission: 'keys:manage',
  ifMatch: 'required',
  body: withReason.partial(),
  answer: { status: 200, schema: outcome, example: { ...exampleOutcome, id: exampleId } },
  refusals: ['key-not-found', 'concurrency-conflict', 'precondition-required'],
  handle: async ({ params: { id }, body: { reason = 'deleted' }, meta }, context) => revoked({ id, reason, meta }, context),
})

async function revoked(input: Parameters<Context['commands']['revokeKey']>[0], { commands, queries }: Context) {
  const result = await commands.revokeKey(input)
  await known(result, queries)
  return accepted(result)
}

const KNOWN_WITHIN_MS = 2_000

/** Waits until the index of keys has taken the change in. It is recorded already: a lagging index delays it, and fails nothing. */
async function known({ id, position }: Outcome, { keys }: Queries): Promise<void> {
  try {
    await keys.show(id, { minPosition: position, timeoutMs: KNOWN_WITHIN_MS })
  } catch (error) {
    if (!(error instanceof ProjectionLagging)) throw error
  }
}

export const keyRoutes = [createKey, listKeys, showOwnKey, showKey, revokeKey, deleteKey]
