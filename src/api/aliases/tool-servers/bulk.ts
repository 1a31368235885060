/** The same of many tool servers, in the words of their document. */
import { z } from 'zod'
import { MOST_ITEMS } from '../../../domain/operation/bulk.ts'
import { defineRoute } from '../../define-route.ts'
import { startBulk } from '../../routes/server-bulk.ts'
import { exampleId, listOf, none } from '../../schemas/common.ts'
import { askOfMany, countOf, errorsOf } from '../bulk-operation.ts'
import { TOOL_SERVERS } from './servers.ts'

const result = z.object({
  server_id: z.string(),
  server_name: z.string(),
  success: z.boolean(),
  message: z.string(),
  error_code: z.string().nullable(),
  command_id: z.string().nullable().describe('By which it may be undone.'),
})

export const bulkOfToolServers = defineRoute({
  ...startBulk,
  path: `${TOOL_SERVERS}/bulk`,
  operation: 'documents.toolservers.bulk',
  aliasOf: startBulk.operation,
  tag: 'aliases',
  summary: 'Ask the same of many tool servers, and wait for the results',
  description: 'One that fails does not stop the others. A repeat with the same Idempotency-Key finds the same operation.',
  params: none,
  query: none,
  body: z.strictObject({
    server_ids: z.array(z.string().min(1).max(128)).min(1).max(MOST_ITEMS).describe('Ids or names.'),
    operation: z.enum(['start', 'stop', 'restart', 'enable', 'disable']),
    parameters: z.strictObject({}).optional().describe('There are none.'),
  }),
  answer: {
    status: 200,
    schema: z.object({
      total_requested: z.int(),
      successful: z.int(),
      failed: z.int().describe('Without a proven success, unknown and cancelled ones included.'),
      pending: z.int().describe('Not at their end after thirty seconds; `operation_id` tells later.'),
      results: listOf(result),
      errors: listOf(z.string()),
      operation_id: z.string(),
    }),
    example: {
      ...{ total_requested: 1, successful: 1, failed: 0, pending: 0 },
      results: [{ server_id: exampleId, server_name: 'files', success: true, message: 'enabled', error_code: null, command_id: exampleId }],
      ...{ errors: [], operation_id: exampleId },
    },
  },
  async handle({ body: { server_ids: servers, operation }, meta, caller }, context) {
    const { operationId, results } = await askOfMany({ operation, servers, meta, caller }, context)
    return {
      json: {
        total_requested: results.length,
        successful: countOf(results, 'succeeded'),
        failed: countOf(results, 'failed'),
        pending: countOf(results, 'pending'),
        results: results.map(({ serverId, serverName, end, says, code, commandId }) => ({
          ...{ server_id: serverId, server_name: serverName, success: end === 'succeeded', message: says },
          ...{ error_code: code, command_id: commandId },
        })),
        errors: errorsOf(results),
        operation_id: operationId,
      },
      location: `/api/v1/operations/${operationId}`,
    }
  },
})
