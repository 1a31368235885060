/** Long work that operators asked for: where it stands, item by item where it has items, and how it ended. */
import { unreachable } from '../domain/decider.ts'
import type { Recorded } from '../domain/events.ts'
import type { Instant } from '../domain/instant.ts'
import { type BulkOutcome, isBulk, type OperationEvent, type OperationItem, type OperationKind } from '../domain/operation/events.ts'
import type { JsonObject } from '../domain/ports/json.ts'
import { defineProjection } from './projection.ts'

export const operationStates = ['running', 'cancelling', 'succeeded', 'partly', 'failed', 'cancelled'] as const
export type OperationState = (typeof operationStates)[number]

export type OperationRow = Readonly<{
  operationId: string
  kind: OperationKind
  subject: string
  startedBy: string
  reason: string | null
  state: OperationState
  /** Null of both: it has no items. */
  progress: OperationProgress | null
  items: readonly OperationItemRow[] | null
  result: JsonObject | null
  rule: string | null
  says: string | null
  cancelledBy: string | null
  startedAt: Instant
  endedAt: Instant | null
  revision: bigint
}>

/** `completed`: came to an end, whichever. `current`: under way, by name or else id, in the order in which they began. */
export type OperationProgress = Readonly<{
  total: number
  completed: number
  succeeded: number
  failed: number
  unknown: number
  current: readonly string[]
}>

export type OperationItemRow = OperationItem &
  Readonly<{
    state: 'waiting' | 'running' | 'succeeded' | 'failed' | 'unknown' | 'skipped'
    commandId: string | null
    rule: string | null
    says: string | null
    startedAt: Instant | null
    endedAt: Instant | null
  }>

export const operations = defineProjection({
  name: 'operations',
  version: 2,
  table: 'operations',
  columns: {
    operationId: 'text',
    kind: 'text',
    subject: 'text',
    startedBy: 'text',
    reason: 'text',
    state: 'text',
    progress: 'json',
    items: 'json',
    result: 'json',
    rule: 'text',
    says: 'text',
    cancelledBy: 'text',
    startedAt: 'timestamptz',
    endedAt: 'timestamptz',
    revision: 'bigint',
  },
  primaryKey: 'operationId',
  nullable: ['reason', 'progress', 'items', 'result', 'rule', 'says', 'cancelledBy', 'endedAt'],
  indexes: [{ columns: ['startedAt'] }, { columns: ['state'] }],
  eventTypes: [
    'OperationStarted',
    'OperationSucceeded',
    'OperationFailed',
    'OperationItemStarted',
    'OperationItemSucceeded',
    'OperationItemFailed',
    'OperationItemUnknown',
    'OperationCancelled',
    'OperationEnded',
  ],
  keys: (event) => [event.data.operationId],
  fold(row: OperationRow | undefined, event): OperationRow | 'none' {
    if (event.type === 'OperationStarted') return started(event.data, event.revision)
    return row ? { ...changed(row, event), revision: event.revision } : 'none'
  },
})

type Started = Extract<OperationEvent, { type: 'OperationStarted' }>['data']

function started(data: Started, revision: bigint): OperationRow {
  const { operationId, kind, subject, by, at } = data
  const items = isBulk(data) ? data.items.map((item): OperationItemRow => ({ ...item, ...notBegun })) : null
  return {
    ...{ operationId, kind, subject, startedBy: by, revision },
    reason: isBulk(data) ? data.reason : null,
    state: 'running',
    ...{ items, progress: items && progressOf(items) },
    ...{ result: null, rule: null, says: null, cancelledBy: null },
    ...{ startedAt: at, endedAt: null },
  }
}

const notBegun = { state: 'waiting', commandId: null, rule: null, says: null, startedAt: null, endedAt: null } as const

type LaterEvent = Exclude<Recorded<OperationEvent>, { type: 'OperationStarted' }>

function changed(row: OperationRow, event: LaterEvent): OperationRow {
  const { at } = event.data
  switch (event.type) {
    case 'OperationSucceeded':
      return { ...row, state: 'succeeded', result: event.data.result, endedAt: at }
    case 'OperationFailed':
      return { ...row, state: 'failed', rule: event.data.rule, says: event.data.says, endedAt: at }
    case 'OperationItemStarted':
      return withItem(row, event.data.item, { state: 'running', commandId: event.data.commandId, startedAt: at })
    case 'OperationItemSucceeded':
      return withItem(row, event.data.item, { state: 'succeeded', says: event.data.says, endedAt: at })
    case 'OperationItemFailed':
      return withItem(row, event.data.item, { state: 'failed', rule: event.data.rule, says: event.data.says.text, endedAt: at })
    case 'OperationItemUnknown':
      return withItem(row, event.data.item, { state: 'unknown', says: event.data.says.text, endedAt: at })
    case 'OperationCancelled':
      return { ...row, state: 'cancelling', cancelledBy: event.data.by, says: event.data.reason }
    case 'OperationEnded':
      return ended(row, event.data.outcome, at)
    default:
      return unreachable(event)
  }
}

function withItem(row: OperationRow, id: string, change: Partial<OperationItemRow>): OperationRow {
  if (!row.items) return row
  const items = row.items.map((item) => (item.id === id ? { ...item, ...change } : item))
  return { ...row, items, progress: progressOf(items) }
}

function ended(row: OperationRow, outcome: BulkOutcome, at: Instant): OperationRow {
  const items = row.items?.map((item) => (item.state === 'waiting' ? { ...item, state: 'skipped' as const } : item)) ?? null
  return { ...row, state: outcome, items, progress: items && progressOf(items), endedAt: at }
}

function progressOf(items: readonly OperationItemRow[]): OperationProgress {
  const count = (state: OperationItemRow['state']): number => items.filter((item) => item.state === state).length
  const [succeeded, failed, unknown] = [count('succeeded'), count('failed'), count('unknown')]
  const current = items
    .filter(({ state }) => state === 'running')
    .sort((a, b) => (a.startedAt ?? '').localeCompare(b.startedAt ?? ''))
    .map(({ id, name }) => name ?? id)
  return { total: items.length, completed: succeeded + failed + unknown, succeeded, failed, unknown, current }
}
