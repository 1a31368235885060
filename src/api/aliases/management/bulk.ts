/** The same of many servers, in the words of the management module. */
import { z } from 'zod'
import { MOST_ITEMS } from '../../../domain/operation/bulk.ts'
import { defineRoute } from '../../define-route.ts'
import { startBulk } from '../../routes/server-bulk.ts'
import { exampleId, listOf, none } from '../../schemas/common.ts'
import { commandResult, exampleCommandResult } from '../../schemas/management-module.ts'
import { askOfMany, countOf, errorsOf } from '../bulk-operation.ts'
import { invalid } from '../given.ts'
import { MCP_SERVERS } from './servers.ts'

const answer = {
  status: 200,
  schema: z.object({
    results: listOf(commandResult),
    summary: z.object({
      total: z.int(),
      successful: z.int(),
      failed: z.int().describe('Without a proven success, unknown and cancelled ones included.'),
      pending: z.int().describe('Not at their end after thirty seconds; `operation_id` tells later.'),
      errors: listOf(z.string()),
    }),
    operation_id: z.string(),
  }),
  example: {
    results: [{ ...exampleCommandResult, message: 'runs since 2026-11-21T10:30:00.000Z' }],
    summary: { total: 1, successful: 1, failed: 0, pending: 0, errors: [] },
    operation_id: exampleId,
  },
} as const

const bulk = (operation: 'start' | 'stop' | 'restart' | 'delete') =>
  defineRoute({
    ...startBulk,
    path: `${MCP_SERVERS}/bulk/${operation}`,
    operation: `documents.servers.bulk-${operation}`,
    aliasOf: startBulk.operation,
    tag: 'aliases',
    summary: `${operation[0]?.toUpperCase()}${operation.slice(1)} many servers, and wait for the results`,
    description: 'One that fails does not stop the others. A repeat with the same Idempotency-Key finds the same operation.',
    params: none,
    query: none,
    body: z.strictObject({
      server_ids: z.array(z.string().min(1).max(128)).min(1).max(MOST_ITEMS).describe('Ids or names.'),
      operation: z.string().optional().describe('As in the path.'),
    }),
    answer,
    async handle({ body: { server_ids: servers, operation: said }, meta, caller }, context) {
      if (said !== undefined && said !== operation) throw invalid('operation', `must be ${operation}, as in the path`)
      const { operationId, results } = await askOfMany({ operation, servers, meta, caller }, context)
      return {
        json: {
          results: results.map(({ serverId, serverName, end, says, code, commandId, durationMs, at }) => ({
            ...{ success: end === 'succeeded', server_id: serverId, server_name: serverName, command_type: operation, message: says },
            ...{ error_code: code, error_details: null, execution_time_ms: durationMs, timestamp: at },
            ...{ correlation_id: meta.correlationId, command_id: commandId },
          })),
          summary: {
            total: results.length,
            successful: countOf(results, 'succeeded'),
            failed: countOf(results, 'failed'),
            pending: countOf(results, 'pending'),
            errors: errorsOf(results),
          },
          operation_id: operationId,
        },
        location: `/api/v1/operations/${operationId}`,
      }
    },
  })

export const bulkAliases = [bulk('start'), bulk('stop'), bulk('restart'), bulk('delete')]
