/**
 * The documents ask the same of many servers and want the results in the answer. The operation is the canonical one; it is waited for, and not for
 * ever: what has no end by then is told as pending, with the id of the operation to ask again. Only what was proven is a success.
 */

import type { z } from 'zod'
import type { OperationItemRow, OperationRow } from '../../projections/operations.ts'
import { ApiError } from '../api-error.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../define-route.ts'
import type { CommandMeta } from '../operator-commands.ts'
import { refusalOf } from '../refusals.ts'
import { startBulk } from '../routes/server-bulk.ts'

type Verb = z.output<typeof startBulk.params>['operation']
type Asked = Readonly<{ operation: Verb; servers: readonly string[]; meta: CommandMeta; caller: Caller }>

const LOOK_EVERY_MS = 200
/** Thirty seconds: what an operation on a hundred servers may take. */
const MOST_LOOKS = 150

export type BulkResult = Readonly<{
  serverId: string
  serverName: string
  end: 'succeeded' | 'failed' | 'pending'
  says: string
  code: string | null
  commandId: string | null
  durationMs: number
  at: string
}>

export type BulkAnswer = Readonly<{ operationId: string; state: OperationRow['state']; results: readonly BulkResult[] }>

/** @throws ApiError `projection-lagging` when the operation cannot be seen yet: it goes on, and the same Idempotency-Key finds it. */
export async function askOfMany({ operation, servers, meta, caller }: Asked, context: Context): Promise<BulkAnswer> {
  const { queries, clock } = context
  const ids = await serverIdsOf(servers, context)
  const { json } = await startBulk.handle(
    { params: { operation }, query: {}, body: { ids, reason: `${operation} of many` }, meta, caller },
    context,
  )
  const { operationId } = json
  let row = (await queries.operations.show(operationId, { minPosition: BigInt(json.position) })).value
  for (let looks = 0; row !== undefined && isOpen(row) && looks < MOST_LOOKS && !caller.signal.aborted; looks++) {
    await clock.sleep(LOOK_EVERY_MS, caller.signal).catch(() => undefined)
    row = (await queries.operations.show(operationId)).value
  }
  if (row === undefined) throw new ApiError('projection-lagging')
  const now = clock.now()
  return { operationId, state: row.state, results: (row.items ?? []).map((item) => resultOf(item, now)) }
}

const isOpen = ({ state }: OperationRow): boolean => state === 'running' || state === 'cancelling'

/** What is no id of a server may be a name of one; what is neither is a result of its own. */
async function serverIdsOf(servers: readonly string[], { queries }: Context): Promise<string[]> {
  const { value: selected } = await queries.serverSelection({ ids: [...new Set(servers)] })
  const ids: string[] = []
  for (const { id, name } of selected) {
    const byName = name === null ? (await queries.servers.list({ name: id, limit: 1 })).items[0] : undefined
    ids.push(byName?.serverId ?? id)
  }
  return ids
}

function resultOf(item: OperationItemRow, now: string): BulkResult {
  const { id, name, state, commandId, startedAt, endedAt } = item
  return {
    serverId: id,
    serverName: name ?? id,
    end: state === 'succeeded' ? 'succeeded' : state === 'waiting' || state === 'running' ? 'pending' : 'failed',
    says: item.says ?? usualWords[state],
    code: codeOf(item),
    commandId,
    durationMs: startedAt === null || endedAt === null ? 0 : Date.parse(endedAt) - Date.parse(startedAt),
    at: endedAt ?? now,
  }
}

const usualWords: Readonly<Record<OperationItemRow['state'], string>> = {
  waiting: 'not begun yet',
  running: 'under way',
  succeeded: 'done',
  failed: 'failed',
  unknown: 'asked for, and nobody can say what became of it',
  skipped: 'not begun: the operation was cancelled',
}

function codeOf({ state, rule }: OperationItemRow): string | null {
  switch (state) {
    case 'succeeded':
      return null
    case 'failed':
      return rule === null ? 'FAILED' : refusalOf(rule).code
    case 'unknown':
      return 'OUTCOME_UNKNOWN'
    case 'skipped':
      return 'CANCELLED'
    default:
      return 'PENDING'
  }
}

export const countOf = (results: readonly BulkResult[], end: BulkResult['end']): number => results.filter((each) => each.end === end).length

/** One line for each that did not succeed. */
export const errorsOf = (results: readonly BulkResult[]): readonly string[] =>
  results.filter(({ end }) => end === 'failed').map(({ serverName, says }) => `${serverName}: ${says}`)
